// EPT_VIOLATION: a store to a protected page is decoded, judged and carried out in this one exit;
// what is no plain store is single-stepped. All else the guest may not touch at all.

#include "hypervisor/console/console.h"
#include "hypervisor/decoder/store_cache.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/run/end_of_guest.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/single_step.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/exit_qualification.h"

namespace hv {

namespace {

using abi::Error;
using abi::MemoryAccess;

void count(Vcpu& vcpu, MemoryAccess kind) {
    ++vcpu.statistics.memory[static_cast<std::uint32_t>(kind)];
}

void refuse_access(Vcpu& vcpu, std::uint64_t gpa, Error error) {
    count(vcpu, MemoryAccess::refused);
    refuse_instruction(vcpu, error, "EPT_VIOLATION", gpa);
}

// An exception or interrupt was on its way when its delivery touched the page: a stack, or the
// descriptor of a handler, lies where the guest must not write. Nothing sensible can follow.
void stop_delivery(Vcpu& vcpu, std::uint64_t gpa) {
    console::print(abi::error_prefix, "the guest delivers an event into protected memory at GPA ",
                   console::Hex{gpa}, '\n');
    print_guest_state(vcpu);
    end_of_guest(vcpu, 1);
}

// The store at RIP, or null when the instruction there is none that can be emulated.
const Store* fetch_store(Vcpu& vcpu, std::uint64_t rip) {
    const bool in_64_bit_mode =
        AccessRights{static_cast<std::uint32_t>(vcpu.vmcs.read(Field::guest_cs_access_rights))}
            .long_mode();
    if (!in_64_bit_mode)
        return nullptr;
    InstructionBytes instruction;
    instruction.count = fetch_guest_code(vcpu.machine->memory, vcpu.vmcs.read(Field::guest_cr3),
                                         rip, instruction.bytes.data(), longest_instruction);
    return vcpu.store_cache.find(rip, instruction);
}

// Whether the store touches another page too: behind this one, or, when the exit names the first
// byte of this one, before it.
bool crosses_page(Vcpu& vcpu, const Store& store, std::uint64_t gpa) {
    if (gpa % page_size != 0)
        return gpa % page_size + store.size > page_size;
    const Vmcs& vmcs = vcpu.vmcs;
    std::uint64_t segment_base = 0;
    if (store.address.segment == SegmentOverride::fs)
        segment_base = vmcs.read(Field::guest_fs_base);
    else if (store.address.segment == SegmentOverride::gs)
        segment_base = vmcs.read(Field::guest_gs_base);
    vcpu.registers.unused_rsp = vmcs.read(Field::guest_rsp);
    return linear_address(store, vcpu.registers, vmcs.read(Field::guest_rip), segment_base) %
               page_size !=
           0;
}

std::uint64_t read_old(std::uint64_t gpa, std::uint32_t size) {
    switch (size) {
    case 1:
        return direct_word<std::uint8_t>(gpa);
    case 2:
        return direct_word<std::uint16_t>(gpa);
    case 4:
        return direct_word<std::uint32_t>(gpa);
    default:
        return direct_word<std::uint64_t>(gpa);
    }
}

void emulate_store(Vcpu& vcpu, std::uint64_t gpa) {
    const Vmcs& vmcs = vcpu.vmcs;
    const Store* found = fetch_store(vcpu, vmcs.read(Field::guest_rip));
    if (found == nullptr || uses_stack_pointer(*found) || crosses_page(vcpu, *found, gpa)) {
        count(vcpu, MemoryAccess::stepped_write);
        if (!begin_single_step(vcpu, gpa))
            refuse_access(vcpu, gpa, Error::bad_value);
        return;
    }
    const Store& store = *found;
    // The first byte of the access is where the exit says; what is behind lies in the same page.
    GuestRegisters registers = vcpu.registers;
    std::uint64_t flags = uses_flags(store) ? vmcs.read(Field::guest_rflags) : 0;
    const std::uint64_t old = reads_memory(store) ? read_old(gpa, store.size) : 0;
    const std::uint64_t value = apply(store, old, registers, flags);
    const StoreVerdict verdict = vcpu.tables.store(gpa, store.size, value);
    if (verdict.error != Error::none)
        return refuse_access(vcpu, gpa, verdict.error);
    count(vcpu, verdict.kind);
    vcpu.registers = registers;
    if (uses_flags(store))
        vmcs.write(Field::guest_rflags, flags);
    skip_known_instruction(vcpu, store.length);
}

} // namespace

void handle_ept_violation(Vcpu& vcpu) {
    const EptViolation violation{vcpu.vmcs.read(Field::exit_qualification)};
    const std::uint64_t gpa = vcpu.vmcs.read(Field::guest_physical_address);
    const bool on_behalf_of_guest =
        violation.linear_address_valid() && violation.translated_access();
    const InterruptionInformation vectoring{
        static_cast<std::uint32_t>(vcpu.vmcs.read(Field::idt_vectoring_information))};
    if (vectoring.valid()) [[unlikely]]
        return stop_delivery(vcpu, gpa);
    // One instruction that writes two protected pages would be stepped for ever.
    if (vcpu.stepped.active) [[unlikely]] {
        end_single_step(vcpu);
        return refuse_access(vcpu, gpa, Error::bad_value);
    }
    const bool is_protected = vcpu.machine->protected_pages.contains(gpa);
    if (is_protected && violation.data_write() && on_behalf_of_guest)
        return emulate_store(vcpu, gpa);
    // A page that is writable again but was cached as protected needs no more than another try.
    if (violation.data_write() && !is_protected && vcpu.machine->memory.contains(gpa, 1)) {
        count(vcpu, MemoryAccess::other);
        return;
    }
    refuse_access(vcpu, gpa, Error::bad_address);
}

} // namespace hv

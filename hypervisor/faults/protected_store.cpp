// Stores to protected pages: descriptor tables, page tables, and the local APIC's page.

#include "hypervisor/faults/protected_store.h"

#include "hypervisor/address_space/guest_paging.h"
#include "hypervisor/apic/command_interception.h"
#include "hypervisor/faults/single_step.h"
#include "hypervisor/host/processor/local_apic.h"
#include "hypervisor/instructions/decoder/store_cache.h"
#include "hypervisor/vcpu/breakpoints.h"
#include "hypervisor/vcpu/counters.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/x86/msr.h"

namespace hv {

namespace {

using abi::Error;
using abi::MemoryAccess;

// The store at RIP; null when the instruction there cannot be emulated.
// Outside IA-32e mode, in a code segment with D set. Where the guest has breakpoints the
// instruction is stepped: which linear addresses it accesses depends on its segments.
[[gnu::cold]] const Store* fetch_store_32(Vcpu& vcpu) {
    const Segment code = read_segment(vcpu, static_cast<std::size_t>(SegmentNumber::cs));
    if (in_ia32e_mode(vcpu) || !code.access_rights.default_operation_size() ||
        has_breakpoints(vcpu.vmcs.read(Field::guest_dr7)))
        return nullptr;
    const std::uint64_t rip = vcpu.vmcs.read(Field::guest_rip);
    InstructionBytes instruction;
    instruction.count = fetch_code_in_mode(vcpu, (code.base + rip) & 0xFFFFFFFF,
                                           instruction.bytes.data(), longest_instruction);
    return vcpu.store_cache_32.find(rip, instruction);
}

const Store* fetch_store(Vcpu& vcpu, std::uint64_t cr3) {
    if (!in_64_bit_mode(vcpu))
        return fetch_store_32(vcpu);
    const std::uint64_t rip = vcpu.vmcs.read(Field::guest_rip);
    InstructionBytes instruction;
    instruction.count = fetch_guest_code(vcpu.machine->memory, cr3, rip, instruction.bytes.data(),
                                         longest_instruction);
    return vcpu.store_cache.find(rip, instruction);
}

std::uint64_t linear_address_of(Vcpu& vcpu, const Store& store) {
    const Vmcs& vmcs = vcpu.vmcs;
    std::uint64_t segment_base = 0;
    if (store.address.segment == SegmentOverride::fs)
        segment_base = vmcs.read(Field::guest_fs_base);
    else if (store.address.segment == SegmentOverride::gs)
        segment_base = vmcs.read(Field::guest_gs_base);
    vcpu.registers.unused_rsp = vmcs.read(Field::guest_rsp);
    return linear_address(store, vcpu.registers, vmcs.read(Field::guest_rip), segment_base);
}

// Whether the store touches another page too: the next one, or, when the exit names the first byte
// of this page, the previous one.
bool crosses_page(Vcpu& vcpu, const Store& store, std::uint64_t gpa) {
    if (gpa % page_size != 0)
        return gpa % page_size + store.size > page_size;
    if (!in_64_bit_mode(vcpu))
        return true; // it may be
    return linear_address_of(vcpu, store) % page_size != 0;
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

// A store into one entry of a page table; `value` has only the `size` bytes of the store.
StoreVerdict store_to_table(Vcpu& vcpu, std::uint64_t gpa, std::uint32_t size,
                            std::uint64_t value) {
    const std::uint64_t entry = align_down(gpa, paging::entry_size);
    const std::uint64_t old = direct_word<std::uint64_t>(entry);
    const std::uint64_t shift = 8 * (gpa - entry);
    const std::uint64_t bytes =
        size == paging::entry_size ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * size) - 1;
    const std::uint64_t merged = (old & ~(bytes << shift)) | (value & bytes) << shift;
    return {vcpu.machine->page_tables.set_entry(entry, merged), MemoryAccess::table_write};
}

// Whether the decoded store can be carried out here: within one page and, in a page table, within
// one entry.
bool can_emulate(Vcpu& vcpu, const Store& store, std::uint64_t gpa, bool table) {
    if (crosses_page(vcpu, store, gpa))
        return false;
    return !table || gpa % paging::entry_size + store.size <= paging::entry_size;
}

// Moves RIP past the store; `flags` is the guest's RFLAGS. Blocking by STI ends too: the next
// instruction may be CLI, and an interrupt may be waiting.
void end_store(Vcpu& vcpu, const Store& store, std::uint64_t flags) {
    advance_rip(vcpu, store.length);
    if ((flags & (rflags::trap | rflags::resume)) != 0 ||
        vcpu.vmcs.read(Field::guest_interruptibility_state) != 0) [[unlikely]]
        end_instruction(vcpu, flags);
}

// Carries out a decoded store: read() gives what memory holds, and write(value) judges the new
// value and writes it. `gpa` is the address of the store.
template <typename Read, typename Write>
[[gnu::always_inline]] inline void carry_out(Vcpu& vcpu, const Store& store, std::uint64_t gpa,
                                             Read read, Write write) {
    const Vmcs& vmcs = vcpu.vmcs;
    GuestRegisters registers = vcpu.registers;
    const bool has_rsp = uses_stack_pointer(store);
    const bool has_flags = uses_flags(store);
    if (has_rsp)
        registers.unused_rsp = vmcs.read(Field::guest_rsp);
    std::uint64_t flags = has_flags ? vmcs.read(Field::guest_rflags) : 0;
    const std::uint64_t old = reads_memory(store) ? read() : 0;
    const std::uint64_t value = apply(store, old, registers, flags);
    const StoreVerdict verdict = write(value);
    if (verdict.error != Error::none)
        return refuse_access(vcpu, gpa, verdict.error);
    count(vcpu, verdict.kind);
    if (const std::uint64_t dr7 = vmcs.read(Field::guest_dr7); has_breakpoints(dr7)) [[unlikely]]
        note_access(vcpu, dr7, linear_address_of(vcpu, store), store.size, true);
    vcpu.registers = registers;
    if (has_rsp)
        vmcs.write(Field::guest_rsp, registers.unused_rsp);
    if (has_flags)
        vmcs.write(Field::guest_rflags, flags);
    end_store(vcpu, store, has_flags ? flags : vmcs.read(Field::guest_rflags));
}

void step_store(Vcpu& vcpu, StoreTarget target) {
    count(vcpu, MemoryAccess::stepped_write);
    if (!begin_single_step(vcpu, target))
        refuse_access(vcpu, target.gpa, Error::bad_value);
}

// Registers of the local APIC are written by aligned stores of 4 bytes (SDM vol. 3, 11.4.1).
void store_to_apic(Vcpu& vcpu, StoreTarget target) {
    constexpr std::uint32_t register_size = 4;
    if (target.gpa % register_size != 0)
        return refuse_access(vcpu, target.gpa, Error::bad_value);
    const Store* const store = fetch_store(vcpu, target.cr3);
    if (store == nullptr)
        return step_store(vcpu, target);
    if (store->size != register_size)
        return refuse_access(vcpu, target.gpa, Error::bad_value);
    const auto offset = static_cast<std::uint32_t>(target.gpa % page_size);
    carry_out(
        vcpu, *store, target.gpa, [offset] { return std::uint64_t{cpu::read_xapic(offset)}; },
        [&vcpu, offset](std::uint64_t value) {
            write_xapic(vcpu, offset, static_cast<std::uint32_t>(value));
            return StoreVerdict{Error::none, MemoryAccess::other};
        });
}

} // namespace

void refuse_access(Vcpu& vcpu, std::uint64_t gpa, Error error) {
    count(vcpu, MemoryAccess::refused);
    refuse_instruction(vcpu, error, "store to GPA", gpa);
}

void drop_store(Vcpu& vcpu, StoreTarget target) {
    const Store* const store = fetch_store(vcpu, target.cr3);
    if (store == nullptr || reads_memory(*store))
        return refuse_access(vcpu, target.gpa, Error::bad_value);
    name_refusal(vcpu, Error::bad_value, "PCI configuration at GPA", target.gpa);
    carry_out(
        vcpu, *store, target.gpa, [] { return std::uint64_t{0}; },
        [](std::uint64_t) {
            return StoreVerdict{Error::none, MemoryAccess::refused};
        });
}

void emulate_store(Vcpu& vcpu, StoreTarget target) {
    const std::uint64_t gpa = target.gpa;
    const Frame* frame = vcpu.machine->frames.of_address(gpa);
    if (frame == nullptr) {
        return is_intercepted_apic(*vcpu.machine, gpa)
                   ? store_to_apic(vcpu, target)
                   : refuse_access(vcpu, gpa, Error::bad_address);
    }
    const bool table = frame->is_page_table();
    const Store* found = fetch_store(vcpu, target.cr3);
    if (found == nullptr || !can_emulate(vcpu, *found, gpa, table))
        return step_store(vcpu, target);
    const Store& store = *found;
    // The exit gives the address of the first byte; the rest lies in the same page.
    carry_out(
        vcpu, store, gpa, [&] { return read_old(gpa, store.size); },
        [&](std::uint64_t value) {
            return table ? store_to_table(vcpu, gpa, store.size, value)
                         : vcpu.machine->tables.store(gpa, store.size, value);
        });
}

} // namespace hv

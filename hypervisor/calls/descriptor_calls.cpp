// The calls from SetGDT to SetTR and from WriteGDTEntry to UpdateKernelStack, and WriteTSSWord.

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/calls/call_handlers.h"
#include "hypervisor/registers/descriptor_registers.h"
#include "hypervisor/vcpu/pause.h"

namespace hv {

using abi::Error;

Error call_set_gdt(Vcpu& vcpu, std::uint64_t first, std::uint64_t, std::uint64_t) {
    if (must_pause(vcpu))
        return paused;
    const auto value = read_pseudo_descriptor(vcpu, first);
    return value ? set_guest_gdtr(vcpu, *value) : Error::bad_address;
}

Error call_set_idt(Vcpu& vcpu, std::uint64_t first, std::uint64_t, std::uint64_t) {
    if (must_pause(vcpu))
        return paused;
    const auto value = read_pseudo_descriptor(vcpu, first);
    return value ? set_guest_idtr(vcpu, *value) : Error::bad_address;
}

Error call_set_ldt(Vcpu& vcpu, std::uint64_t first, std::uint64_t, std::uint64_t) {
    if (must_pause(vcpu)) // an LDT has up to 8192 descriptors to judge
        return paused;
    return set_guest_ldtr(vcpu, static_cast<std::uint16_t>(first));
}

Error call_set_tr(Vcpu& vcpu, std::uint64_t first, std::uint64_t, std::uint64_t) {
    if (must_pause(vcpu))
        return paused;
    return set_guest_tr(vcpu, static_cast<std::uint16_t>(first));
}

namespace {

// A slot that is not free to be written without a check. Not inlined, so that the common case of
// WriteGDTEntry saves no registers.
[[gnu::noinline]] Error write_other_slot(Vcpu& vcpu, std::uint64_t base, std::uint64_t index,
                                         std::uint64_t value) {
    if (!vcpu.tables.gdt_is_shared())
        return vcpu.tables.write_gdt_entry(base, index, value);
    lock_page_tables(vcpu);
    return vcpu.machine->tables.write_gdt_entry(vcpu.tables, base, index, value);
}

} // namespace

Error call_write_gdt_entry(Vcpu& vcpu, std::uint64_t first, std::uint64_t second,
                           std::uint64_t third) {
    if (vcpu.tables.write_free_slot(first, second, third)) [[likely]]
        return Error::none;
    return write_other_slot(vcpu, first, second, third);
}

Error call_write_ldt_entry(Vcpu& vcpu, std::uint64_t first, std::uint64_t second,
                           std::uint64_t third) {
    return vcpu.tables.write_ldt_entry(first, second, third);
}

Error call_write_idt_entry(Vcpu& vcpu, std::uint64_t first, std::uint64_t second,
                           std::uint64_t third) {
    // Several vCPUs may share the IDT, and a gate is judged by both of its halves.
    lock_page_tables(vcpu);
    return vcpu.tables.write_idt_half(first, second, third);
}

Error call_update_kernel_stack(Vcpu& vcpu, std::uint64_t first, std::uint64_t second,
                               std::uint64_t) {
    return vcpu.tables.write_rsp0(first, second);
}

Error call_write_tss_word(Vcpu& vcpu, std::uint64_t first, std::uint64_t second,
                          std::uint64_t third) {
    return vcpu.tables.write_tss_word(first, second, third);
}

} // namespace hv

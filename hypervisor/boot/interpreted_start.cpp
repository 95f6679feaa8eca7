#include "hypervisor/boot/interpreted_start.h"

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/host/console.h"
#include "hypervisor/processors/start_vcpu.h"
#include "hypervisor/vcpu/segment_registers.h"

namespace hv {

namespace {

// As the boot loader leaves it (Multiboot 0.6.96, 3.2).
StartupState state_at_entry(const LoadedGuest& guest) {
    StartupState state{};
    state.general.rax = guest.rax;
    state.general.rbx = guest.rbx;
    state.general.rdi = guest.rdi;
    state.general.rsi = guest.rsi;
    state.rip = guest.entry;
    state.rflags = rflags::always_one;
    state.segments.fill(flat_data(guest.selectors.data));
    state.segment(SegmentNumber::cs) = flat_code_32(guest.selectors.code);
    state.gdtr = {boot_gdt_limit, boot_area::gdt};
    state.idtr = {0, 0};
    state.cr0 = cr0::protection_enable | cr0::extension_type;
    return state;
}

[[noreturn]] void give_up(Vcpu& vcpu, std::string_view reason, std::uint64_t address) {
    console::fail(
        "guest: it starts in protected mode. On profile ", abi::name(vcpu.machine->profile),
        " that is interpreted until it is in 64-bit mode, which it does not reach: ", reason,
        ", at ", console::Hex{address},
        "; use --profile modern, on a CPU with \"unrestricted guest\"");
}

} // namespace

void interpret_start(Vcpu& vcpu, const LoadedGuest& guest) {
    StartupState state = state_at_entry(guest);
    lock_page_tables(vcpu);
    const StartupEnd end = run_guest_startup(state, startup_environment(vcpu));
    if (end.error != abi::Error::none)
        give_up(vcpu, end.reason, end.address);
    if (const abi::Error error = load_start_state(vcpu, state); error != abi::Error::none)
        give_up(vcpu, abi::name(error), state.rip);
    drop_before_entry(vcpu, Stale::all);
}

} // namespace hv

// SDM vol. 3, 27.3.1.3 to 27.3.1.6: guest descriptor-table registers, RIP, RFLAGS, SSP,
// non-register state and PDPTEs.

#include "hypervisor/vmx/guest_state.h"

#include "hypervisor/entry_check/entry_check.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/rflags.h"
#include "hypervisor/x86/segment.h"

#include <array>

namespace hv {
namespace {

using enum EntryRule;

InterruptionInformation injected_event(const EntryCheck& check) {
    return {static_cast<std::uint32_t>(check.read(Field::vm_entry_interruption_information))};
}

bool injects(const EntryCheck& check, InterruptionType type) {
    const InterruptionInformation event = injected_event(check);
    return event.valid() && event.type() == type;
}

// Whether the event, if any, may be injected into the activity state.
bool deliverable_in(ActivityState state, InterruptionInformation event) {
    const auto exception = [&](std::uint8_t vector) {
        return event.type() == InterruptionType::hardware_exception && event.vector() == vector;
    };
    if (!event.valid() || state == ActivityState::active)
        return true;
    const bool in_shutdown =
        event.type() == InterruptionType::nmi || exception(vector::machine_check);
    if (state == ActivityState::hlt) {
        return in_shutdown || exception(vector::debug) ||
               event.type() == InterruptionType::external_interrupt ||
               event.type() == InterruptionType::other_event;
    }
    return state == ActivityState::shutdown && in_shutdown;
}

void check_activity(EntryCheck& check) {
    const std::uint64_t raw = check.read(Field::guest_activity_state);
    const auto state = static_cast<ActivityState>(raw);
    const VmxMisc misc = check.facts().capabilities.misc;
    const std::array supported{true, misc.activity_hlt(), misc.activity_shutdown(),
                               misc.activity_wait_for_sipi()};
    check.require(raw < supported.size() && supported[raw], activity_state_supported,
                  Field::guest_activity_state);
    const AccessRights stack{static_cast<std::uint32_t>(check.read(Field::guest_ss_access_rights))};
    check.require(state != ActivityState::hlt || stack.privilege_level() == 0,
                  activity_hlt_at_cpl_0, Field::guest_activity_state);
    const std::uint64_t blocking = check.read(Field::guest_interruptibility_state);
    check.require(state == ActivityState::active ||
                      (blocking & (interruptibility::sti | interruptibility::mov_ss)) == 0,
                  activity_active_when_blocking, Field::guest_activity_state);
    check.require(deliverable_in(state, injected_event(check)), activity_injection,
                  Field::guest_activity_state);
}

// The manual says that some processors may require that there be no blocking by STI when an NMI is
// injected. It does not say which, so the checker has no such rule.
void check_interruptibility(EntryCheck& check) {
    constexpr Field field = Field::guest_interruptibility_state;
    const std::uint64_t state = check.read(field);
    const bool sti = (state & interruptibility::sti) != 0;
    const bool mov_ss = (state & interruptibility::mov_ss) != 0;
    check.require((state & ~interruptibility::all) == 0, interruptibility_reserved_bits, field);
    check.require(!(sti && mov_ss), interruptibility_sti_and_mov_ss, field);
    check.require(!sti || (check.read(Field::guest_rflags) & rflags::interrupt_enable) != 0,
                  interruptibility_sti_needs_if, field);
    check.require(!injects(check, InterruptionType::external_interrupt) || (!sti && !mov_ss),
                  interruptibility_injected_interrupt, field);
    const bool nmi = injects(check, InterruptionType::nmi);
    check.require(!nmi || !mov_ss, interruptibility_injected_nmi, field);
    check.require((state & interruptibility::smi) == 0, interruptibility_smi, field);
    check.require(!nmi || !check.pin_based(pin_based::virtual_nmis) ||
                      (state & interruptibility::nmi) == 0,
                  interruptibility_virtual_nmi, field);
    check.require((state & interruptibility::enclave) == 0 || (check.facts().sgx && !mov_ss),
                  interruptibility_enclave, field);
}

void check_pending_debug_exceptions(EntryCheck& check) {
    constexpr Field field = Field::guest_pending_debug_exceptions;
    const std::uint64_t pending = check.read(field);
    const std::uint64_t state = check.read(Field::guest_interruptibility_state);
    std::uint64_t reserved = mask(11, 4) | mask(13, 13) | mask(15, 15) | mask(63, 17);
    if (check.facts().bus_lock_detection)
        reserved &= ~pending_debug::bus_lock;
    check.require((pending & reserved) == 0, pending_debug_reserved_bits, field);

    const bool mov_ss = (state & interruptibility::mov_ss) != 0;
    const bool blocked =
        mov_ss || (state & interruptibility::sti) != 0 ||
        check.read(Field::guest_activity_state) == static_cast<std::uint64_t>(ActivityState::hlt);
    if (blocked) {
        constexpr std::uint64_t debugctl_branch_trap_flag = 1 << 1;
        const bool single_stepping =
            (check.read(Field::guest_rflags) & rflags::trap) != 0 &&
            (check.read(Field::guest_ia32_debugctl) & debugctl_branch_trap_flag) == 0;
        const bool pending_step = (pending & pending_debug::single_step) != 0;
        check.require(!single_stepping || pending_step, pending_debug_single_step, field);
        check.require(single_stepping || !pending_step, pending_debug_no_single_step, field);
    }
    if ((pending & pending_debug::restricted_transactional_memory) != 0) {
        check.require(check.facts().rtm && !mov_ss &&
                          pending == (pending_debug::restricted_transactional_memory |
                                      pending_debug::enabled_breakpoint),
                      pending_debug_rtm, field);
    }
}

void check_link_pointer(EntryCheck& check) {
    const std::uint64_t pointer = check.read(Field::vmcs_link_pointer);
    check.require(pointer == ~std::uint64_t{0} || check.structure_address(pointer, 0x1000),
                  link_pointer_address, Field::vmcs_link_pointer);
}

} // namespace

void check_guest_descriptor_tables(EntryCheck& check) {
    for (const Field field : {Field::guest_gdtr_base, Field::guest_idtr_base})
        check.require(check.canonical(check.read(field)), guest_table_base_canonical, field);
    for (const Field field : {Field::guest_gdtr_limit, Field::guest_idtr_limit})
        check.require(check.read(field) >> 16 == 0, guest_table_limit, field);
}

void check_guest_instruction_pointer(EntryCheck& check) {
    const bool ia32e_guest = check.on_entry(vm_entry::ia32e_mode_guest);
    const AccessRights code{static_cast<std::uint32_t>(check.read(Field::guest_cs_access_rights))};
    const std::uint64_t rip = check.read(Field::guest_rip);
    if (ia32e_guest && code.long_mode()) {
        check.require(EntryCheck::sign_extended_from(rip, check.facts().linear_address_width),
                      guest_rip_linear_width, Field::guest_rip);
    } else {
        check.require(rip >> 32 == 0, guest_rip_32_bits, Field::guest_rip);
    }
    const std::uint64_t flags = check.read(Field::guest_rflags);
    check.require((flags & rflags::reserved_zero) == 0 && (flags & rflags::always_one) != 0,
                  guest_rflags_reserved_bits, Field::guest_rflags);
    const bool real_mode = (check.read(Field::guest_cr0) & cr0::protection_enable) == 0;
    check.require((flags & rflags::virtual_8086_mode) == 0 || (!ia32e_guest && !real_mode),
                  guest_rflags_vm, Field::guest_rflags);
    check.require(!injects(check, InterruptionType::external_interrupt) ||
                      (flags & rflags::interrupt_enable) != 0,
                  guest_rflags_if_for_injection, Field::guest_rflags);
    if (check.on_entry(vm_entry::load_cet_state)) {
        const std::uint64_t ssp = check.read(Field::guest_ssp);
        check.require(bits(ssp, 1, 0) == 0 && check.canonical(ssp), guest_ssp_aligned,
                      Field::guest_ssp);
    }
}

void check_guest_non_register_state(EntryCheck& check) {
    check_activity(check);
    check_interruptibility(check);
    check_pending_debug_exceptions(check);
    check_link_pointer(check);
}

void check_guest_pdptes(EntryCheck& check) {
    const bool pae_paging = (check.read(Field::guest_cr0) & cr0::paging) != 0 &&
                            (check.read(Field::guest_cr4) & cr4::physical_address_extension) != 0 &&
                            !check.on_entry(vm_entry::ia32e_mode_guest);
    if (!pae_paging || !check.secondary(secondary_processor_based::enable_ept))
        return;
    for (const Field field :
         {Field::guest_pdpte0, Field::guest_pdpte1, Field::guest_pdpte2, Field::guest_pdpte3}) {
        const std::uint64_t entry = check.read(field);
        const bool reserved_zero =
            (entry & (mask(2, 1) | mask(8, 5))) == 0 && check.within_physical_width(entry);
        check.require(!bit(entry, 0) || reserved_zero, guest_pdpte_reserved_bits, field);
    }
}

} // namespace hv

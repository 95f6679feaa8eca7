#include "hypervisor/registers/msr_policy.h"

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/apic/command_interception.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/registers/known_msrs.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/x86/control_register.h"

namespace hv {

namespace {

// Whether the write would change nothing, whatever the MSR is: kernels write back what they read.
bool is_its_value(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value) {
    return read_guest_msr(vcpu, msr) == value;
}

// The processor's value, or 0 where it has no such MSR.
std::uint64_t processors_value(Msr msr) {
    std::uint64_t value = 0;
    return cpu::try_read_msr(number(msr), value) ? value : 0;
}

// IA32_MCG_CAP and IA32_MTRRCAP, where the MSR is one that may or may not exist by them.
std::uint64_t mcg_cap_for(std::uint32_t msr) {
    constexpr MsrRange banks{Msr::ia32_mc0_ctl, Msr::ia32_vmx_basic};
    return banks.contains(msr) || msr == number(Msr::ia32_mcg_ctl)
               ? processors_value(Msr::ia32_mcg_cap)
               : 0;
}
std::uint64_t mtrr_capability_for(std::uint32_t msr) {
    constexpr MsrRange mtrrs{Msr::ia32_mtrr_physbase0, Msr::ia32_mtrr_def_type};
    return mtrrs.contains(msr) ? processors_value(Msr::ia32_mtrrcap) : 0;
}

// IA32_MCG_STATUS, and a bank's status, address and further information: a write of 0 clears them,
// any other causes #GP (SDM vol. 3, 16.3.2.2). IA32_MCG_CTL and a bank's control take any value.
bool write_machine_check(std::uint32_t msr, std::uint64_t value) {
    const bool is_control =
        msr == number(Msr::ia32_mcg_ctl) ||
        (msr != number(Msr::ia32_mcg_status) && bank_register(msr) == BankRegister::control);
    return (is_control || value == 0) && cpu::try_write_msr(msr, value);
}

// Writes that are remembered, and change nothing in the processor: MTRRs govern the monitor's
// memory too, and the others also the monitor's processor.
bool is_kept(std::uint32_t msr) {
    switch (static_cast<Msr>(msr)) {
    case Msr::ia32_misc_enable:
    case Msr::ia32_bios_sign_id:
    case Msr::pkg_cst_config_control:
    case Msr::power_ctl:
        return true;
    default:
        return false;
    }
}

/// Bits of IA32_EFER that a guest may change in every mode, and those of IA-32e mode.
constexpr std::uint64_t efer_writable = efer::syscall_enable | efer::execute_disable_enable;
constexpr std::uint64_t efer_of_mode = efer::long_mode_enable | efer::long_mode_active;

// NXE has changed on this vCPU, and with it what the XD bit of an entry means: the bit is reserved
// until some vCPU has enabled it.
void change_paging_features(Vcpu& vcpu) {
    VirtualMachine& machine = *vcpu.machine;
    lock_page_tables(vcpu);
    bool enabled = false;
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number)
        enabled = enabled || (machine.vcpus[number]->efer & efer::execute_disable_enable) != 0;
    drop_before_entry(vcpu, Stale::all);
    if (enabled == machine.features.execute_disable)
        return;
    machine.features.execute_disable = enabled;
    machine.page_tables.set_features(machine.features);
    machine.translation.set_features(machine.features);
}

// LME may change where paging is off, in a guest that may leave IA-32e mode. LMA never changes by a
// write (SDM vol. 3, 2.2.1).
bool may_write_long_mode_enable(const Vcpu& vcpu) {
    return vcpu.machine->runs_in_protected_mode() && (guest_cr0(vcpu) & cr0::paging) == 0;
}

bool write_efer(Vcpu& vcpu, std::uint64_t value) {
    const std::uint64_t changed = vcpu.efer ^ value;
    if ((value & ~(efer_writable | efer_of_mode)) != 0 ||
        ((changed & efer::long_mode_enable) != 0 && !may_write_long_mode_enable(vcpu)))
        return false;
    const bool nxe_changes = (changed & efer::execute_disable_enable) != 0;
    vcpu.efer = (value & ~efer::long_mode_active) | (vcpu.efer & efer::long_mode_active);
    const std::uint64_t real = real_efer(vcpu);
    if (nxe_changes)
        change_paging_features(vcpu);
    write_real_efer(vcpu, real);
    return true;
}

constexpr bool is_memory_type(std::uint8_t type) { return type <= 1 || (type >= 4 && type <= 7); }

bool write_pat(Vcpu& vcpu, std::uint64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8)
        if (!is_memory_type(static_cast<std::uint8_t>(value >> shift)))
            return false;
    if ((vcpu.machine->controls.entry & vm_entry::load_ia32_pat) != 0)
        vcpu.vmcs.write(Field::guest_ia32_pat, value);
    else
        cpu::write_msr(number(Msr::ia32_pat), value);
    return true;
}

// The value is kept for the guest to read, and never given to the processor. The guest's memory
// types come from EPT.
bool keep(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value) {
    KeptMsrs& kept = vcpu.kept_msrs;
    const auto found = kept.find(msr);
    if (found != kept.end()) {
        found->second = value;
        return true;
    }
    if (kept.size() == kept.capacity())
        return false;
    kept.emplace(msr, value);
    return true;
}

} // namespace

std::uint64_t real_efer(const Vcpu& vcpu) {
    const std::uint64_t value = vcpu.efer | vcpu.machine->demands.efer_forced;
    // Where paging is always on, VM entry demands that LME be LMA (27.3.1.1).
    const bool is_ahead = !in_ia32e_mode(vcpu) && !vcpu.machine->runs_in_every_mode();
    return is_ahead ? value & ~efer::long_mode_enable : value;
}

void write_real_efer(Vcpu& vcpu, std::uint64_t value) {
    if ((vcpu.machine->controls.entry & vm_entry::load_ia32_efer) != 0) {
        vcpu.vmcs.write(Field::guest_ia32_efer, value);
        return;
    }
    // The monitor keeps NXE on for its own page tables, and is in IA-32e mode itself: VM entry
    // loads LME and LMA from the control "IA-32e mode guest" (27.3.2.1).
    cpu::write_msr(number(Msr::ia32_efer),
                   value | efer::execute_disable_enable | efer::long_mode_enable);
}

std::optional<std::uint64_t> read_guest_msr(Vcpu& vcpu, std::uint32_t msr) {
    if (!is_readable_msr(msr, mcg_cap_for(msr), mtrr_capability_for(msr)))
        return std::nullopt;
    const KeptMsrs& kept = vcpu.kept_msrs;
    if (const auto found = kept.find(msr); found != kept.end())
        return found->second;
    const VirtualMachine& machine = *vcpu.machine;
    std::uint64_t offered = ~std::uint64_t{0};
    switch (static_cast<Msr>(msr)) {
    case Msr::ia32_efer:
        return vcpu.efer;
    case Msr::ia32_debugctl:
        return vcpu.vmcs.read(Field::guest_ia32_debugctl);
    case Msr::platform_info:
        return 0; // ratios, which the guest cannot choose
    case Msr::ia32_pat:
        if ((machine.controls.entry & vm_entry::load_ia32_pat) != 0)
            return vcpu.vmcs.read(Field::guest_ia32_pat);
        break;
    case Msr::ia32_mcg_cap:
        offered = mcg_cap_offered;
        break;
    case Msr::ia32_arch_capabilities:
        offered = arch_capabilities_offered;
        break;
    default:
        break;
    }
    std::uint64_t value = 0;
    return cpu::try_read_msr(msr, value) ? std::optional{value & offered} : std::nullopt;
}

namespace {

bool write_apic_base(const Vcpu& vcpu, std::uint64_t value) {
    // The APIC may be switched to x2APIC mode, but not moved over other memory, and not off:
    // the monitor reaches other processors through it.
    constexpr std::uint64_t enabled = 1 << 11;
    constexpr std::uint64_t mode_bits = 0xD00;
    const std::uint32_t msr = number(Msr::ia32_apic_base);
    std::uint64_t old = 0;
    const bool stays_on = vcpu.machine->vcpu_count == 1 || (value & enabled) != 0;
    return cpu::try_read_msr(msr, old) && ((old ^ value) & ~mode_bits) == 0 && stays_on &&
           cpu::try_write_msr(msr, value);
}

bool write_debug_control(const Vcpu& vcpu, std::uint64_t value) {
    // LBR and BTF, the two that touch nothing but the guest.
    if ((value & ~std::uint64_t{3}) != 0)
        return false;
    vcpu.vmcs.write(Field::guest_ia32_debugctl, value);
    return true;
}

} // namespace

// EFER.NXE decides what all entries mean, so that no shadow table can stay.
bool prepare_msr_write(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value) {
    if (msr != number(Msr::ia32_efer) || ((vcpu.efer ^ value) & efer::execute_disable_enable) == 0)
        return true;
    lock_page_tables(vcpu);
    return vcpu.machine->translation.before_new_features();
}

bool write_guest_msr(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value) {
    if (is_mtrr(msr, mtrr_capability_for(msr)))
        return is_mtrr_value(msr, value, vcpu.machine->physical_address_bits) &&
               keep(vcpu, msr, value);
    if (is_kept(msr))
        return keep(vcpu, msr, value);
    const std::uint64_t mcg_cap = mcg_cap_for(msr);
    switch (static_cast<Msr>(msr)) {
    case Msr::ia32_efer:
        return write_efer(vcpu, value);
    case Msr::ia32_pat:
        return write_pat(vcpu, value);
    case Msr::ia32_debugctl:
        return write_debug_control(vcpu, value);
    case Msr::x2apic_command:
        return write_x2apic_command(vcpu, value);
    case Msr::ia32_apic_base:
        return write_apic_base(vcpu, value);
    default:
        break;
    }
    const bool is_machine_check =
        msr == number(Msr::ia32_mcg_status) || msr == number(Msr::ia32_mcg_ctl);
    if (is_bank_msr(msr, mcg_cap) || is_machine_check)
        return is_readable_msr(msr, mcg_cap, 0) && write_machine_check(msr, value);
    return is_its_value(vcpu, msr, value);
}

} // namespace hv

#include "hypervisor/registers/msr_policy.h"

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/apic/command_interception.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/vmx/controls.h"

namespace hv {

namespace {

// Whether the write would change nothing, whatever the MSR is: kernels write back what they read.
bool is_its_value(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value) {
    return read_guest_msr(vcpu, msr) == value;
}

bool is_in(std::uint32_t msr, Msr first, Msr last) {
    return msr >= number(first) && msr <= number(last);
}

bool is_mtrr(std::uint32_t msr) {
    return is_in(msr, Msr::ia32_mtrr_physbase0, Msr::ia32_mtrr_fix4k_f8000) ||
           msr == number(Msr::ia32_mtrr_def_type);
}

bool is_vmx(std::uint32_t msr) {
    return is_in(msr, Msr::ia32_vmx_basic, Msr::ia32_vmx_exit_ctls2) ||
           msr == number(Msr::ia32_feature_control);
}

/// Bits of IA32_EFER that a guest may change. LME and LMA stay set: the guest stays in 64-bit mode.
constexpr std::uint64_t efer_writable = efer::syscall_enable | efer::execute_disable_enable;
constexpr std::uint64_t efer_fixed = efer::long_mode_enable | efer::long_mode_active;

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

bool write_efer(Vcpu& vcpu, std::uint64_t value) {
    if ((value & ~(efer_writable | efer_fixed)) != 0 || (value & efer::long_mode_enable) == 0)
        return false;
    const bool nxe_changes = ((vcpu.efer ^ value) & efer::execute_disable_enable) != 0;
    vcpu.efer = value | efer_fixed;
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

// The value is kept for the guest to read, and never given to the processor: MTRRs govern the
// monitor's memory too, and the guest's memory types come from EPT.
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

std::uint64_t real_efer(const Vcpu& vcpu) { return vcpu.efer | vcpu.machine->demands.efer_forced; }

void write_real_efer(Vcpu& vcpu, std::uint64_t value) {
    if ((vcpu.machine->controls.entry & vm_entry::load_ia32_efer) != 0)
        vcpu.vmcs.write(Field::guest_ia32_efer, value);
    else
        // The monitor keeps NXE on for its own page tables.
        cpu::write_msr(number(Msr::ia32_efer), value | efer::execute_disable_enable);
}

std::optional<std::uint64_t> read_guest_msr(Vcpu& vcpu, std::uint32_t msr) {
    if (is_vmx(msr) || msr == number(Msr::ia32_pred_cmd) || msr == number(Msr::ia32_flush_cmd))
        return std::nullopt;
    if (msr == number(Msr::ia32_efer))
        return vcpu.efer;
    const KeptMsrs& kept = vcpu.kept_msrs;
    if (const auto found = kept.find(msr); found != kept.end())
        return found->second;
    if (msr == number(Msr::ia32_pat) &&
        (vcpu.machine->controls.entry & vm_entry::load_ia32_pat) != 0)
        return vcpu.vmcs.read(Field::guest_ia32_pat);
    if (msr == number(Msr::ia32_debugctl))
        return vcpu.vmcs.read(Field::guest_ia32_debugctl);
    std::uint64_t value = 0;
    return cpu::try_read_msr(msr, value) ? std::optional{value} : std::nullopt;
}

bool write_guest_msr(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value) {
    if (is_vmx(msr))
        return false;
    if (msr == number(Msr::ia32_efer))
        return write_efer(vcpu, value);
    if (msr == number(Msr::ia32_pat))
        return write_pat(vcpu, value);
    if (is_mtrr(msr) || msr == number(Msr::ia32_misc_enable) ||
        msr == number(Msr::ia32_bios_sign_id))
        return keep(vcpu, msr, value);
    if (msr == number(Msr::ia32_debugctl)) {
        // LBR and BTF, the two that touch nothing but the guest.
        if ((value & ~std::uint64_t{3}) != 0)
            return false;
        vcpu.vmcs.write(Field::guest_ia32_debugctl, value);
        return true;
    }
    if (msr == number(Msr::x2apic_command))
        return write_x2apic_command(vcpu, value);
    if (msr == number(Msr::ia32_apic_base)) {
        // The APIC may be switched to x2APIC mode, but not moved over other memory, and not off:
        // the monitor reaches other processors through it.
        constexpr std::uint64_t enabled = 1 << 11;
        constexpr std::uint64_t mode_bits = 0xD00;
        std::uint64_t old = 0;
        const bool stays_on = vcpu.machine->vcpu_count == 1 || (value & enabled) != 0;
        return cpu::try_read_msr(msr, old) && ((old ^ value) & ~mode_bits) == 0 && stays_on &&
               cpu::try_write_msr(msr, value);
    }
    return is_its_value(vcpu, msr, value);
}

} // namespace hv

// CPUID: the processor's answer without the features that the monitor does not offer, plus the
// monitor's own leaves.

#include "hypervisor/registers/cpuid.h"

#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/exit_handlers.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/controls.h"
#include "shared/cpuid_leaves.h"
#include "shared/guest_physical_layout.h"
#include "shared/rom_header.h"

namespace hv {

namespace {

constexpr std::uint32_t bit32(std::uint32_t position) { return std::uint32_t{1} << position; }

// Features whose MSRs the monitor does not offer: performance monitoring, debug store, thermal and
// power management. Leaf 1, ECX: DTES64, DS-CPL, EIST, TM2, PDCM; EDX: DS, ACPI, TM.
constexpr std::uint32_t leaf1_ecx_management =
    bit32(2) | bit32(4) | bit32(7) | bit32(8) | bit32(15);
constexpr std::uint32_t leaf1_edx_management = bit32(21) | bit32(22) | bit32(29);
constexpr std::uint32_t power_management_leaf = 6;
constexpr std::uint32_t leaf6_eax_always_running_apic_timer = bit32(2);
constexpr std::uint32_t leaf6_ecx_actual_frequency = bit32(0); ///< APERF and MPERF
constexpr std::uint32_t performance_monitoring_leaf = 0xA;
// Leaf 1, ECX.
constexpr std::uint32_t leaf1_vmx = bit32(5);
constexpr std::uint32_t leaf1_smx = bit32(6);
constexpr std::uint32_t leaf1_pcid = bit32(17);
constexpr std::uint32_t leaf1_osxsave = bit32(27);
constexpr std::uint32_t leaf1_hypervisor = bit32(31);
// Leaf 7, subleaf 0: state or controls the monitor does not manage.
constexpr std::uint32_t leaf7_ebx_sgx = bit32(2);
constexpr std::uint32_t leaf7_ebx_invpcid = bit32(10);
constexpr std::uint32_t leaf7_ebx_mpx = bit32(14);
constexpr std::uint32_t leaf7_ebx_processor_trace = bit32(25);
constexpr std::uint32_t leaf7_ecx_pku = bit32(3);
constexpr std::uint32_t leaf7_ecx_ospke = bit32(4);
constexpr std::uint32_t leaf7_ecx_waitpkg = bit32(5);
constexpr std::uint32_t leaf7_ecx_shadow_stack = bit32(7);
constexpr std::uint32_t leaf7_ecx_linear_address_57 = bit32(16);
constexpr std::uint32_t leaf7_ecx_key_locker = bit32(23);
constexpr std::uint32_t leaf7_ecx_sgx_launch = bit32(30);
constexpr std::uint32_t leaf7_ecx_pks = bit32(31);
constexpr std::uint32_t leaf7_edx_user_interrupts = bit32(5);
constexpr std::uint32_t leaf7_edx_pconfig = bit32(18);
constexpr std::uint32_t leaf7_edx_architectural_lbr = bit32(19);
constexpr std::uint32_t leaf7_edx_indirect_branch_tracking = bit32(20);
// Leaf 0xD, subleaf 1, EAX.
constexpr std::uint32_t leaf_d_xsaves = bit32(3);
// Leaf 0x80000001, EDX.
constexpr std::uint32_t extended_rdtscp = bit32(27);

cpu::CpuidResult own_leaf(const Vcpu& vcpu, std::uint32_t leaf) {
    const auto& signature = abi::hypervisor_signature;
    if (leaf == abi::cpuid_hypervisor_leaf)
        return {abi::cpuid_vcpu_leaf, signature[0], signature[1], signature[2]};
    if (leaf == abi::cpuid_lazyhv_leaf) {
        return {abi::abi_version, static_cast<std::uint32_t>(vcpu.machine->profile),
                static_cast<std::uint32_t>(vcpu.machine->interface),
                static_cast<std::uint32_t>(abi::statistics_base)};
    }
    if (leaf == abi::cpuid_vcpu_leaf)
        return {vcpu.machine->vcpu_count, vcpu.number, 0, 0};
    return {};
}

} // namespace

cpu::CpuidResult guest_cpuid(const Vcpu& vcpu, std::uint64_t guest_cr4, std::uint32_t leaf,
                             std::uint32_t subleaf) {
    namespace secondary = secondary_processor_based;
    if (leaf >= abi::cpuid_hypervisor_leaf && leaf <= (abi::cpuid_hypervisor_leaf | 0xFFFF))
        return own_leaf(vcpu, leaf);
    const VirtualMachine& machine = *vcpu.machine;
    cpu::CpuidResult result = cpu::cpuid(leaf, subleaf);
    if (leaf == 1) {
        result.ecx &= ~(leaf1_vmx | leaf1_smx | leaf1_osxsave | leaf1_ecx_management);
        result.edx &= ~leaf1_edx_management;
        result.ecx |= leaf1_hypervisor;
        if ((machine.demands.cr4_refused & cr4::pcid_enable) != 0)
            result.ecx &= ~leaf1_pcid;
        if ((guest_cr4 & cr4::osxsave) != 0)
            result.ecx |= leaf1_osxsave;
    } else if (leaf == 7 && subleaf == 0) {
        result.ebx &= ~(leaf7_ebx_sgx | leaf7_ebx_mpx | leaf7_ebx_processor_trace);
        if (!machine.has(secondary::enable_invpcid))
            result.ebx &= ~leaf7_ebx_invpcid;
        result.ecx &= ~(leaf7_ecx_ospke | leaf7_ecx_waitpkg | leaf7_ecx_shadow_stack |
                        leaf7_ecx_linear_address_57 | leaf7_ecx_key_locker | leaf7_ecx_sgx_launch |
                        leaf7_ecx_pks);
        if ((machine.demands.cr4_refused & cr4::protection_key_enable) != 0)
            result.ecx &= ~leaf7_ecx_pku;
        if ((guest_cr4 & cr4::protection_key_enable) != 0)
            result.ecx |= leaf7_ecx_ospke;
        result.edx &= ~(leaf7_edx_user_interrupts | leaf7_edx_pconfig |
                        leaf7_edx_architectural_lbr | leaf7_edx_indirect_branch_tracking);
    } else if (leaf == power_management_leaf) {
        result = {result.eax & leaf6_eax_always_running_apic_timer, 0,
                  result.ecx & leaf6_ecx_actual_frequency, 0};
    } else if (leaf == performance_monitoring_leaf) {
        result = {};
    } else if (leaf == 0xD && subleaf == 1) {
        if (!machine.has(secondary::enable_xsaves_xrstors))
            result.eax &= ~leaf_d_xsaves;
    } else if (leaf == 0x80000001) {
        if (!machine.has(secondary::enable_rdtscp))
            result.edx &= ~extended_rdtscp;
    }
    return result;
}

void handle_cpuid(Vcpu& vcpu) {
    GuestRegisters& registers = vcpu.registers;
    const cpu::CpuidResult result =
        guest_cpuid(vcpu, guest_cr4(vcpu), static_cast<std::uint32_t>(registers.rax),
                    static_cast<std::uint32_t>(registers.rcx));
    registers.rax = result.eax;
    registers.rbx = result.ebx;
    registers.rcx = result.ecx;
    registers.rdx = result.edx;
    skip_instruction(vcpu);
}

} // namespace hv

#include "hypervisor/boot/vmcs/requirements.h"

#include "hypervisor/boot/vmcs/control_selection.h"
#include "hypervisor/host/console.h"
#include "hypervisor/host/processor/instructions.h"

namespace hv {

namespace {

using console::fail;
using console::Hex;

constexpr std::uint32_t cpuid_vmx = 1U << 5; ///< leaf 1, ECX
constexpr std::uint32_t extended_address_leaf = 0x80000008;

void require_ept(const VirtualMachine& machine) {
    if (machine.profile == abi::Profile::classic)
        return;
    const Capabilities& capabilities = machine.capabilities;
    const auto name = abi::name(machine.profile);
    namespace secondary = secondary_processor_based;
    if (!capabilities.may_set_secondary(secondary::enable_ept)) {
        fail("profile ", name,
             " needs EPT, which this CPU does not have (SDM vol. 3, A.3.3); "
             "choose another --cpu, or --profile classic");
    }
    if (!capabilities.ept_vpid.page_walk_length_4() || !capabilities.ept_vpid.write_back() ||
        !capabilities.ept_vpid.invept()) {
        fail("profile ", name,
             " needs EPT with 4 levels, write-back memory and INVEPT, which this "
             "CPU does not have (SDM vol. 3, A.10); choose another --cpu");
    }
    if (machine.owns_descriptors() &&
        !capabilities.may_set_secondary(secondary::descriptor_table_exiting)) {
        fail("profile ", name,
             " needs descriptor-table exiting, which this CPU does not have "
             "(SDM vol. 3, A.3.3); choose another --cpu or --profile modern");
    }
}

} // namespace

std::uint8_t physical_address_bits() {
    if (cpu::cpuid(0x80000000, 0).eax < extended_address_leaf)
        return 36;
    return static_cast<std::uint8_t>(cpu::cpuid(extended_address_leaf, 0).eax);
}

PagingFeatures paging_features(std::uint8_t physical_address_bits) {
    constexpr std::uint32_t extended_leaf = 0x80000001;
    constexpr std::uint32_t gigabyte_pages = 1U << 26; // EDX
    return {.physical_address_bits = physical_address_bits,
            .execute_disable = false, // EFER.NXE is the guest's to set
            .gigabyte_pages = (cpu::cpuid(extended_leaf, 0).edx & gigabyte_pages) != 0};
}

void require_vmx() {
    if ((cpu::cpuid(1, 0).ecx & cpuid_vmx) == 0)
        fail("this CPU has no VT-x (CPUID.1:ECX.VMX is 0); choose a --cpu that has it, or run "
             "nested where the host offers vmx to its guests");
    const std::uint32_t msr = number(Msr::ia32_feature_control);
    const std::uint64_t control = cpu::read_msr(msr);
    if ((control & feature_control::lock) == 0)
        cpu::write_msr(msr, control | feature_control::lock | feature_control::vmx_outside_smx);
    else if ((control & feature_control::vmx_outside_smx) == 0)
        fail("VT-x is locked off by the firmware (IA32_FEATURE_CONTROL is ", Hex{control},
             "); switch it on in the firmware's set-up");
}

void choose_controls(VirtualMachine& machine) {
    require_ept(machine);
    if (machine.vcpu_count > 1 && !machine.capabilities.misc.activity_hlt()) {
        fail("several processors need the activity state HLT, which this CPU does not have "
             "(SDM vol. 3, A.6); use --cpus 1");
    }
    const ControlSelection selection = select_controls(machine.profile, machine.capabilities,
                                                       machine.vcpu_count > 1, machine.protects);
    print_selection(selection);
    for (const ControlField& field : selection.fields) {
        for (std::uint32_t position = 0; position < 32; ++position) {
            if (const std::uint32_t bit = field.result.missing_required & 1U << position;
                bit != 0) {
                fail("profile ", abi::name(machine.profile), " needs \"",
                     control_name(field.bits, bit), "\" (", field.name,
                     "), which this CPU does not offer; choose another --cpu");
            }
        }
    }
    machine.controls = selection.controls();
}

} // namespace hv

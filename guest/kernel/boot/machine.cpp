#include "guest/kernel/boot/machine.h"

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/cpuid_leaves.h"
#include "shared/rom_header.h"

namespace guest {
namespace {

constexpr std::uint32_t hypervisor_present = std::uint32_t{1} << 31; // CPUID.1:ECX

bool lazyhv_present() {
    if ((paravirt::cpuid(1).ecx & hypervisor_present) == 0)
        return false;
    const paravirt::CpuidResult leaf = paravirt::cpuid(abi::cpuid_hypervisor_leaf);
    return leaf.eax >= abi::cpuid_lazyhv_leaf && leaf.ebx == abi::hypervisor_signature[0] &&
           leaf.ecx == abi::hypervisor_signature[1] && leaf.edx == abi::hypervisor_signature[2];
}

Machine detect() {
    if (!lazyhv_present())
        return {};
    const paravirt::CpuidResult leaf = paravirt::cpuid(abi::cpuid_lazyhv_leaf);
    if (leaf.eax != abi::abi_version)
        panic("the monitor speaks another version of the ABI");
    if (leaf.ebx >= abi::profile_count || leaf.ecx >= abi::interface_count ||
        leaf.edx >= linear_map_size)
        panic("the monitor's CPUID leaf is invalid");
    return {true, static_cast<abi::Profile>(leaf.ebx), static_cast<abi::Interface>(leaf.ecx),
            linear_pointer<const abi::Statistics>(leaf.edx)};
}

} // namespace

const Machine& machine() {
    static bool detected = false;
    static Machine found;
    if (!detected) {
        found = detect();
        detected = true;
    }
    return found;
}

} // namespace guest

// CPUID: of the processor's answer the bits that are listed in cpuid_features.h, plus the monitor's
// own leaves.

#include "hypervisor/registers/cpuid.h"

#include "hypervisor/registers/cpuid_features.h"
#include "hypervisor/registers/exit_handlers.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"
#include "shared/cpuid_leaves.h"
#include "shared/guest_physical_layout.h"
#include "shared/rom_header.h"

#include <algorithm>
#include <span>

namespace hv {

namespace {

using cpu::CpuidResult;
using cpuid_list::CpuidNumbers;

constexpr std::uint32_t bit32(std::uint32_t position) { return std::uint32_t{1} << position; }

constexpr std::uint32_t extended_leaves = 0x80000000;
// Bits that are no feature of the processor, but follow CR4 or say that there is a monitor.
constexpr std::uint32_t leaf1_ecx_osxsave = bit32(27);
constexpr std::uint32_t leaf1_ecx_hypervisor = bit32(31);
constexpr std::uint32_t leaf7_ecx_ospke = bit32(4);
// Numbers that depend on what is offered.
constexpr std::uint32_t leaf7_highest_subleaf = 2;
constexpr std::uint32_t xsave_leaf = 0xD;
constexpr std::uint32_t address_width_leaf = 0x80000008;
constexpr std::uint32_t linear_address_bits = 48; ///< without LA57

constexpr std::uint32_t& word(CpuidResult& result, CpuidRegister which) {
    switch (which) {
    case CpuidRegister::eax:
        return result.eax;
    case CpuidRegister::ebx:
        return result.ebx;
    case CpuidRegister::ecx:
        return result.ecx;
    case CpuidRegister::edx:
        break;
    }
    return result.edx;
}

/// The listed bits of one leaf, or of one of its subleaves.
struct Leaf {
    std::uint32_t leaf;
    std::uint32_t subleaf; ///< or every_subleaf: those that have no row of their own
    CpuidResult bits;
};

// The leaves with features whose subleaves differ.
constexpr bool has_subleaves(std::uint32_t leaf) { return leaf == 7 || leaf == xsave_leaf; }

// Rows with a subleaf of their own come before the row for every subleaf.
struct LeafTable {
    std::array<Leaf, cpuid_list::features.size() + cpuid_list::numbers.size()> rows{};
    std::size_t count = 0;

    constexpr Leaf& add(std::uint32_t leaf, std::uint32_t subleaf) {
        for (std::size_t i = 0; i < count; ++i)
            if (rows[i].leaf == leaf && rows[i].subleaf == subleaf)
                return rows[i];
        rows[count] = {leaf, subleaf, {}};
        return rows[count++];
    }
    constexpr std::span<const Leaf> used() const { return {rows.data(), count}; }
};

consteval LeafTable listed_leaves() {
    constexpr std::uint32_t every = cpuid_list::every_subleaf;
    LeafTable table;
    for (const CpuidFeature& feature : cpuid_list::features) {
        Leaf& row = table.add(feature.leaf, has_subleaves(feature.leaf) ? feature.subleaf : every);
        word(row.bits, feature.in) |= bit32(feature.bit);
    }
    for (const CpuidNumbers& row : cpuid_list::numbers) {
        CpuidResult& bits = table.add(row.leaf, row.subleaf).bits;
        bits.eax |= row.bits[0];
        bits.ebx |= row.bits[1];
        bits.ecx |= row.bits[2];
        bits.edx |= row.bits[3];
    }
    return table;
}

constexpr LeafTable leaf_table = listed_leaves();

constexpr bool may_be_withheld(const CpuidFeature& feature) {
    return feature.needs.control != 0 || feature.needs.cr4 != 0;
}

constexpr std::size_t withheld_count = static_cast<std::size_t>(
    std::count_if(cpuid_list::features.begin(), cpuid_list::features.end(), may_be_withheld));

/// Features that the guest can only use if the monitor grants what they need.
constexpr auto withheld_features = [] {
    std::array<CpuidFeature, withheld_count> rows{};
    std::copy_if(cpuid_list::features.begin(), cpuid_list::features.end(), rows.begin(),
                 may_be_withheld);
    return rows;
}();

bool grants(const VirtualMachine& machine, const FeatureNeeds& needs) {
    return (needs.control == 0 || machine.has(needs.control)) &&
           (needs.cr4 & machine.demands.cr4_refused) == 0;
}

CpuidResult listed_bits(const VirtualMachine& machine, std::uint32_t leaf, std::uint32_t subleaf) {
    const std::span<const Leaf> rows = leaf_table.used();
    const auto row = std::find_if(rows.begin(), rows.end(), [=](const Leaf& candidate) {
        return candidate.leaf == leaf &&
               (candidate.subleaf == subleaf || candidate.subleaf == cpuid_list::every_subleaf);
    });
    if (row == rows.end())
        return {};
    CpuidResult bits = row->bits;
    for (const CpuidFeature& feature : withheld_features) {
        const bool is_here =
            feature.leaf == leaf && (feature.subleaf == subleaf || !has_subleaves(leaf));
        if (is_here && !grants(machine, feature.needs))
            word(bits, feature.in) &= ~bit32(feature.bit);
    }
    return bits;
}

CpuidResult offered(const VirtualMachine& machine, std::uint32_t leaf, std::uint32_t subleaf) {
    const CpuidResult bits = listed_bits(machine, leaf, subleaf);
    const CpuidResult processor = cpu::cpuid(leaf, subleaf);
    return {processor.eax & bits.eax, processor.ebx & bits.ebx, processor.ecx & bits.ecx,
            processor.edx & bits.edx};
}

// The processor answers a leaf that it does not have as its highest basic leaf.
std::uint32_t answered_leaf(std::uint32_t leaf) {
    const bool in_range = leaf <= cpu::cpuid(leaf & extended_leaves, 0).eax;
    return in_range ? leaf : cpu::cpuid(0, 0).eax;
}

// Leaf 0xD: only the components that the guest may set in XCR0 (SDM vol. 1, 13.2).
CpuidResult offered_state(const VirtualMachine& machine, std::uint32_t subleaf,
                          CpuidResult result) {
    const std::uint64_t components = machine.offered_xcr0;
    if (subleaf == 1)
        return result;
    if (subleaf != 0) // the size, and offset, of one
        return subleaf < 64 && (components >> subleaf & 1) != 0 ? result : CpuidResult{};
    if (components == (std::uint64_t{result.edx} << 32 | result.eax))
        return result;        // all that the processor has
    std::uint32_t size = 576; // x87, SSE and the header
    for (std::uint32_t i = 2; i < 63; ++i) {
        if ((components >> i & 1) == 0)
            continue;
        const CpuidResult component = cpu::cpuid(xsave_leaf, i);
        size = std::max(size, component.eax + component.ebx);
    }
    return {static_cast<std::uint32_t>(components), result.ebx, components == 0 ? 0 : size,
            static_cast<std::uint32_t>(components >> 32)};
}

CpuidResult own_leaf(const Vcpu& vcpu, std::uint32_t leaf) {
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

CpuidResult guest_cpuid(const Vcpu& vcpu, std::uint64_t guest_cr4, std::uint32_t leaf,
                        std::uint32_t subleaf) {
    if (leaf >= abi::cpuid_hypervisor_leaf && leaf <= (abi::cpuid_hypervisor_leaf | 0xFFFF))
        return own_leaf(vcpu, leaf);
    const VirtualMachine& machine = *vcpu.machine;
    leaf = answered_leaf(leaf);
    CpuidResult result = offered(machine, leaf, subleaf);
    if (leaf == 1) {
        result.ecx |= leaf1_ecx_hypervisor;
        if ((guest_cr4 & cr4::osxsave) != 0)
            result.ecx |= leaf1_ecx_osxsave;
    } else if (leaf == 7 && subleaf == 0) {
        result.eax = std::min(result.eax, leaf7_highest_subleaf);
        if ((guest_cr4 & cr4::protection_key_enable) != 0)
            result.ecx |= leaf7_ecx_ospke;
    } else if (leaf == xsave_leaf) {
        result = offered_state(machine, subleaf, result);
    } else if (leaf == address_width_leaf) {
        const std::uint32_t linear = std::min(result.eax >> 8 & 0xFF, linear_address_bits);
        result.eax = (result.eax & ~std::uint32_t{0xFF00}) | linear << 8;
    }
    return result;
}

void offer_registers(VirtualMachine& machine) {
    std::uint64_t cr4_bits = cr4::performance_counter_enable; // RDPMC; no bit of CPUID
    std::uint64_t components = 0;
    for (const CpuidFeature& feature : cpuid_list::features) {
        const FeatureNeeds& needs = feature.needs;
        if ((needs.cr4 | needs.xcr0) == 0 || answered_leaf(feature.leaf) != feature.leaf)
            continue;
        CpuidResult result = offered(machine, feature.leaf, feature.subleaf);
        if ((word(result, feature.in) & bit32(feature.bit)) == 0)
            continue;
        cr4_bits |= needs.cr4;
        components |= needs.xcr0;
    }
    machine.offered_cr4 = cr4_bits & machine.capabilities.cr4_fixed1;
    machine.offered_xcr0 = 0;
    if (components == 0)
        return;
    const CpuidResult state = cpu::cpuid(xsave_leaf, 0);
    machine.offered_xcr0 = components & (std::uint64_t{state.edx} << 32 | state.eax);
}

void handle_cpuid(Vcpu& vcpu) {
    GuestRegisters& registers = vcpu.registers;
    const CpuidResult result =
        guest_cpuid(vcpu, guest_cr4(vcpu), static_cast<std::uint32_t>(registers.rax),
                    static_cast<std::uint32_t>(registers.rcx));
    registers.rax = result.eax;
    registers.rbx = result.ebx;
    registers.rcx = result.ecx;
    registers.rdx = result.edx;
    skip_instruction(vcpu);
}

} // namespace hv

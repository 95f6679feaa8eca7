// What CPUID offers, the guest can use: over all of CPUID, with processors that the tests make up.
// And what it does not offer, the guest does not have.

#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/cpuid.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/vcpu/msr_bitmaps.h"
#include "hypervisor/vmx/controls.h"
#include "tests/unit/cases/feature_needs.h"
#include "tests/unit/cases/processor_models.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

namespace secondary = secondary_processor_based;

constexpr std::uint32_t all_controls =
    secondary::enable_rdtscp | secondary::enable_invpcid | secondary::enable_xsaves_xrstors;

std::uint32_t word(const cpu::CpuidResult& result, In in) {
    switch (in) {
    case In::eax:
        return result.eax;
    case In::ebx:
        return result.ebx;
    case In::ecx:
        return result.ecx;
    case In::edx:
        break;
    }
    return result.edx;
}

class Offers : public ::testing::Test {
  protected:
    std::unique_ptr<KernelMachine> machine;
    std::uint64_t bitmaps = 0;

    void run_on(const ProcessorModel& model, abi::Profile profile, std::uint32_t controls) {
        machine = nullptr;
        machine =
            std::make_unique<KernelMachine>(profile, profile == abi::Profile::classic ? 256U : 0U);
        machine->processor = [&model](std::uint32_t leaf, std::uint32_t subleaf) {
            return model.cpuid(leaf, subleaf);
        };
        VirtualMachine& vm = machine->machine();
        vm.controls.secondary = controls;
        vm.capabilities.cr4_fixed1 = ~std::uint64_t{0};
        vm.physical_address_bits = 40;
        offer_registers(vm);
        bitmaps = machine->take_guest_page();
        fill_msr_bitmaps(bitmaps);
    }
    cpu::CpuidResult guest(std::uint32_t leaf, std::uint32_t subleaf) {
        return guest_cpuid(machine->vcpu(), 0, leaf, subleaf);
    }

    bool exits(std::uint32_t msr, bool write) const {
        const std::uint32_t index = msr & 0x1FFF;
        const std::uint64_t half = (write ? 2048 : 0) + (msr >= 0xC0000000 ? 1024 : 0);
        const bool is_covered = msr == index || msr == (0xC0000000 | index);
        return !is_covered || (*direct_pointer(bitmaps + half + index / 8) >> index % 8 & 1) != 0;
    }
    bool reads(std::uint32_t msr) {
        return !exits(msr, false) || read_guest_msr(machine->vcpu(), msr).has_value();
    }
    bool writes(std::uint32_t msr, std::uint64_t value) {
        return !exits(msr, true) || write_guest_msr(machine->vcpu(), msr, value);
    }
    /// The processor has every MSR there is.
    void give_all_msrs() {
        for (std::uint32_t msr = 0; msr < 0x2000; ++msr) {
            machine->msrs[msr] = 0;
            machine->msrs[0xC0000000 | msr] = 0;
        }
        machine->msrs[0xFE] = 0x508;  // IA32_MTRRCAP: WC, fixed ranges, 8 variable ones
        machine->msrs[0x179] = 0x109; // IA32_MCG_CAP: IA32_MCG_CTL, 9 banks
        machine->msrs[0x1B] = 0xFEE00900;
        machine->msrs[0xC0000080] = 0xD01;
    }
    bool sets_cr4(std::uint64_t bits) {
        return set_guest_cr4(machine->vcpu(), cr4::physical_address_extension | bits) ==
               abi::Error::none;
    }
    bool sets_xcr0(std::uint64_t components) const {
        return (components & ~machine->machine().offered_xcr0) == 0;
    }

    void check(const NeedsOfFeature& row) {
        for (const std::uint32_t msr : row.read)
            EXPECT_TRUE(reads(msr)) << row.name << " is offered, but not MSR " << std::hex << msr;
        for (const WrittenMsr& msr : row.written)
            EXPECT_TRUE(writes(msr.msr, msr.value))
                << row.name << " is offered, but not WRMSR " << std::hex << msr.msr;
        EXPECT_TRUE(sets_cr4(row.cr4)) << row.name << " is offered, but not its bits of CR4";
        EXPECT_TRUE(sets_xcr0(row.xcr0)) << row.name << " is offered, but not its bits of XCR0";
        EXPECT_TRUE(row.control == 0 || machine->machine().has(row.control))
            << row.name << " is offered, but its instruction causes #UD";
    }
    void check_register(std::uint32_t leaf, std::uint32_t subleaf, In in) {
        std::uint32_t left = word(guest(leaf, subleaf), in);
        const bool has_subleaves = leaf == 7 || leaf == 0xD;
        for (const NeedsOfFeature& row : needs_of_features()) {
            const std::uint32_t bit = std::uint32_t{1} << row.bit;
            if (row.leaf != leaf || row.in != in || (left & bit) == 0 ||
                (has_subleaves && row.subleaf != subleaf))
                continue;
            check(row);
            left &= ~bit;
        }
        EXPECT_EQ(left & ~bits_without_needs(leaf, has_subleaves ? subleaf : 0, in), 0U)
            << std::hex << "what these bits need is not known: leaf " << leaf << '.' << subleaf
            << ", register " << static_cast<int>(in);
    }
    void check_all() {
        for (const std::uint32_t group : {0U, 0x80000000U})
            for (std::uint32_t leaf = group; leaf <= group + 0x40; ++leaf)
                for (std::uint32_t subleaf = 0; subleaf < 4; ++subleaf)
                    for (const In in : {In::eax, In::ebx, In::ecx, In::edx})
                        if (guest_has(leaf))
                            check_register(leaf, subleaf, in);
    }
    // Beyond the highest leaf the processor repeats another one.
    bool guest_has(std::uint32_t leaf) { return leaf <= guest(leaf & 0x80000000, 0).eax; }
};

constexpr abi::Profile profiles[]{abi::Profile::classic, abi::Profile::hardened,
                                  abi::Profile::modern};

TEST_F(Offers, EveryBitOfCpuidComesWithWhatItNeeds) {
    for (const ProcessorModel& model : processor_models())
        for (const abi::Profile profile : profiles)
            for (const std::uint32_t controls : {all_controls, 0U}) {
                SCOPED_TRACE(std::string{model.name} + ", " + std::string{abi::name(profile)});
                run_on(model, profile, controls);
                give_all_msrs();
                check_all();
            }
}

TEST_F(Offers, EveryRowIsOfferedBySomeProcessor) {
    run_on(processor_models().back(), abi::Profile::modern, all_controls);
    for (const NeedsOfFeature& row : needs_of_features())
        EXPECT_NE(word(guest(row.leaf, row.subleaf), row.in) >> row.bit & 1, 0U) << row.name;
}

TEST_F(Offers, Cr4TakesNothingButWhatSomeFeatureAdds) {
    for (const ProcessorModel& model : processor_models()) {
        for (const abi::Profile profile : profiles) {
            run_on(model, profile, all_controls);
            std::uint64_t added = cr4::performance_counter_enable;
            for (const NeedsOfFeature& row : needs_of_features())
                if ((word(guest(row.leaf, row.subleaf), row.in) >> row.bit & 1) != 0)
                    added |= row.cr4;
            for (unsigned position = 0; position < 64; ++position) {
                const std::uint64_t bit = std::uint64_t{1} << position;
                EXPECT_EQ(sets_cr4(bit), (added & bit) != 0)
                    << model.name << ", " << abi::name(profile) << ", bit " << position;
            }
        }
    }
}

TEST_F(Offers, StateComponentsAreThoseThatAreOffered) {
    const ProcessorModel& sapphire_rapids = processor_models()[2];
    run_on(sapphire_rapids, abi::Profile::modern, all_controls);
    const auto modern = guest(0xD, 0);
    EXPECT_EQ(modern.eax, 0x2E7U); // without MPX and AMX
    EXPECT_EQ(modern.ecx, 2696U);  // up to PKRU
    EXPECT_EQ(guest(0xD, 9).eax, 8U);
    EXPECT_EQ(guest(0xD, 18).eax, 0U);
    EXPECT_EQ(guest(0xD, 1).eax, 0xFU); // without XFD
    EXPECT_EQ(guest(0xD, 1).ecx, 0U);   // nothing for IA32_XSS
    run_on(sapphire_rapids, abi::Profile::classic, all_controls);
    const auto classic = guest(0xD, 0);
    EXPECT_EQ(classic.eax, 0xE7U); // nor protection keys
    EXPECT_EQ(classic.ecx, 2688U);
}

TEST_F(Offers, XsetbvTakesOnlyOfferedComponents) {
    run_on(processor_models()[2], abi::Profile::modern, all_controls);
    Vcpu& vcpu = machine->vcpu();
    const auto refuses = [&](std::uint64_t components) {
        vcpu.registers.rcx = 0;
        vcpu.registers.rax = components & 0xFFFFFFFF;
        vcpu.registers.rdx = components >> 32;
        machine->fields[Field::vm_entry_interruption_information] = 0;
        machine->exit(0, abi::ExitReason::xsetbv);
        return machine->fields[Field::vm_entry_interruption_information] != 0;
    };
    EXPECT_FALSE(refuses(0x2E7));
    EXPECT_TRUE(refuses(0x600E7)); // AMX
    EXPECT_TRUE(refuses(0x1F));    // MPX
}

TEST_F(Offers, AnUnknownLeafReadsAsZero) {
    run_on(processor_models().back(), abi::Profile::modern, all_controls);
    for (const std::uint32_t leaf :
         {3U,    8U,    9U,    0xAU,  0xCU,        0xEU,        0xFU,       0x10U,
          0x12U, 0x14U, 0x17U, 0x19U, 0x1BU,       0x1CU,       0x1DU,      0x1EU,
          0x20U, 0x21U, 0x24U, 0x40U, 0x80000005U, 0x80000009U, 0x8000001FU}) {
        const auto result = guest(leaf, 0);
        EXPECT_EQ(result.eax | result.ebx | result.ecx | result.edx, 0U) << std::hex << leaf;
    }
    EXPECT_EQ(guest(0x80000008, 0).eax >> 8 & 0xFF, 48U); // linear addresses without LA57
    EXPECT_EQ(guest(7, 0).eax, 2U);
}

TEST_F(Offers, ALeafThatTheProcessorLacksIsItsHighestBasicOne) {
    run_on(processor_models()[0], abi::Profile::modern, all_controls);
    for (const std::uint32_t leaf : {0xEU, 0x15U, 0x3FFFFFFFU, 0x80000009U, 0xFFFFFFFFU}) {
        EXPECT_EQ(guest(leaf, 0).eax, 3U) << std::hex << leaf; // XCR0, as in leaf 0xD
        EXPECT_EQ(guest(leaf, 0).ecx, 0x240U);
    }
}

// Those of performance monitoring, thermal management, HWP, RAPL, TSX_CTRL, MCU_OPT_CTRL,
// CORE_CAPABILITIES, FRED, XFD, processor trace, CET, PKS, TME, user interrupts, PASID, CMCI, LBRs.
TEST_F(Offers, MsrsOfWhatIsNotOfferedDoNotExist) {
    run_on(processor_models().back(), abi::Profile::modern, all_controls);
    give_all_msrs();
    for (const std::uint32_t msr :
         {0x2AU,  0x33U,  0x34U,   0x3AU,       0x79U,      0xC1U,  0xCFU,  0x122U, 0x123U,
          0x140U, 0x186U, 0x198U,  0x199U,      0x19CU,     0x1A2U, 0x1ADU, 0x1B0U, 0x1C4U,
          0x1C5U, 0x1CCU, 0x1D4U,  0x210U,      0x251U,     0x270U, 0x280U, 0x345U, 0x38DU,
          0x38FU, 0x424U, 0x480U,  0x493U,      0x4D0U,     0x570U, 0x600U, 0x606U, 0x6A0U,
          0x6A2U, 0x6A4U, 0x6A8U,  0x6E1U,      0x770U,     0x774U, 0x981U, 0x985U, 0xC80U,
          0xD90U, 0xD93U, 0x14CEU, 0xC0000104U, 0xC0010015U}) {
        EXPECT_FALSE(reads(msr)) << std::hex << msr;
        EXPECT_FALSE(writes(msr, 0)) << std::hex << msr;
    }
}

TEST_F(Offers, CapabilitiesNameOnlyWhatIsOffered) {
    run_on(processor_models()[2], abi::Profile::modern, all_controls);
    Vcpu& vcpu = machine->vcpu();
    machine->msrs[0x10A] = ~std::uint64_t{0};
    machine->msrs[0x179] = ~std::uint64_t{0};
    machine->msrs[0xCE] = ~std::uint64_t{0};
    // Without TSX_CTRL, MISC_PACKAGE_CTLS, ENERGY_FILTERING_CTL, DOITM, FB_CLEAR_CTRL,
    // XAPIC_DISABLE_STATUS, GDS_CTRL.
    EXPECT_EQ(read_guest_msr(vcpu, 0x10A), 0x1D1AE17FU);
    EXPECT_EQ(read_guest_msr(vcpu, 0x179), 0x010009FFU); // without CMCI and LMCE
    EXPECT_EQ(read_guest_msr(vcpu, 0xCE), 0U);
}

// The guest/host masks leave these to the processor, which does with them what a bare one does.
TEST(GuestOwnedBits, AreThoseThatTheMonitorNeedNotKnow) {
    EXPECT_EQ(cr0_guest_owned, 0x5001EU); // MP, EM, TS, ET, WP, AM
    EXPECT_EQ(cr4_guest_owned, 0x50FDFU);
}

} // namespace
} // namespace hv::test

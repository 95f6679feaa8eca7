// Which controls each profile asks for, and goes without.

#include "hypervisor/boot/vmcs/control_selection.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

namespace secondary = secondary_processor_based;

Capabilities all_controls() {
    Capabilities capabilities;
    constexpr std::uint64_t any = 0xFFFFFFFF00000000;
    capabilities.pin_based = any;
    capabilities.primary_processor_based = any;
    capabilities.secondary_processor_based = any;
    capabilities.vm_exit = any;
    capabilities.vm_entry = any;
    return capabilities;
}

TEST(ControlSelection, ModernAsksForNoExitItDoesNotNeed) {
    const Controls controls = select_controls(abi::Profile::modern, all_controls()).controls();
    EXPECT_EQ(controls.pin_based, 0U);
    EXPECT_EQ(controls.primary & primary_processor_based::cr3_load_exiting, 0U);
    EXPECT_EQ(controls.primary & primary_processor_based::invlpg_exiting, 0U);
    EXPECT_EQ(controls.secondary & secondary::descriptor_table_exiting, 0U);
    EXPECT_NE(controls.secondary & secondary::enable_ept, 0U);
}

TEST(ControlSelection, HardenedSeesCr3AndDescriptors) {
    const Controls controls = select_controls(abi::Profile::hardened, all_controls()).controls();
    EXPECT_NE(controls.primary & primary_processor_based::cr3_load_exiting, 0U);
    EXPECT_NE(controls.secondary & secondary::descriptor_table_exiting, 0U);
}

TEST(ControlSelection, SaysWhatIsMissingAndGoesWithoutWhatIsWanted) {
    Capabilities capabilities = all_controls();
    capabilities.secondary_processor_based &= ~(std::uint64_t{secondary::enable_vpid} << 32);
    EXPECT_TRUE(select_controls(abi::Profile::hardened, capabilities).sufficient());
    capabilities.secondary_processor_based &=
        ~(std::uint64_t{secondary::descriptor_table_exiting} << 32);
    EXPECT_FALSE(select_controls(abi::Profile::hardened, capabilities).sufficient());
    EXPECT_TRUE(select_controls(abi::Profile::modern, capabilities).sufficient());
}

TEST(ControlSelection, ClassicNeedsNoMoreThanTheFirstProcessorsHad) {
    Capabilities capabilities = all_controls();
    const Controls all = select_controls(abi::Profile::classic, capabilities).controls();
    EXPECT_EQ(all.secondary & secondary::enable_ept, 0U);
    EXPECT_EQ(all.secondary & secondary::enable_invpcid, 0U); // it would not exit
    EXPECT_NE(all.secondary & secondary::descriptor_table_exiting, 0U);
    capabilities.secondary_processor_based = 0;
    capabilities.primary_processor_based &=
        ~(std::uint64_t{primary_processor_based::activate_secondary_controls} << 32);
    const ControlSelection selection = select_controls(abi::Profile::classic, capabilities);
    EXPECT_TRUE(selection.sufficient());
    namespace primary = primary_processor_based;
    constexpr std::uint32_t needed =
        primary::cr3_load_exiting | primary::cr3_store_exiting | primary::invlpg_exiting;
    EXPECT_EQ(selection.controls().primary & needed, needed);
    EXPECT_FALSE(select_controls(abi::Profile::hardened, capabilities).sufficient());
    for (const std::uint32_t control :
         {primary::cr3_load_exiting, primary::cr3_store_exiting, primary::invlpg_exiting}) {
        Capabilities lacking = all_controls();
        lacking.primary_processor_based &= ~(std::uint64_t{control} << 32);
        EXPECT_FALSE(select_controls(abi::Profile::classic, lacking).sufficient());
    }
}

} // namespace
} // namespace hv::test

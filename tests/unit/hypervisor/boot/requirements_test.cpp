// What the processor must have, and what is said when it has not: no VT-x, VT-x locked off, no EPT.

#include "hypervisor/boot/vmcs/requirements.h"
#include "hypervisor/vmx/controls.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

class Requirements : public ::testing::Test {
  protected:
    Machine machine;
    VirtualMachine& vm = machine.machine();
    static constexpr std::uint32_t feature_control_msr = number(Msr::ia32_feature_control);

    Requirements() {
        constexpr std::uint64_t any = 0xFFFFFFFF00000000;
        Capabilities& capabilities = vm.capabilities;
        capabilities.pin_based = any;
        capabilities.primary_processor_based = any;
        capabilities.secondary_processor_based = any;
        capabilities.vm_exit = any;
        capabilities.vm_entry = any;
        capabilities.ept_vpid.raw |= 1 << 6 | 1 << 14 | 1 << 20; // 4 levels, write-back, INVEPT
    }
    template <typename Action>
    void fails(Action action, const std::string& why) {
        EXPECT_THROW(action(), RunEnded);
        EXPECT_NE(machine.console.find("lazyhv: error: "), std::string::npos);
        EXPECT_NE(machine.console.find(why), std::string::npos) << machine.console;
        EXPECT_NE(machine.console.find("@end status=1"), std::string::npos);
    }
    void without(std::uint32_t secondary_control) {
        vm.capabilities.secondary_processor_based &= ~(std::uint64_t{secondary_control} << 32);
    }
};

TEST_F(Requirements, NoVtx) {
    machine.cpuid[1] = {0, 0, 0, 0};
    fails(require_vmx, "this CPU has no VT-x");
}

TEST_F(Requirements, LockedOff) {
    machine.msrs[feature_control_msr] = feature_control::lock;
    fails(require_vmx, "VT-x is locked off by the firmware (IA32_FEATURE_CONTROL is 0x1)");
}

TEST_F(Requirements, LockedOffButForSmx) {
    machine.msrs[feature_control_msr] = feature_control::lock | feature_control::vmx_inside_smx;
    fails(require_vmx, "VT-x is locked off");
}

TEST_F(Requirements, LockedOnIsLeftAlone) {
    machine.msrs[feature_control_msr] = 5;
    require_vmx();
    EXPECT_EQ(machine.msrs[feature_control_msr], 5U);
}

TEST_F(Requirements, LeftOpenIsSetAndLocked) {
    machine.msrs[feature_control_msr] = 0x100000;
    require_vmx();
    EXPECT_EQ(machine.msrs[feature_control_msr], 0x100005U);
}

TEST_F(Requirements, NoEpt) {
    without(secondary_processor_based::enable_ept);
    fails([this] { choose_controls(vm); },
          "profile hardened needs EPT, which this CPU does not have");
}

TEST_F(Requirements, NoDescriptorTableExiting) {
    without(secondary_processor_based::descriptor_table_exiting);
    vm.profile = abi::Profile::modern;
    choose_controls(vm);
    vm.profile = abi::Profile::hardened;
    fails([this] { choose_controls(vm); }, "needs descriptor-table exiting");
}

TEST_F(Requirements, MissingRequiredControlIsNamed) {
    vm.capabilities.primary_processor_based &=
        ~(std::uint64_t{primary_processor_based::use_msr_bitmaps} << 32);
    fails([this] { choose_controls(vm); }, "needs \"use MSR bitmaps\"");
}

TEST_F(Requirements, WhatIsOnlyWantedIsSaidAndDoneWithout) {
    without(secondary_processor_based::enable_vpid);
    choose_controls(vm);
    EXPECT_FALSE(vm.has(secondary_processor_based::enable_vpid));
    EXPECT_NE(machine.console.find("not granted: enable VPID"), std::string::npos)
        << machine.console;
}

} // namespace
} // namespace hv::test

// The mirrors of registers in the control page are what was asked for last, also when the VM exit
// in which a call is executed has refused a batch before it.

#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/x86/control_register.h"
#include "shared/call_number.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

using abi::Call;

class Mirrors : public ::testing::TestWithParam<abi::Profile> {
  protected:
    Mirrors() { call(Call::vmi_init, 0); }

    KernelMachine machine{GetParam(), 64};
    abi::ControlPage& control = machine.area().control;

    abi::Error call(Call number, std::uint64_t argument) {
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(abi::ExitReason::vmcall);
        machine.fields[Field::guest_ss_access_rights] = 0xC093;
        GuestRegisters& registers = machine.vcpu().registers;
        registers.rax = static_cast<std::uint64_t>(number);
        registers.rdi = argument;
        registers.rsi = 0;
        registers.rdx = 0;
        handle_vm_exit(registers);
        return static_cast<abi::Error>(registers.rax);
    }
    /// An entry that the monitor refuses; after it the kernel asks for the value `asked` of CR0.
    void queue_refused_entry(std::uint64_t asked) {
        machine.area().entry[control.ring.tail % abi::ring_capacity] = {
            static_cast<std::uint16_t>(Call::empty), 0, 0, {}};
        ++control.ring.tail;
        control.cr0 = asked;
    }
};

constexpr std::uint64_t usual_cr0 = 0x80010031;

TEST_P(Mirrors, FollowCr0) {
    constexpr std::uint64_t value = usual_cr0 | cr0::task_switched;
    queue_refused_entry(value);
    EXPECT_EQ(call(Call::set_cr0, value), abi::Error::none);
    EXPECT_EQ(control.ring.refusals, 1U);
    EXPECT_EQ(control.cr0, value);
    queue_refused_entry(value & ~cr0::task_switched);
    EXPECT_EQ(call(Call::clts, 0), abi::Error::none);
    EXPECT_EQ(control.cr0, usual_cr0);
}

TEST_P(Mirrors, FollowCr3) {
    const std::uint64_t root = machine.make_root();
    queue_refused_entry(usual_cr0);
    control.cr3 = root;
    EXPECT_EQ(call(Call::set_cr3, root), abi::Error::none);
    EXPECT_EQ(control.cr3, root);
}

TEST_P(Mirrors, FollowLdtr) {
    queue_refused_entry(usual_cr0);
    control.ldt_selector = 1; // null, but not 0
    EXPECT_EQ(call(Call::set_ldt, 1), abi::Error::none);
    EXPECT_EQ(control.ldt_selector, 1U);
}

TEST_P(Mirrors, AgreeWithTheRegistersWhenTheCallIsRefusedToo) {
    queue_refused_entry(0);
    EXPECT_EQ(call(Call::set_cr0, 0), abi::Error::bad_cr0);
    EXPECT_EQ(control.cr0, usual_cr0);
}

INSTANTIATE_TEST_SUITE_P(Profiles, Mirrors,
                         ::testing::Values(abi::Profile::hardened, abi::Profile::classic),
                         [](const auto& row) { return std::string{abi::name(row.param)}; });

} // namespace
} // namespace hv::test

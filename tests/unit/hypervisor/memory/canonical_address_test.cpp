// An address that is not canonical is refused, although the bits that index the page tables lead
// to memory.

#include "hypervisor/calls/call_handlers.h"
#include "hypervisor/memory/guest_walk.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

using abi::Error;

class CanonicalAddress : public ::testing::Test {
  protected:
    HardenedMachine machine;
    Vcpu& vcpu = machine.vcpu();

    /// The same indices into the page tables.
    static std::uint64_t alias(std::uint64_t linear) { return linear & 0x0000FFFFFFFFFFFF; }
};

TEST_F(CanonicalAddress, OfAWalk) {
    const GuestMemory& memory = machine.machine().memory;
    EXPECT_TRUE(walk_guest(memory, machine.root, machine.gdt));
    EXPECT_FALSE(walk_guest(memory, machine.root, alias(machine.gdt)));
}

TEST_F(CanonicalAddress, OfAPointerAndOfATable) {
    const std::uint64_t page = machine.take_guest_page();
    const std::uint64_t pointer = Machine::linear_base + page;
    auto& operand = *reinterpret_cast<abi::PseudoDescriptor*>(direct_pointer(page));
    operand = {127, machine.gdt};
    EXPECT_EQ(call_set_gdt(vcpu, pointer, 0, 0), Error::none);
    EXPECT_EQ(call_set_gdt(vcpu, alias(pointer), 0, 0), Error::bad_address);
    operand = {127, alias(machine.gdt)};
    EXPECT_EQ(call_set_gdt(vcpu, pointer, 0, 0), Error::bad_address);
}

TEST_F(CanonicalAddress, OfAKernelStack) {
    constexpr std::uint64_t stack = 0xFFFFFFFF80001000;
    EXPECT_EQ(call_update_kernel_stack(vcpu, machine.tss, stack, 0), Error::none);
    EXPECT_EQ(call_update_kernel_stack(vcpu, machine.tss, alias(stack), 0), Error::bad_address);
    EXPECT_EQ(direct_word<std::uint64_t>(machine.physical(machine.tss) + 4), stack);
}

} // namespace
} // namespace hv::test

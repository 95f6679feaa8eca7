// Stores to protected descriptor tables that the monitor carries out or refuses in their exit.

#include "tests/unit/cases/trapped_store_case.h"

namespace hv::test {
namespace {

using abi::MemoryAccess;

class TrappedStore : public TrappedStoreCase {};

TEST_F(TrappedStore, PlainStoreIsEmulatedInOneExit) {
    vcpu.registers.rdx = tls;
    vcpu.registers.rdi = machine.gdt + 6 * 8;
    exit_with({0x48, 0x89, 0x17}, machine.physical(machine.gdt) + 6 * 8); // mov %rdx,(%rdi)
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
    EXPECT_EQ(machine.fields[Field::guest_rip], Machine::linear_base + code_page + 3);
    EXPECT_EQ(count(MemoryAccess::gdt_write), 1U);
    EXPECT_EQ(vcpu.statistics.exits, 1U);
}

TEST_F(TrappedStore, BlockingByStiEndsWithIt) {
    machine.fields[Field::guest_interruptibility_state] = 1;
    exit_with({0x48, 0x89, 0x07}, machine.physical(machine.gdt) + 6 * 8); // mov %rax,(%rdi)
    EXPECT_EQ(machine.fields[Field::guest_interruptibility_state], 0U);
}

TEST_F(TrappedStore, ChangedCodeIsDecodedAnew) {
    vcpu.registers.rdx = tls;
    vcpu.registers.rcx = 0x1111111111111111;
    exit_with({0x48, 0x89, 0x17}, machine.physical(machine.gdt) + 6 * 8);
    exit_with({0x48, 0x89, 0x0F}, machine.physical(machine.gdt) + 7 * 8); // mov %rcx,(%rdi)
    EXPECT_EQ(machine.gdt_slot(7), 0x1111111111111111U);
}

TEST_F(TrappedStore, RefusedStoreIsGeneralProtection) {
    vcpu.registers.rdx = call_gate;
    exit_with({0x48, 0x89, 0x17}, machine.physical(machine.gdt) + 6 * 8);
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information] & 0xFF, 13U);
    EXPECT_EQ(count(MemoryAccess::refused), 1U);
    EXPECT_NE(machine.console.find("call_gate"), std::string::npos);
}

TEST_F(TrappedStore, TheMonitorsMemoryIsNotThere) {
    exit_with({0x48, 0x89, 0x17}, fake_ram_size);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information] & 0xFF, 13U);
    EXPECT_EQ(count(MemoryAccess::refused), 1U);
}

TEST_F(TrappedStore, ToGuardedConfigurationSpaceIsDropped) {
    exit_with({0xC7, 0x07, 1, 0, 0, 0}, fake_guarded_page + 0x40); // movl $1,(%rdi)
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U);
    EXPECT_EQ(machine.fields[Field::guest_rip], Machine::linear_base + code_page + 6);
    EXPECT_EQ(count(MemoryAccess::refused), 1U);
    EXPECT_EQ(vcpu.statistics.refused, 1U);
    EXPECT_NE(machine.console.find("PCI configuration at GPA 0xe00f8040"), std::string::npos);
    exit_with({0x83, 0x0F, 1}, fake_guarded_page + 0x40); // orl $1,(%rdi)
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information] & 0xFF, 13U);
    EXPECT_EQ(machine.machine().ept.leaf(fake_guarded_page) & 7, 1U);
}

TEST_F(TrappedStore, EventDeliveryIntoAProtectedPageEndsTheRun) {
    machine.fields[Field::idt_vectoring_information] = 0x80000020;
    EXPECT_THROW(exit_with({0x48, 0x89, 0x17}, machine.physical(machine.gdt)), RunEnded);
}

} // namespace
} // namespace hv::test

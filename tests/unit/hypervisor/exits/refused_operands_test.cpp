// Operands that a guest gives and that cannot be reached, or lie where nothing is: what it is told.

#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/vmx/interruption_information.h"
#include "tests/unit/cases/classic_case.h"

namespace hv::test {
namespace {

using abi::Call;
using abi::Error;
using abi::ExitReason;

constexpr std::uint64_t top_page = ~std::uint64_t{0} - page_size + 1;

/// On hardened: calls and instructions.
class RefusedOperands : public ::testing::Test {
  protected:
    HardenedMachine machine;
    Vcpu& vcpu = machine.vcpu();

    void exit(ExitReason reason, std::uint64_t qualification = 0) {
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        machine.fields[Field::exit_qualification] = qualification;
        machine.fields[Field::vm_entry_interruption_information] = 0;
        handle_vm_exit(vcpu.registers);
    }
    std::uint64_t event() {
        return machine.fields[Field::vm_entry_interruption_information] & 0xFF;
    }
};

TEST_F(RefusedOperands, NoOperandWraps) {
    const std::uint64_t page = machine.take_guest_page();
    machine.map(machine.root, top_page, page, 3);
    machine.map(machine.root, 0, page, 3);
    std::uint8_t bytes[16]{};
    const auto read = [&](std::uint64_t linear, std::uint32_t size) {
        return read_guest_linear(machine.machine().memory, machine.root, linear, bytes, size);
    };
    EXPECT_FALSE(read(~std::uint64_t{0}, 2));
    EXPECT_FALSE(read(~std::uint64_t{0} - 3, 10));
    EXPECT_TRUE(read(~std::uint64_t{0} - 9, 10));
    EXPECT_TRUE(read(~std::uint64_t{0}, 1));
    EXPECT_TRUE(read(0, 10));
}

TEST_F(RefusedOperands, OfTableRegistersRaiseWhatTheInstructionWould) {
    constexpr std::uint64_t displacement_alone = 2U << 7 | 1U << 22 | 1U << 27;
    machine.fields[Field::guest_cs_access_rights] = 0xA09B;    // 64-bit mode
    for (const std::uint64_t instruction : {0U, 1U, 2U, 3U}) { // SGDT, SIDT, LGDT, LIDT
        machine.fields[Field::vm_exit_instruction_information] =
            instruction << 28 | displacement_alone;
        exit(ExitReason::gdtr_idtr, 0x1234); // not mapped
        EXPECT_EQ(event(), vector::page_fault) << instruction;
        exit(ExitReason::gdtr_idtr, std::uint64_t{1} << 63);
        EXPECT_EQ(event(), vector::general_protection) << instruction;
    }
}

TEST_F(RefusedOperands, AFlushFromRing3IsCountedAndNamed) {
    machine.fields[Field::guest_ss_access_rights] = 3 << 5;
    vcpu.registers.rax = static_cast<std::uint64_t>(Call::flush);
    exit(ExitReason::vmcall);
    EXPECT_EQ(vcpu.registers.rax, static_cast<std::uint64_t>(Error::not_privileged));
    EXPECT_EQ(vcpu.statistics.refused, 1U);
    EXPECT_NE(machine.console.find("not_privileged"), std::string::npos);
}

TEST_F(RefusedOperands, AWrongTailIsNamedAsOne) {
    vcpu.area->control.ring.tail = vcpu.ring_head + abi::ring_capacity + 1;
    exit(ExitReason::cpuid);
    EXPECT_NE(machine.console.find("refused ring tail 0x201: ring_index"), std::string::npos)
        << machine.console;
}

// A store of the processor's own to a page table, for IRET: then IRET runs again.
TEST_F(RefusedOperands, AnIretThatMustRunAgainHasNotEndedBlockingByNmi) {
    constexpr std::uint64_t write_to_table = 1 << 1 | 1 << 7;
    constexpr std::uint64_t unblocking_due_to_iret = 1 << 12;
    machine.fields[Field::guest_physical_address] = machine.physical(machine.gdt);
    machine.fields[Field::guest_linear_address] = machine.gdt;
    const auto blocked_after = [&](std::uint64_t qualification, std::uint64_t vectoring) {
        machine.fields[Field::guest_interruptibility_state] = 0;
        machine.fields[Field::idt_vectoring_information] = vectoring;
        exit(ExitReason::ept_violation, write_to_table | qualification);
        return machine.fields[Field::guest_interruptibility_state] == 8;
    };
    EXPECT_TRUE(blocked_after(unblocking_due_to_iret, 0));
    EXPECT_FALSE(blocked_after(0, 0));
    EXPECT_FALSE(blocked_after(unblocking_due_to_iret, 0x80000306)); // not IRET's, but a delivery's
}

/// On classic: pages that the guest maps to memory that does not exist.
class NothingThere : public ClassicCase {
  protected:
    static constexpr std::uint64_t invalid_opcode = 0x80000306; ///< #UD, being delivered

    void SetUp() override {
        const std::uint64_t monitor = machine.machine().monitor.begin;
        machine.map(machine.root, page, monitor, 7);
    }
    void deliver_there(std::uint64_t event) {
        machine.fields[Field::idt_vectoring_information] = event;
        fault(page + 0xFF8, write);
    }
};

TEST_F(NothingThere, AnAccessIsRefusedAndCounted) {
    fault(page, write);
    EXPECT_TRUE(refused());
    EXPECT_EQ(count(abi::MemoryAccess::refused), 1U);
}

// Were the guest told, it would be by an event that goes the same way, over and over.
TEST_F(NothingThere, ADeliveryEndsTheRun) {
    EXPECT_THROW(deliver_there(invalid_opcode), RunEnded);
    EXPECT_NE(machine.console.find("delivers an event into protected memory"), std::string::npos)
        << machine.console;
}

} // namespace
} // namespace hv::test

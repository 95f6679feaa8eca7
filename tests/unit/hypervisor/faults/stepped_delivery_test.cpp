// Events of a kernel with CR0.WP clear whose stack lies on read-only pages that cannot be made
// writable for it: their frames go to copies of the pages.

#include "hypervisor/address_space/requests.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/x86/rflags.h"
#include "tests/unit/cases/classic_case.h"

namespace hv::test {
namespace {

constexpr std::uint64_t undefined_opcode = 0x80000306;
constexpr std::uint64_t no_event = 0;

class SteppedDelivery : public ClassicCase {
  protected:
    static constexpr std::uint64_t read_only = 1;
    static constexpr std::uint64_t read_only_user = 5;
    static constexpr std::uint64_t writable_page = 3;
    static constexpr std::uint64_t handler = Machine::linear_base + code_page;

    explicit SteppedDelivery(std::uint32_t vcpus) : ClassicCase{256, false, vcpus} {}

    void SetUp() override {
        vcpu.registers.rbx = 0x80000031; // CR0 without WP
        exit(abi::ExitReason::cr_access, 0 | 3 << 8);
        load(handler, {.fetch = true});
    }
    /// The processor has faulted on a push of `event`.
    void push_faults(std::uint64_t linear, std::uint64_t event = undefined_opcode) {
        machine.fields[Field::idt_vectoring_information] = event;
        fault(linear, write);
        machine.fields[Field::idt_vectoring_information] = no_event;
    }
    bool push(std::uint64_t linear, std::uint64_t value) {
        const ShadowProcessor::Result result = cpu.translate(linear, {.write = true});
        if (result.translated)
            machine.word(result.physical) = value;
        return result.translated;
    }
    /// The frame has been written, and the handler's first instruction is fetched.
    void fetch() {
        const ShadowProcessor::Result result = cpu.translate(handler, {.fetch = true});
        ASSERT_FALSE(result.translated);
        fault(handler, result.code);
        EXPECT_EQ(event(), no_event);
    }
    /// An access for which the guest's page tables have the right.
    void load(std::uint64_t linear, Access access) {
        if (const auto result = cpu.translate(linear, access); !result.translated)
            fault(linear, result.code);
        EXPECT_TRUE(cpu.translate(linear, access).translated);
    }
    void expect_ended() {
        EXPECT_FALSE(vcpu.single_step.active);
        EXPECT_EQ(machine.fields[Field::guest_cr3], vcpu.roots.current.loaded);
        EXPECT_EQ(vcpu.pending, 0U);
        EXPECT_TRUE(cpu.translate(handler, {.fetch = true}).translated);
        EXPECT_FALSE(cpu.translate(page, {.write = true}).translated);
        EXPECT_TRUE(shadows.consistent());
        EXPECT_EQ(cpu.broken(), nullptr);
    }
};

class SteppedDeliveryOnTwo : public SteppedDelivery {
  protected:
    SteppedDeliveryOnTwo() : SteppedDelivery{2} {}
    ShadowProcessor other{machine, random, 1};
};

class SteppedDeliveryOnOne : public SteppedDelivery {
  protected:
    SteppedDeliveryOnOne() : SteppedDelivery{1} {}
};

TEST_F(SteppedDeliveryOnTwo, OnlyTheFrameIsWritten) {
    const std::uint64_t gpa = map_page(page, read_only);
    load(page, {}); // and the processor has it cached
    push_faults(page + 0xFF8);
    EXPECT_EQ(event(), undefined_opcode);
    EXPECT_EQ(vcpu.pending, 0U);
    EXPECT_EQ(count(abi::MemoryAccess::stepped_write), 1U);
    machine.on(1, [this] {
        other.fault(page, 0);
        EXPECT_TRUE(other.translate(page, {.fetch = true}).translated);
        EXPECT_FALSE(other.translate(page, {.write = true}).translated);
    });
    EXPECT_TRUE(push(page + 0xFF8, 0x10));
    fetch();
    EXPECT_EQ(machine.word(gpa + 0xFF8), 0x10U);
    expect_ended();
}

TEST_F(SteppedDeliveryOnTwo, AFrameOverTwoPages) {
    const std::uint64_t low = map_page(page, read_only);
    const std::uint64_t high = map_page(page + page_size, read_only);
    push_faults(page + page_size);
    EXPECT_TRUE(push(page + page_size, 0x10));
    EXPECT_FALSE(push(page + 0xFF8, 0x20));
    push_faults(page + 0xFF8);
    EXPECT_EQ(event(), undefined_opcode);
    EXPECT_TRUE(push(page + page_size, 0x11));
    EXPECT_TRUE(push(page + 0xFF8, 0x21));
    fetch();
    EXPECT_EQ(machine.word(high), 0x11U);
    EXPECT_EQ(machine.word(low + 0xFF8), 0x21U);
    expect_ended();
}

// No event has a frame over three pages.
TEST_F(SteppedDeliveryOnTwo, AThirdPageEndsTheRun) {
    for (std::uint64_t index = 0; index < 3; ++index)
        map_page(page + index * page_size, read_only);
    push_faults(page);
    push_faults(page + page_size);
    EXPECT_THROW(push_faults(page + 2 * page_size), RunEnded);
}

TEST_F(SteppedDeliveryOnTwo, ANewEventHasItsOwnPages) {
    for (std::uint64_t index = 0; index < 3; ++index) {
        const std::uint64_t stack = page + index * page_size;
        const std::uint64_t gpa = map_page(stack, read_only);
        push_faults(stack, 0x80000020);
        EXPECT_EQ(event(), 0x80000020U);
        EXPECT_TRUE(push(stack, index + 1));
        fetch();
        EXPECT_EQ(machine.word(gpa), index + 1);
        expect_ended();
    }
}

TEST_F(SteppedDeliveryOnTwo, ARequestBeforeVmEntryEndsItUndelivered) {
    const std::uint64_t gpa = map_page(page, read_only);
    push_faults(page, 0x80000202); // NMI
    vcpu.requests = request::all_translations;
    machine.enter(0);
    EXPECT_EQ(event(), 0x80000202U);
    expect_ended();
    push_faults(page, 0x80000202);
    EXPECT_EQ(event(), 0x80000202U);
    EXPECT_TRUE(push(page, 0x10));
    fetch();
    EXPECT_EQ(machine.word(gpa), 0x10U);
    expect_ended();
}

// The page becomes a page table after VM entry, and what is pushed is no allowed entry.
TEST_F(SteppedDeliveryOnTwo, APageThatIsProtectedMeanwhileIsNotWritten) {
    const std::uint64_t gpa = map_page(page, read_only);
    push_faults(page);
    EXPECT_TRUE(push(page, std::uint64_t{1} << 51 | 1));
    machine.on(1, [&] {
        EXPECT_EQ(set_guest_cr3(machine.vcpu(), machine.root), abi::Error::none);
        settle(machine.vcpu());
        Vcpu& second = machine.vcpu();
        second.registers.rax = static_cast<std::uint64_t>(abi::Call::allocate_page);
        second.registers.rdi = gpa / page_size;
        second.registers.rsi = 0;
        second.registers.rdx = 1;
        machine.fields[Field::vm_exit_instruction_length] = 3;
        other.exit(abi::ExitReason::vmcall);
        EXPECT_EQ(second.registers.rax, 0U);
    });
    EXPECT_TRUE(frame(gpa).is_page_table());
    EXPECT_THROW(fault(handler, fault_code::fetch | fault_code::present), RunEnded);
    EXPECT_EQ(machine.word(gpa), 0U);
}

TEST_F(SteppedDeliveryOnTwo, WhatIsNotOrdinaryMemoryEndsTheRun) {
    machine.map(machine.root, page, fake_guarded_page, read_only);
    EXPECT_THROW(push_faults(page), RunEnded);
}

TEST_F(SteppedDeliveryOnTwo, APageTableThatItNeedsEndsTheRun) {
    map_page(page, writable_page);
    const std::uint64_t table = align_down(guest_entry(page, 1), page_size);
    machine.map(machine.root, page, table, read_only);
    EXPECT_THROW(push_faults(page), RunEnded);
}

TEST_F(SteppedDeliveryOnTwo, TheGuestsOwnFaultIsNot) {
    map_page(page, read_only_user);
    machine.fields[Field::idt_vectoring_information] = undefined_opcode;
    fault(page, write | fault_code::user | fault_code::present);
    EXPECT_TRUE(reflected(write | fault_code::user | fault_code::present));
    EXPECT_FALSE(vcpu.single_step.active);
}

TEST_F(SteppedDeliveryOnOne, WhereAnEntryAboveIsReadOnly) {
    const std::uint64_t gpa = map_page(page, writable_page);
    machine.word(guest_entry(page, 3)) &= ~paging::writable;
    push_faults(page);
    EXPECT_EQ(event(), undefined_opcode);
    EXPECT_TRUE(push(page, 0x10));
    fetch();
    EXPECT_EQ(machine.word(gpa), 0x10U);
    expect_ended();
}

TEST_F(SteppedDeliveryOnOne, AUserPageUnderSmap) {
    const std::uint64_t gpa = map_page(page, read_only_user);
    vcpu.registers.rbx = cr4::physical_address_extension | cr4::supervisor_access_prevention |
                         cr4::supervisor_execution_prevention;
    exit(abi::ExitReason::cr_access, 4 | 3 << 8);
    push_faults(page);
    EXPECT_TRUE(reflected(write | fault_code::present)); // AC is clear
    machine.fields[Field::guest_rflags] |= rflags::alignment_check;
    push_faults(page);
    EXPECT_EQ(event(), undefined_opcode);
    EXPECT_TRUE(push(page, 0x10));
    fetch();
    EXPECT_EQ(machine.word(gpa), 0x10U);
    expect_ended();
    machine.fields[Field::guest_rflags] &= ~rflags::alignment_check;
    EXPECT_FALSE(cpu.translate(page, {}).translated);
}

} // namespace
} // namespace hv::test

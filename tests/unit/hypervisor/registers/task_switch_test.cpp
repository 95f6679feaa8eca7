// Task switches, in a guest without paging. What a switch should do is judged by a Multiboot kernel
// on the bare machine (tests/modes/modes.S); here it is that nothing in a TSS or a descriptor leads
// to a state that VM entry refuses.

#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/registers/operating_mode.h"
#include "hypervisor/registers/task_state.h"
#include "hypervisor/vcpu/entry_violations.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/rflags.h"
#include "shared/split_mix.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

#include <string>

namespace hv::test {
namespace {

constexpr std::uint16_t old_task = 0x40;
constexpr std::uint16_t new_task = 0x48;
constexpr std::uint16_t local_table = 0x50;
constexpr std::uint64_t call = 0;
constexpr std::uint64_t iret = 1;
constexpr std::uint64_t jmp = 2;
constexpr std::uint64_t gate = 3;

class TaskSwitchTest : public ::testing::Test {
  protected:
    KernelMachine machine;
    Vcpu& vcpu = machine.vcpu();
    std::uint64_t gdt = machine.take_guest_page();
    std::uint64_t old_tss = machine.take_guest_page();
    std::uint64_t new_tss = machine.take_guest_page();
    TaskStateSegment state{};

    explicit TaskSwitchTest(abi::Profile profile) : machine{profile, 256} {
        if (profile == abi::Profile::classic) {
            machine.machine().protects = false;
            vcpu.cr0_forced |= cr0::protection_enable | cr0::paging;
        } else {
            machine.machine().controls.secondary |= secondary_processor_based::unrestricted_guest;
            machine.fields[Field::primary_processor_based_controls] |=
                primary_processor_based::activate_secondary_controls;
            machine.fields[Field::secondary_processor_based_controls] |=
                secondary_processor_based::unrestricted_guest |
                secondary_processor_based::enable_ept;
        }
        begin();
        state.registers.eip = 0x1234;
        state.registers.general[4] = static_cast<std::uint32_t>(old_tss) + 0x800;
        for (std::uint32_t& selector : state.registers.selector)
            selector = 0x10;
        state.registers.selector[1] = 0x08;
    }

    std::uint64_t& descriptor(std::uint16_t selector) { return machine.word(gdt + selector); }

    /// The old task runs.
    void begin() {
        load_protected_mode_state(vcpu, 0x08, 0x10);
        descriptor(0) = 0;
        descriptor(0x08) = descriptor_from_segment(flat_code_32(0));
        descriptor(0x10) = descriptor_from_segment(flat_data(0));
        descriptor(old_task) = tss(old_tss, segment_type::tss_busy);
        descriptor(new_task) = tss(new_tss, segment_type::tss_available);
        descriptor(local_table) = descriptor_from_segment({0, gdt, 0x7F, {0x82}});
        machine.fields[Field::guest_gdtr_base] = gdt;
        machine.fields[Field::guest_gdtr_limit] = 0x7F;
        write_task_register(vcpu, segment_from_descriptor(old_task, descriptor(old_task)));
        machine.fields[Field::guest_rip] = 0x5000;
        machine.fields[Field::idt_vectoring_information] = 0;
    }
    static std::uint64_t tss(std::uint64_t base, std::uint8_t type) {
        return descriptor_from_segment({0, base, sizeof(TaskStateSegment) - 1, {0x80U | type}});
    }
    void run(std::uint64_t source) {
        std::memcpy(direct_pointer(new_tss), &state, sizeof(state));
        machine.fields[Field::exit_reason] =
            static_cast<std::uint64_t>(abi::ExitReason::task_switch);
        machine.fields[Field::exit_qualification] = source << 30 | new_task;
        machine.fields[Field::vm_exit_instruction_length] = 7;
        machine.fields[Field::vm_entry_interruption_information] = 0;
        handle_vm_exit(vcpu.registers);
    }
    std::uint64_t event() {
        return machine.fields[Field::vm_entry_interruption_information] & 0xFF;
    }
    bool is_entered() { return machine.fields[Field::guest_tr_selector] == new_task; }
    void judge_random_switches();
};

class TaskSwitches : public TaskSwitchTest {
  protected:
    TaskSwitches() : TaskSwitchTest{abi::Profile::modern} {}
};

class TaskSwitchesOnClassic : public TaskSwitchTest {
  protected:
    TaskSwitchesOnClassic() : TaskSwitchTest{abi::Profile::classic} {}
};

TEST_F(TaskSwitches, ACallNestsAndAJumpDoesNot) {
    vcpu.registers.rbx = 0x77;
    run(call);
    EXPECT_TRUE(is_entered());
    EXPECT_EQ(event(), 0U);
    EXPECT_EQ(machine.fields[Field::guest_rip], 0x1234U);
    EXPECT_NE(machine.fields[Field::guest_rflags] & rflags::nested_task, 0U);
    EXPECT_NE(machine.fields[Field::guest_cr0] & cr0::task_switched, 0U);
    EXPECT_EQ(machine.word(new_tss) & 0xFFFF, old_task);
    EXPECT_EQ(machine.word(old_tss + 0x20) & 0xFFFFFFFF, 0x5007U);
    EXPECT_EQ(machine.word(old_tss + 0x30) >> 32, 0x77U); // EBX
    EXPECT_EQ(descriptor(old_task), tss(old_tss, segment_type::tss_busy));
    EXPECT_EQ(descriptor(new_task), tss(new_tss, segment_type::tss_busy));
    begin();
    run(jmp);
    EXPECT_TRUE(is_entered());
    EXPECT_EQ(machine.fields[Field::guest_rflags] & rflags::nested_task, 0U);
    EXPECT_EQ(descriptor(old_task), tss(old_tss, segment_type::tss_available));
}

TEST_F(TaskSwitches, AReturnNeedsABusyTask) {
    run(iret);
    EXPECT_EQ(event(), vector::invalid_tss);
    EXPECT_FALSE(is_entered());
    EXPECT_EQ(machine.fields[Field::vm_entry_exception_error_code], new_task);
    descriptor(new_task) = tss(new_tss, segment_type::tss_busy);
    machine.fields[Field::guest_rflags] = 2 | rflags::nested_task;
    run(iret);
    EXPECT_TRUE(is_entered());
    EXPECT_EQ(machine.word(old_tss + 0x20) >> 32, 2U); // EFLAGS, without NT
}

TEST_F(TaskSwitches, AFaultPushesItsErrorCodeOnTheNewStack) {
    machine.fields[Field::idt_vectoring_information] =
        InterruptionInformation::exception(vector::page_fault).raw;
    machine.fields[Field::idt_vectoring_error_code] = 6;
    run(gate);
    EXPECT_TRUE(is_entered());
    EXPECT_EQ(event(), 0U);
    const std::uint64_t stack = machine.fields[Field::guest_rsp];
    EXPECT_EQ(stack, old_tss + 0x7FC);
    EXPECT_EQ(direct_word<std::uint32_t>(stack), 6U);
    // It is a fault: the instruction itself is saved, with RF.
    EXPECT_EQ(machine.word(old_tss + 0x20), 0x5000U | (2 | rflags::resume) << 32);
}

TEST_F(TaskSwitches, SegmentsOfTheNewTaskAreJudged) {
    state.registers.selector[2] = 0x08; // SS: code
    run(call);
    EXPECT_TRUE(is_entered());
    EXPECT_EQ(event(), vector::invalid_tss);
    EXPECT_EQ(machine.fields[Field::vm_entry_exception_error_code], 0x08U);
}

// Every field of the TSS, and the descriptors, from a list of values that are often right.
void TaskSwitchTest::judge_random_switches() {
    abi::SplitMix random{1};
    const auto any_selector = [&] {
        constexpr std::uint16_t often[]{0x08, 0x10, 0x18, 0x1B, 0x23, 0x0C, 0x14, local_table};
        return random.below(4) != 0 ? often[random.below(std::size(often))]
                                    : static_cast<std::uint16_t>(random.next());
    };
    std::uint32_t entered = 0;
    std::uint32_t complete = 0;
    for (int round = 0; round < 3000; ++round) {
        begin();
        for (std::uint16_t selector = 0x18; selector <= 0x30; selector += 8) {
            descriptor(selector) = descriptor_from_segment(
                {0,
                 random.below(2) != 0 ? 0 : random.next() & 0xFFFFFFFF,
                 0xFFFFFFFF,
                 {static_cast<std::uint32_t>(0xC090 | random.below(16) | random.below(4) << 5)}});
            if (random.below(8) == 0)
                descriptor(selector) = random.next();
        }
        if (random.below(8) == 0)
            descriptor(local_table) = random.next();
        if (random.below(4) == 0) // virtual-8086 mode
            for (std::size_t number = 0; number < segment_register_count; ++number)
                write_segment(vcpu, number, {0x100, 0x1000, 0xFFFF, {0xF3}});
        if (machine.fields[Field::guest_cs_access_rights] == 0xF3)
            machine.fields[Field::guest_rflags] |= rflags::virtual_8086_mode;
        for (std::uint32_t& selector : state.registers.selector)
            selector =
                random.below(8) == 0 ? static_cast<std::uint32_t>(random.next()) : any_selector();
        state.ldt = random.below(3) != 0 ? local_table : any_selector();
        state.registers.eflags = static_cast<std::uint32_t>(random.next());
        if (random.below(3) != 0)
            state.registers.eflags &= ~static_cast<std::uint32_t>(rflags::virtual_8086_mode);
        state.registers.general[4] = static_cast<std::uint32_t>(random.next());
        const std::uint64_t source = random.below(4);
        if (source == gate && random.below(2) != 0)
            machine.fields[Field::idt_vectoring_information] =
                InterruptionInformation::exception(vector::general_protection).raw;
        if (source == iret)
            descriptor(new_task) = tss(new_tss, segment_type::tss_busy);
        run(source);
        entered += is_entered() ? 1 : 0;
        complete += is_entered() && event() == 0 ? 1 : 0;
        const EntryReport report = entry_violations(vcpu);
        for (const Violation& violation : report.violations()) {
            // The others are about the host, and about CR0, which the fake processor lacks.
            const std::string_view section = text(violation.rule).section;
            if (section > "27.3.1.1" && section < "27.3.2")
                ADD_FAILURE() << "round " << round << ": "
                              << std::string(describe(violation).view());
        }
        if (HasFailure())
            break;
    }
    EXPECT_GT(entered, 2000U);
    EXPECT_GT(complete, 200U);
}

TEST_F(TaskSwitches, NothingLeadsToAStateThatVmEntryRefuses) { judge_random_switches(); }

// It refuses more without "unrestricted guest".
TEST_F(TaskSwitchesOnClassic, NothingLeadsToAStateThatVmEntryRefuses) { judge_random_switches(); }

} // namespace
} // namespace hv::test

// Accessors of exit qualifications, instruction information and interruption information, on words
// composed by hand from the manual's tables.

#include "hypervisor/vmx/exit_qualification.h"
#include "hypervisor/vmx/instruction_information.h"
#include "hypervisor/vmx/interruption_information.h"

#include <gtest/gtest.h>

namespace hv {
namespace {

TEST(ExitQualification, CrAccess) {
    const CrAccess mov_to_cr3_from_r9{0x0903};
    EXPECT_EQ(mov_to_cr3_from_r9.control_register(), 3);
    EXPECT_EQ(mov_to_cr3_from_r9.type(), CrAccess::Type::mov_to_cr);
    EXPECT_EQ(mov_to_cr3_from_r9.general_register(), 9);
    const CrAccess mov_from_cr8_to_rdi{0x0718};
    EXPECT_EQ(mov_from_cr8_to_rdi.control_register(), 8);
    EXPECT_EQ(mov_from_cr8_to_rdi.type(), CrAccess::Type::mov_from_cr);
    EXPECT_EQ(mov_from_cr8_to_rdi.general_register(), 7);
    EXPECT_EQ(CrAccess{0x20}.type(), CrAccess::Type::clts);
    const CrAccess lmsw_from_memory{0xBEEF0070};
    EXPECT_EQ(lmsw_from_memory.type(), CrAccess::Type::lmsw);
    EXPECT_TRUE(lmsw_from_memory.lmsw_memory_operand());
    EXPECT_EQ(lmsw_from_memory.lmsw_source_data(), 0xBEEF);
    EXPECT_FALSE(CrAccess{0xBEEF0030}.lmsw_memory_operand());
}

TEST(ExitQualification, DrAccess) {
    const DrAccess from_dr7_to_r15{0x0F17};
    EXPECT_EQ(from_dr7_to_r15.debug_register(), 7);
    EXPECT_TRUE(from_dr7_to_r15.mov_from_dr());
    EXPECT_EQ(from_dr7_to_r15.general_register(), 15);
    EXPECT_FALSE(DrAccess{0x0003}.mov_from_dr());
}

TEST(ExitQualification, IoInstruction) {
    const IoInstruction in_byte_immediate{0x00600048};
    EXPECT_EQ(in_byte_immediate.size(), 1);
    EXPECT_TRUE(in_byte_immediate.in());
    EXPECT_TRUE(in_byte_immediate.immediate());
    EXPECT_FALSE(in_byte_immediate.string());
    EXPECT_EQ(in_byte_immediate.port(), 0x60);
    const IoInstruction rep_outs_dword{0x0CF80033};
    EXPECT_EQ(rep_outs_dword.size(), 4);
    EXPECT_FALSE(rep_outs_dword.in());
    EXPECT_TRUE(rep_outs_dword.string());
    EXPECT_TRUE(rep_outs_dword.rep_prefixed());
    EXPECT_EQ(rep_outs_dword.port(), 0x0CF8);
    EXPECT_EQ(IoInstruction{1}.size(), 2);
}

TEST(InstructionInformation, StringIo) {
    const StringIoInformation outs_16_bit_fs{4U << 15};
    EXPECT_EQ(outs_16_bit_fs.address_size(), 16);
    EXPECT_EQ(outs_16_bit_fs.segment_register(), SegmentNumber::fs);
    EXPECT_EQ(StringIoInformation{1U << 7}.address_size(), 32);
    EXPECT_EQ(StringIoInformation{2U << 7 | 3U << 15}.address_size(), 64);
    EXPECT_EQ(StringIoInformation{2U << 7 | 3U << 15}.segment_register(), SegmentNumber::ds);
}

TEST(ExitQualification, EptViolationReadsEachBitAlone) {
    const auto accessors = std::to_array<std::pair<unsigned, bool (EptViolation::*)() const>>({
        {0, &EptViolation::data_read},
        {1, &EptViolation::data_write},
        {2, &EptViolation::instruction_fetch},
        {3, &EptViolation::readable},
        {4, &EptViolation::writable},
        {5, &EptViolation::executable},
        {6, &EptViolation::user_executable},
        {7, &EptViolation::linear_address_valid},
        {8, &EptViolation::translated_access},
        {9, &EptViolation::user_mode_linear_address},
        {10, &EptViolation::linear_address_writable},
        {11, &EptViolation::linear_address_execute_disabled},
        {12, &EptViolation::nmi_unblocking_due_to_iret},
        {13, &EptViolation::shadow_stack_access},
        {15, &EptViolation::guest_paging_verification},
        {16, &EptViolation::asynchronous},
    });
    for (const auto& [position, accessor] : accessors) {
        const EptViolation only{std::uint64_t{1} << position};
        const EptViolation all_but{~(std::uint64_t{1} << position)};
        EXPECT_TRUE((only.*accessor)()) << position;
        EXPECT_FALSE((all_but.*accessor)()) << position;
    }
}

TEST(ExitQualification, TaskSwitch) {
    const TaskSwitch by_gate{0xC0000028};
    EXPECT_EQ(by_gate.selector(), 0x28);
    EXPECT_EQ(by_gate.source(), TaskSwitch::Source::task_gate_in_idt);
    EXPECT_EQ(TaskSwitch{0x40000028}.source(), TaskSwitch::Source::iret);
    EXPECT_EQ(TaskSwitch{0x80000028}.source(), TaskSwitch::Source::jmp);
    EXPECT_EQ(TaskSwitch{0x00000028}.source(), TaskSwitch::Source::call);
}

TEST(ExitQualification, DebugException) {
    const DebugException single_step_and_breakpoint_2{0x4004};
    EXPECT_EQ(single_step_and_breakpoint_2.breakpoints(), 4);
    EXPECT_TRUE(single_step_and_breakpoint_2.single_step());
    EXPECT_FALSE(single_step_and_breakpoint_2.debug_register_access());
    EXPECT_TRUE(DebugException{0x2000}.debug_register_access());
}

TEST(InstructionInformation, GdtrIdtr) {
    // LIDT [rbp + r9 * 8], DS, 64-bit address.
    const GdtrIdtrInformation lidt{3U << 28 | 5U << 23 | 9U << 18 | 3U << 15 | 2U << 7 | 3U};
    EXPECT_EQ(lidt.instruction(), GdtrIdtrInformation::Instruction::lidt);
    const MemoryOperandInformation memory = lidt.memory();
    EXPECT_EQ(memory.scaling(), 8);
    EXPECT_EQ(memory.address_size(), 64);
    EXPECT_EQ(memory.segment_register(), SegmentNumber::ds);
    EXPECT_TRUE(memory.has_index());
    EXPECT_EQ(memory.index_register(), 9);
    EXPECT_TRUE(memory.has_base());
    EXPECT_EQ(memory.base_register(), 5);
    EXPECT_FALSE(lidt.operand_size_32());
    EXPECT_TRUE(GdtrIdtrInformation{1U << 11}.operand_size_32());

    const GdtrIdtrInformation sgdt_displacement_only{1U << 27 | 1U << 22 | 1U << 7};
    EXPECT_EQ(sgdt_displacement_only.instruction(), GdtrIdtrInformation::Instruction::sgdt);
    EXPECT_FALSE(sgdt_displacement_only.memory().has_index());
    EXPECT_FALSE(sgdt_displacement_only.memory().has_base());
    EXPECT_EQ(sgdt_displacement_only.memory().address_size(), 32);
    EXPECT_EQ(sgdt_displacement_only.memory().scaling(), 1);
}

TEST(InstructionInformation, LdtrTr) {
    const LdtrTrInformation ltr_r12{3U << 28 | 1U << 10 | 12U << 3};
    EXPECT_EQ(ltr_r12.instruction(), LdtrTrInformation::Instruction::ltr);
    EXPECT_TRUE(ltr_r12.register_operand());
    EXPECT_EQ(ltr_r12.general_register(), 12);
    const LdtrTrInformation lldt_memory{2U << 28 | 1U << 22 | 4U << 23 | 2U << 15 | 2U << 7};
    EXPECT_EQ(lldt_memory.instruction(), LdtrTrInformation::Instruction::lldt);
    EXPECT_FALSE(lldt_memory.register_operand());
    EXPECT_EQ(lldt_memory.memory().base_register(), 4);
    EXPECT_EQ(lldt_memory.memory().segment_register(), SegmentNumber::ss);
}

TEST(InterruptionInformation, MakeAndReadBack) {
    const auto page_fault = InterruptionInformation::exception(vector::page_fault);
    EXPECT_EQ(page_fault.raw, 0x80000B0EU);
    EXPECT_TRUE(page_fault.valid());
    EXPECT_TRUE(page_fault.error_code());
    EXPECT_EQ(page_fault.type(), InterruptionType::hardware_exception);
    EXPECT_EQ(page_fault.vector(), 14);
    EXPECT_EQ(InterruptionInformation::exception(vector::invalid_opcode).raw, 0x80000306U);
    EXPECT_EQ(InterruptionInformation::make(InterruptionType::external_interrupt, 0x20, false).raw,
              0x80000020U);
    EXPECT_TRUE(InterruptionInformation{1U << 12}.nmi_unblocking_due_to_iret());
    EXPECT_FALSE(InterruptionInformation{0x7FFFFFFF}.valid());
}

TEST(InterruptionInformation, VectorsWithErrorCode) {
    for (unsigned number = 0; number < 256; ++number) {
        const bool expected = number == 8 || (number >= 10 && number <= 14) || number == 17;
        EXPECT_EQ(has_error_code(static_cast<std::uint8_t>(number)), expected) << number;
    }
}

} // namespace
} // namespace hv

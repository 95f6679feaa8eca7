// The instructions that start-up code uses, with what executes each.

#include "hypervisor/instructions/interpreter/handlers.h"
#include "hypervisor/instructions/interpreter/processor.h"
#include "hypervisor/x86/status_flags.h"

namespace hv::startup {

namespace {

constexpr std::uint32_t with(StoreOperation operation) {
    return static_cast<std::uint32_t>(operation);
}
constexpr std::uint32_t with(Shift which) { return static_cast<std::uint32_t>(which); }
constexpr std::uint32_t with(Rotate which) { return static_cast<std::uint32_t>(which); }
constexpr std::uint32_t with(LoopWhile wanted) { return static_cast<std::uint32_t>(wanted); }

constexpr auto direction_flag = static_cast<std::uint32_t>(rflags::direction);
constexpr auto interrupt_flag = static_cast<std::uint32_t>(rflags::interrupt_enable);
constexpr auto carry_flag = static_cast<std::uint32_t>(status_flag::carry);

// clang-format off
constexpr Instruction instructions[] = {
    {ZYDIS_MNEMONIC_MOV, 0, move},
    {ZYDIS_MNEMONIC_MOVZX, 0, move},
    {ZYDIS_MNEMONIC_MOVSX, 0, move_sign_extended},
    {ZYDIS_MNEMONIC_LEA, 0, load_address},
    {ZYDIS_MNEMONIC_XCHG, 0, exchange},
    {ZYDIS_MNEMONIC_BSWAP, 0, swap_bytes},
    {ZYDIS_MNEMONIC_PUSH, 0, push_operand},
    {ZYDIS_MNEMONIC_POP, 0, pop_operand},
    {ZYDIS_MNEMONIC_PUSHF, 0, push_flags},
    {ZYDIS_MNEMONIC_PUSHFD, 0, push_flags},
    {ZYDIS_MNEMONIC_POPF, 0, pop_flags},
    {ZYDIS_MNEMONIC_POPFD, 0, pop_flags},

    {ZYDIS_MNEMONIC_ADD, with(StoreOperation::add), operate},
    {ZYDIS_MNEMONIC_ADC, with(StoreOperation::add_with_carry), operate},
    {ZYDIS_MNEMONIC_SUB, with(StoreOperation::subtract), operate},
    {ZYDIS_MNEMONIC_SBB, with(StoreOperation::subtract_with_borrow), operate},
    {ZYDIS_MNEMONIC_AND, with(StoreOperation::bitwise_and), operate},
    {ZYDIS_MNEMONIC_OR, with(StoreOperation::bitwise_or), operate},
    {ZYDIS_MNEMONIC_XOR, with(StoreOperation::bitwise_xor), operate},
    {ZYDIS_MNEMONIC_INC, with(StoreOperation::increment), operate},
    {ZYDIS_MNEMONIC_DEC, with(StoreOperation::decrement), operate},
    {ZYDIS_MNEMONIC_NOT, with(StoreOperation::complement), operate},
    {ZYDIS_MNEMONIC_NEG, with(StoreOperation::negate), operate},
    {ZYDIS_MNEMONIC_XADD, with(StoreOperation::exchange_and_add), operate},
    {ZYDIS_MNEMONIC_CMPXCHG, with(StoreOperation::compare_and_exchange), operate},
    {ZYDIS_MNEMONIC_CMP, with(StoreOperation::subtract), operate_and_drop},
    {ZYDIS_MNEMONIC_TEST, with(StoreOperation::bitwise_and), operate_and_drop},
    {ZYDIS_MNEMONIC_BT, with(StoreOperation::bit_set), test_bit},
    {ZYDIS_MNEMONIC_BTS, with(StoreOperation::bit_set), change_bit},
    {ZYDIS_MNEMONIC_BTR, with(StoreOperation::bit_reset), change_bit},
    {ZYDIS_MNEMONIC_BTC, with(StoreOperation::bit_complement), change_bit},
    {ZYDIS_MNEMONIC_SHL, with(Shift::left), shift},
    {ZYDIS_MNEMONIC_SHR, with(Shift::right), shift},
    {ZYDIS_MNEMONIC_SAR, with(Shift::arithmetic_right), shift},
    {ZYDIS_MNEMONIC_SHLD, with(Shift::left), shift_double},
    {ZYDIS_MNEMONIC_SHRD, with(Shift::right), shift_double},
    {ZYDIS_MNEMONIC_ROL, with(Rotate::left), rotate},
    {ZYDIS_MNEMONIC_ROR, with(Rotate::right), rotate},
    {ZYDIS_MNEMONIC_RCL, with(Rotate::left_with_carry), rotate},
    {ZYDIS_MNEMONIC_RCR, with(Rotate::right_with_carry), rotate},

    {ZYDIS_MNEMONIC_JMP, 0, jump},
    {ZYDIS_MNEMONIC_CALL, 0, call},
    {ZYDIS_MNEMONIC_RET, 0, return_from_call},
    {ZYDIS_MNEMONIC_LOOP, with(LoopWhile::any), loop},
    {ZYDIS_MNEMONIC_LOOPE, with(LoopWhile::zero), loop},
    {ZYDIS_MNEMONIC_LOOPNE, with(LoopWhile::not_zero), loop},
    {ZYDIS_MNEMONIC_JCXZ, 0, jump_if_count_is_zero},
    {ZYDIS_MNEMONIC_JECXZ, 0, jump_if_count_is_zero},

    // By the number of the condition.
    {ZYDIS_MNEMONIC_JO, 0, jump_if},
    {ZYDIS_MNEMONIC_JNO, 1, jump_if},
    {ZYDIS_MNEMONIC_JB, 2, jump_if},
    {ZYDIS_MNEMONIC_JNB, 3, jump_if},
    {ZYDIS_MNEMONIC_JZ, 4, jump_if},
    {ZYDIS_MNEMONIC_JNZ, 5, jump_if},
    {ZYDIS_MNEMONIC_JBE, 6, jump_if},
    {ZYDIS_MNEMONIC_JNBE, 7, jump_if},
    {ZYDIS_MNEMONIC_JS, 8, jump_if},
    {ZYDIS_MNEMONIC_JNS, 9, jump_if},
    {ZYDIS_MNEMONIC_JP, 10, jump_if},
    {ZYDIS_MNEMONIC_JNP, 11, jump_if},
    {ZYDIS_MNEMONIC_JL, 12, jump_if},
    {ZYDIS_MNEMONIC_JNL, 13, jump_if},
    {ZYDIS_MNEMONIC_JLE, 14, jump_if},
    {ZYDIS_MNEMONIC_JNLE, 15, jump_if},
    {ZYDIS_MNEMONIC_CMOVO, 0, move_if},
    {ZYDIS_MNEMONIC_CMOVNO, 1, move_if},
    {ZYDIS_MNEMONIC_CMOVB, 2, move_if},
    {ZYDIS_MNEMONIC_CMOVNB, 3, move_if},
    {ZYDIS_MNEMONIC_CMOVZ, 4, move_if},
    {ZYDIS_MNEMONIC_CMOVNZ, 5, move_if},
    {ZYDIS_MNEMONIC_CMOVBE, 6, move_if},
    {ZYDIS_MNEMONIC_CMOVNBE, 7, move_if},
    {ZYDIS_MNEMONIC_CMOVS, 8, move_if},
    {ZYDIS_MNEMONIC_CMOVNS, 9, move_if},
    {ZYDIS_MNEMONIC_CMOVP, 10, move_if},
    {ZYDIS_MNEMONIC_CMOVNP, 11, move_if},
    {ZYDIS_MNEMONIC_CMOVL, 12, move_if},
    {ZYDIS_MNEMONIC_CMOVNL, 13, move_if},
    {ZYDIS_MNEMONIC_CMOVLE, 14, move_if},
    {ZYDIS_MNEMONIC_CMOVNLE, 15, move_if},
    {ZYDIS_MNEMONIC_SETO, 0, set_if},
    {ZYDIS_MNEMONIC_SETNO, 1, set_if},
    {ZYDIS_MNEMONIC_SETB, 2, set_if},
    {ZYDIS_MNEMONIC_SETNB, 3, set_if},
    {ZYDIS_MNEMONIC_SETZ, 4, set_if},
    {ZYDIS_MNEMONIC_SETNZ, 5, set_if},
    {ZYDIS_MNEMONIC_SETBE, 6, set_if},
    {ZYDIS_MNEMONIC_SETNBE, 7, set_if},
    {ZYDIS_MNEMONIC_SETS, 8, set_if},
    {ZYDIS_MNEMONIC_SETNS, 9, set_if},
    {ZYDIS_MNEMONIC_SETP, 10, set_if},
    {ZYDIS_MNEMONIC_SETNP, 11, set_if},
    {ZYDIS_MNEMONIC_SETL, 12, set_if},
    {ZYDIS_MNEMONIC_SETNL, 13, set_if},
    {ZYDIS_MNEMONIC_SETLE, 14, set_if},
    {ZYDIS_MNEMONIC_SETNLE, 15, set_if},

    {ZYDIS_MNEMONIC_MOVSB, 1, move_string},
    {ZYDIS_MNEMONIC_MOVSW, 2, move_string},
    {ZYDIS_MNEMONIC_MOVSD, 4, move_string},
    {ZYDIS_MNEMONIC_STOSB, 1, store_string},
    {ZYDIS_MNEMONIC_STOSW, 2, store_string},
    {ZYDIS_MNEMONIC_STOSD, 4, store_string},
    {ZYDIS_MNEMONIC_LODSB, 1, load_string},
    {ZYDIS_MNEMONIC_LODSW, 2, load_string},
    {ZYDIS_MNEMONIC_LODSD, 4, load_string},
    {ZYDIS_MNEMONIC_CMPSB, 1, compare_strings},
    {ZYDIS_MNEMONIC_CMPSW, 2, compare_strings},
    {ZYDIS_MNEMONIC_CMPSD, 4, compare_strings},
    {ZYDIS_MNEMONIC_SCASB, 1, scan_string},
    {ZYDIS_MNEMONIC_SCASW, 2, scan_string},
    {ZYDIS_MNEMONIC_SCASD, 4, scan_string},

    {ZYDIS_MNEMONIC_CLI, interrupt_flag, clear_flag},
    {ZYDIS_MNEMONIC_STI, interrupt_flag, set_flag},
    {ZYDIS_MNEMONIC_CLD, direction_flag, clear_flag},
    {ZYDIS_MNEMONIC_STD, direction_flag, set_flag},
    {ZYDIS_MNEMONIC_CLC, carry_flag, clear_flag},
    {ZYDIS_MNEMONIC_STC, carry_flag, set_flag},
    {ZYDIS_MNEMONIC_CMC, carry_flag, complement_flag},
    {ZYDIS_MNEMONIC_CPUID, 0, identify},
    {ZYDIS_MNEMONIC_RDMSR, 0, read_msr},
    {ZYDIS_MNEMONIC_WRMSR, 0, write_msr},
    {ZYDIS_MNEMONIC_LGDT, 0, load_gdtr},
    {ZYDIS_MNEMONIC_LIDT, 0, load_idtr},
    {ZYDIS_MNEMONIC_LMSW, 0, load_status_word},
    {ZYDIS_MNEMONIC_SMSW, 0, store_status_word},
    {ZYDIS_MNEMONIC_RDTSC, 0, read_time_stamp},
    {ZYDIS_MNEMONIC_IN, 0, input},
    {ZYDIS_MNEMONIC_OUT, 0, output},

    // Nothing is cached or translated ahead here, and memory is in order.
    {ZYDIS_MNEMONIC_NOP, 0, do_nothing},
    {ZYDIS_MNEMONIC_PAUSE, 0, do_nothing},
    {ZYDIS_MNEMONIC_ENDBR32, 0, do_nothing},
    {ZYDIS_MNEMONIC_WBINVD, 0, do_nothing},
    {ZYDIS_MNEMONIC_INVLPG, 0, do_nothing},
    {ZYDIS_MNEMONIC_LFENCE, 0, do_nothing},
    {ZYDIS_MNEMONIC_MFENCE, 0, do_nothing},
    {ZYDIS_MNEMONIC_SFENCE, 0, do_nothing},
};
// clang-format on

} // namespace

const Instruction* find_instruction(ZydisMnemonic mnemonic) {
    for (const Instruction& instruction : instructions)
        if (instruction.mnemonic == mnemonic)
            return &instruction;
    return nullptr;
}

} // namespace hv::startup

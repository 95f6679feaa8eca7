#pragma once
// The functions that execute instructions, one for each family; instructions.cpp says which.

#include <cstdint>

namespace hv::startup {

struct Processor;

enum class Shift : std::uint32_t { left, right, arithmetic_right };
enum class Rotate : std::uint32_t { left, right, left_with_carry, right_with_carry };
/// Which LOOP instruction: what it demands of ZF besides ECX.
enum class LoopWhile : std::uint32_t { any, zero, not_zero };

// arithmetic.cpp. The argument is a StoreOperation where none is named.
void operate(Processor& processor, std::uint32_t operation);          ///< ADD, OR, NOT ...
void operate_and_drop(Processor& processor, std::uint32_t operation); ///< CMP, TEST
void change_bit(Processor& processor, std::uint32_t operation);       ///< BTS, BTR, BTC
void test_bit(Processor& processor, std::uint32_t operation);
// shifts.cpp
void shift(Processor& processor, std::uint32_t which);
void rotate(Processor& processor, std::uint32_t which);
void shift_double(Processor& processor, std::uint32_t which); ///< SHLD, SHRD
// moves.cpp
void move(Processor& processor, std::uint32_t); ///< MOV, MOVZX
void move_sign_extended(Processor& processor, std::uint32_t);
void load_address(Processor& processor, std::uint32_t);
void exchange(Processor& processor, std::uint32_t);
void move_if(Processor& processor, std::uint32_t condition); ///< CMOVcc
void set_if(Processor& processor, std::uint32_t condition);  ///< SETcc
void swap_bytes(Processor& processor, std::uint32_t);        ///< BSWAP
void push_operand(Processor& processor, std::uint32_t);
void pop_operand(Processor& processor, std::uint32_t);
void push_flags(Processor& processor, std::uint32_t);
void pop_flags(Processor& processor, std::uint32_t);
// branches.cpp
void jump(Processor& processor, std::uint32_t);
void jump_if(Processor& processor, std::uint32_t condition);
void jump_if_count_is_zero(Processor& processor, std::uint32_t);
void loop(Processor& processor, std::uint32_t loop_while);
void call(Processor& processor, std::uint32_t);
void return_from_call(Processor& processor, std::uint32_t);
// strings.cpp. The argument is the size of an element in bytes.
void move_string(Processor& processor, std::uint32_t size);
void store_string(Processor& processor, std::uint32_t size);
void load_string(Processor& processor, std::uint32_t size);
void compare_strings(Processor& processor, std::uint32_t size); ///< CMPS
void scan_string(Processor& processor, std::uint32_t size);
// system.cpp
void do_nothing(Processor& processor, std::uint32_t);
void set_flag(Processor& processor, std::uint32_t flag);
void clear_flag(Processor& processor, std::uint32_t flag);
void complement_flag(Processor& processor, std::uint32_t flag);
void identify(Processor& processor, std::uint32_t); ///< CPUID
void read_msr(Processor& processor, std::uint32_t);
void write_msr(Processor& processor, std::uint32_t);
void load_gdtr(Processor& processor, std::uint32_t);
void load_idtr(Processor& processor, std::uint32_t);
void load_status_word(Processor& processor, std::uint32_t);
void store_status_word(Processor& processor, std::uint32_t);
void read_time_stamp(Processor& processor, std::uint32_t);
void input(Processor& processor, std::uint32_t);
void output(Processor& processor, std::uint32_t);

} // namespace hv::startup

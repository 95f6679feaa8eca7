#pragma once
// The code of the attacks, by family: one file each. attack_list.h says what each does.

#include "guest/hostile/attempt.h"

#include <span>
#include <string_view>

namespace guest::hostile {

struct AttackCode {
    std::string_view name; ///< of attack_list
    void (*run)(Attempt& attempt);
};

std::span<const AttackCode> ring_attacks();
std::span<const AttackCode> batch_attacks();
std::span<const AttackCode> call_attacks();
std::span<const AttackCode> pointer_attacks();
std::span<const AttackCode> descriptor_table_attacks();
std::span<const AttackCode> page_table_call_attacks();
std::span<const AttackCode> privileged_register_attacks();
std::span<const AttackCode> mode_attacks();
std::span<const AttackCode> msr_attacks();
std::span<const AttackCode> port_attacks();
std::span<const AttackCode> instruction_attacks();
std::span<const AttackCode> debug_trap_attacks();
std::span<const AttackCode> rom_attacks();
std::span<const AttackCode> page_table_attacks();
std::span<const AttackCode> leaf_attacks();
std::span<const AttackCode> nmi_attacks();
std::span<const AttackCode> processor_attacks();
std::span<const AttackCode> stopping_attacks();

} // namespace guest::hostile

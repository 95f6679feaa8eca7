// Control registers and XCR0 by their instructions.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/native_registers.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/paravirt/operations.h"

namespace guest::hostile {
namespace {

constexpr std::uint32_t gp = interrupts::general_protection;
constexpr std::uint64_t ones = ~std::uint64_t{0};

Caught move_to_cr0(std::uint64_t value) {
    return caught([value] { asm volatile("mov %0, %%cr0" : : "r"(value) : "memory"); });
}
Caught move_to_cr3(std::uint64_t value) {
    return caught([value] { asm volatile("mov %0, %%cr3" : : "r"(value) : "memory"); });
}
Caught move_to_cr4(std::uint64_t value) {
    return caught([value] { asm volatile("mov %0, %%cr4" : : "r"(value) : "memory"); });
}

void each_bit_of_cr0(Attempt& attempt) {
    const std::uint64_t good = native::read_cr0();
    constexpr std::uint64_t not_write_through = std::uint64_t{1} << 29; // needs CD
    for (std::uint32_t bit = 0; bit < 64; ++bit) {
        const std::uint64_t value = good ^ std::uint64_t{1} << bit;
        const bool refused = bit >= 32 || value == (good ^ cr0_pe) || value == (good ^ cr0_pg) ||
                             value == (good ^ not_write_through);
        attempt.told(move_to_cr0(value), refused ? gp : no_exception);
        move_to_cr0(good);
    }
    attempt.told(caught([] { asm volatile("lmsw %w0" : : "r"(0) : "memory"); }), no_exception);
    attempt.expect((native::read_cr0() & cr0_pe) != 0, "LMSW clears PE never");
    move_to_cr0(good);
    attempt.expect(native::read_cr0() == good, "CR0 is what it was");
}

/// VMXE, SMXE, LA57, CET, PKS and what is newer, reserved bits, and PAE, which must stay set.
constexpr std::uint64_t refused_in_cr4 =
    ones << 23 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 19 | cr4_pae;

void each_bit_of_cr4(Attempt& attempt) {
    const std::uint64_t good = native::read_cr4();
    for (std::uint32_t bit = 0; bit < 64; ++bit) {
        const std::uint64_t value = good ^ std::uint64_t{1} << bit;
        const Caught caught = move_to_cr4(value);
        if ((refused_in_cr4 >> bit & 1) != 0)
            attempt.told(caught, gp);
        else // the answer depends on whether the processor has the feature
            attempt.expect(caught.vector == gp || native::read_cr4() == value,
                           "refused, or as it was asked for");
        move_to_cr4(good);
    }
    attempt.expect(native::read_cr4() == good, "CR4 is what it was");
}

void roots(Attempt& attempt) {
    const std::uint64_t root = this_cpu().root;
    attempt.told(move_to_cr3(std::uint64_t{1} << 63 | root), gp);
    attempt.told(move_to_cr3(std::uint64_t{1} << 51 | root), gp);
    attempt.told(move_to_cr3(ones), gp);
    if (!monitor_owns_tables())
        return;
    for (const std::uint64_t value :
         {monitors_memory(), no_memory, abi::vcpu_area_base, abi::rom_base, abi::statistics_base,
          std::uint64_t{0xFEE00000}})
        attempt.told(move_to_cr3(value), gp);
    attempt.expect(paravirt::get_cr3() == root, "CR3 is what it was");
}

void control_registers(Attempt& attempt) {
    each_bit_of_cr0(attempt);
    each_bit_of_cr4(attempt);
    roots(attempt);
}

Caught xsetbv(std::uint32_t number, std::uint64_t value) {
    return caught([=] {
        asm volatile("xsetbv"
                     :
                     : "a"(static_cast<std::uint32_t>(value)),
                       "d"(static_cast<std::uint32_t>(value >> 32)), "c"(number)
                     : "memory");
    });
}

void extended_states(Attempt& attempt) {
    constexpr std::uint64_t osxsave = 1 << 18;
    const std::uint64_t good = native::read_cr4();
    attempt.told(move_to_cr4(good | osxsave), no_exception);
    constexpr std::uint64_t bad[]{0, 2, 4, 5, 0xFFFFFFFFFFFFFFFF, std::uint64_t{1} << 63 | 1};
    for (const std::uint64_t value : bad)
        attempt.told(xsetbv(0, value), gp);
    for (const std::uint32_t number : {1U, 2U, 0x80000000U, ~0U})
        attempt.told(xsetbv(number, 1), gp);
    attempt.told(xsetbv(0, 3), no_exception);
    attempt.told(xsetbv(0, 1), no_exception);
    move_to_cr4(good);
    attempt.counted(counter::refused, std::size(bad) + 4);
    attempt.counted(counter::exit(abi::ExitReason::xsetbv), std::size(bad) + 6);
}

constexpr AttackCode codes[]{
    {"control-registers", control_registers},
    {"extended-states", extended_states},
};

} // namespace

std::span<const AttackCode> privileged_register_attacks() { return codes; }

} // namespace guest::hostile

// Another processor that changes what the monitor is checking at that moment.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/memory_probe.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/page_table_calls.h"

#include <cstring>

namespace guest::hostile {
namespace {

using abi::Call;
using abi::Error;

constexpr std::uint64_t rounds = 300;
/// What is rewritten: byte offsets from the start of the descriptor tables.
constexpr std::uint64_t spare_offset = std::uint64_t{gdt_spare} * 8;
constexpr std::uint64_t entry_offset = 7 * sizeof(std::uint64_t);
constexpr std::uint64_t call_gate = std::uint64_t{0x8C} << 40 | std::uint64_t{kernel_code_selector}
                                                                    << 16;

struct Race {
    std::uint64_t gdt_page;
    std::uint64_t table_page;
    abi::PseudoDescriptor descriptor;
    std::atomic<bool> over;
    std::uint64_t accepted;
    std::uint64_t refused;
    std::uint64_t wrong;
    Attempt* attempt; ///< of processor 0
};
Race race;

/// Writes two values in turn to each place. A write to a write-protected page faults, and is tried
/// again.
void rewrite_until_over() {
    const std::uint64_t slot = to_linear(race.gdt_page) + spare_offset;
    const std::uint64_t entry = to_linear(race.table_page) + entry_offset;
    volatile std::uint64_t& base =
        *reinterpret_cast<std::uint64_t*>(reinterpret_cast<std::uint8_t*>(&race.descriptor) + 2);
    while (!race.over) {
        (void)try_write(slot, call_gate);
        base = to_linear(monitors_memory());
        (void)try_write(entry, monitors_memory() | pte::read_write);
        (void)try_write(slot, 0);
        base = to_linear(race.gdt_page);
        (void)try_write(entry, 0);
    }
}

std::uint64_t word_at(std::uint64_t physical) {
    return *linear_pointer<const volatile std::uint64_t>(physical);
}

void load_gdt_once(const Cpu& cpu) {
    const abi::PseudoDescriptor own{gdt_limit, address_of(cpu.gdt)};
    const std::uint64_t error = vmcall(Call::set_gdt, address_of(&race.descriptor));
    if (error != 0) {
        // Half of one base and half of the other make a third base, which must be checked as well.
        ++race.refused;
        race.attempt->note(static_cast<Error>(error));
        return;
    }
    ++race.accepted;
    for (std::uint32_t look = 0; look < 20; ++look) {
        race.wrong += word_at(race.gdt_page + spare_offset) == call_gate ? 1U : 0U;
        wait_a_moment();
    }
    race.wrong += vmcall(Call::set_gdt, address_of(&own)) == 0 ? 0U : 1U;
}

void register_table_once() {
    const std::uint64_t error =
        vmcall(Call::allocate_page, race.table_page / page_size, 0, abi::page_flags::pt);
    if (error != 0) {
        ++race.refused;
        race.attempt->told(error, Error::bad_frame);
        return;
    }
    ++race.accepted;
    for (std::uint32_t look = 0; look < 20; ++look) {
        race.wrong += (word_at(race.table_page + entry_offset) & pte::present) != 0 ? 1U : 0U;
        wait_a_moment();
    }
    race.wrong += vmcall(Call::release_page, race.table_page / page_size) == 0 ? 0U : 1U;
}

void judge_or_rewrite(Cpu& cpu) {
    if (cpu.number == 1)
        rewrite_until_over();
    if (cpu.number != 0)
        return;
    for (std::uint64_t i = 0; i < rounds; ++i) {
        load_gdt_once(cpu);
        register_table_once();
        for (std::uint64_t moment = 0; moment < i % 17; ++moment)
            wait_a_moment();
    }
    race.over = true;
}

void changed_while_judged(Attempt& attempt) {
    race.gdt_page = pages::allocate();
    race.table_page = pages::allocate();
    std::memcpy(linear_pointer<void>(race.gdt_page), this_cpu().gdt, gdt_limit + 1);
    race.descriptor = {gdt_limit, to_linear(race.gdt_page)};
    race.accepted = 0;
    race.refused = 0;
    race.wrong = 0;
    race.attempt = &attempt;
    race.over = false;
    processors::run_on_all(judge_or_rewrite);
    attempt.expect(race.wrong == 0, "what was accepted follows the rules");
    attempt.expect(race.accepted != 0, "some are accepted");
    attempt.expect(race.refused != 0, "some are refused");
    attempt.counted(counter::refused, race.refused);
    pages::release(race.gdt_page);
    pages::release(race.table_page);
}

constexpr AttackCode codes[]{{"changed-while-judged", changed_while_judged}};

} // namespace

std::span<const AttackCode> processor_attacks() { return codes; }

} // namespace guest::hostile

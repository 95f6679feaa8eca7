// Random sequences of the kernel's operations are executed one by one and then, from the same
// start, within a lazy mode. The state at the end must be the same. All processors do so at the
// same time, in the same two address spaces, each with pages of its own.

#include "guest/tests/differential_tests.h"

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/lazy_section.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/differential_state.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "shared/call_number.h"
#include "shared/page_table_calls.h"

#include <atomic>

namespace guest::tests {
namespace differential {
namespace {

constexpr std::uint32_t most_operations = 24;
constexpr std::uint64_t frame_mark = 0x4469666600000000;

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15 + 1) {}
    std::uint64_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_ * 0x2545F4914F6CDD1D >> 11;
    }
    std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(next() % limit); }

  private:
    std::uint64_t state_;
};

/// The result of one processor.
struct Result {
    std::uint64_t operations;
    std::uint64_t different; ///< sequences that ended differently
    std::uint64_t seed;      ///< of the first one of them
    std::uint32_t place;     ///< the first word that differed in it
    std::uint64_t expected;
    std::uint64_t found;
    std::uint64_t errors;  ///< errors that operations and leaving the mode returned
    std::uint64_t drained; ///< ring entries that the monitor drained
};
std::array<Result, max_processors> results;
std::uint64_t sequences;

/// A running sequence.
struct Run {
    Cpu& cpu;
    bool lazy;
    Random random;
    bool ldt_is_loaded;
};

std::uint64_t any_descriptor(Random& random) {
    return random.below(4) == 0 ? 0 : tls_descriptor(static_cast<std::uint32_t>(random.next()));
}

std::uint64_t any_entry(Random& random) {
    const std::uint64_t rights = random.below(2) == 0 ? pte::read_only : pte::read_write;
    return random.below(4) == 0 ? 0 : shared.frame[random.below(frames)] | rights | pte::user;
}

void change_ldt(Run& run) {
    Random& random = run.random;
    if (random.below(3) == 0) {
        run.ldt_is_loaded = !run.ldt_is_loaded;
        paravirt::set_ldt(run.ldt_is_loaded ? ldt_selector : 0);
    } else if (run.ldt_is_loaded) {
        const std::uint64_t slot = random.below(ldt_words);
        paravirt::write_ldt_entry(ldt_of(run.cpu), slot, any_descriptor(random));
    }
}

void change_task_state(Run& run) {
    Random& random = run.random;
    if (random.below(2) == 0)
        return paravirt::update_kernel_stack(run.cpu.tss, kernel_base + random.below(1U << 30));
    const std::uint64_t word = random.below(ports);
    paravirt::write_tss_word(run.cpu.tss, io_map_present + word * sizeof(std::uint64_t),
                             random.next());
}

void change_debug_register(Run& run) {
    const std::uint64_t value = run.random.next();
    switch (run.random.below(4)) {
    case 0:
        return paravirt::set_dr<0>(value);
    case 1:
        return paravirt::set_dr<1>(value);
    case 2:
        return paravirt::set_dr<2>(value);
    default:
        return paravirt::set_dr<3>(value);
    }
}

void change_page_table(Run& run) {
    const std::uint32_t page = run.random.below(pages);
    std::uint64_t* const entry = entry_of(run.cpu, run.random.below(spaces), page);
    const std::uint64_t value = any_entry(run.random);
    if (run.random.below(4) != 0)
        return page_tables::write(entry, value);
    paravirt::set_pxe(value, entry, abi::update_flags::defer);
    paravirt::inval_page(region(run.cpu) + page * page_size);
}

/// Makes a page a page table with entries of another one, and then a page again.
void clone_table(const Run& run) {
    const std::uint64_t table = to_physical(address_of(entry_of(run.cpu, 0, 0))) / page_size;
    const std::uint64_t frame = shared.table_frame[run.cpu.number] / page_size;
    paravirt::allocate_page(frame, abi::page_flags::pt | abi::page_flags::clone, table,
                            pte::index_of(region(run.cpu), 1), cloned_entries);
    paravirt::release_page(frame, abi::page_flags::pt);
}

void shoot_down(Run& run) {
    const std::uint64_t root = shared.space[run.random.below(spaces)].root;
    if (paravirt::shootdown(1 + run.random.below((1U << processors::count()) - 1), root) != 0)
        ++results[run.cpu.number].errors;
}

void operate(Run& run) {
    Random& random = run.random;
    switch (random.below(12)) {
    case 0:
    case 1:
        return paravirt::write_gdt_entry(run.cpu.gdt, gdt_spare + random.below(4),
                                         any_descriptor(random));
    case 2:
        return change_ldt(run);
    case 3:
        return change_task_state(run);
    case 4:
        return paravirt::set_cr0(run.cpu.cr0 | (random.below(2) == 0 ? cr0_ts : 0));
    case 5:
        return paravirt::clts();
    case 6:
        return change_debug_register(run);
    case 7:
        return address_spaces::load(shared.space[random.below(spaces)].root);
    case 8:
        return random.below(4) == 0 ? shoot_down(run) : clone_table(run);
    case 9:
        if (random.below(3) == 0 && run.lazy)
            flush_lazy_mode(run.cpu);
        return;
    default:
        return change_page_table(run);
    }
}

State execute(Cpu& cpu, std::uint64_t seed, const State& start, bool lazy) {
    Run run{cpu, lazy, Random{seed}, start[ldtr] != 0};
    const std::uint32_t operations = 1 + run.random.below(most_operations);
    const auto mode = run.random.below(2) == 0 ? abi::LazyMode::cpu : abi::LazyMode::mmu;
    if (lazy)
        enter_lazy_mode(cpu, mode);
    for (std::uint32_t i = 0; i < operations; ++i)
        operate(run);
    if (lazy)
        leave_lazy_mode(cpu);
    if (shared.needs_invalidation)
        for (std::uint32_t i = 0; i < pages; ++i)
            paravirt::inval_page(region(cpu) + i * page_size);
    results[cpu.number].operations += operations;
    return look(cpu);
}

void note_difference(Result& result, std::uint64_t seed, const State& expected,
                     const State& found) {
    for (std::uint32_t place = 0; place < words; ++place) {
        if (expected[place] == found[place])
            continue;
        if (result.different++ == 0) {
            result.seed = seed;
            result.place = place;
            result.expected = expected[place];
            result.found = found[place];
        }
        return;
    }
}

/// Called with `sign` -1 before the test and +1 after it.
void count_from(const Cpu& cpu, std::uint64_t sign) {
    Result& result = results[cpu.number];
    result.errors += sign * cpu.lazy_mode_errors;
    if (machine().statistics != nullptr)
        result.drained +=
            sign * static_cast<const volatile abi::Statistics*>(machine().statistics)->drained;
}

void run_sequences(Cpu& cpu) {
    Result& result = results[cpu.number];
    result = {};
    set_up(cpu);
    const State before = look(cpu);
    count_from(cpu, ~std::uint64_t{0});
    State start = before;
    processors::barrier(processors::count());
    for (std::uint64_t i = 0; i < sequences; ++i) {
        const std::uint64_t seed = i * max_processors + cpu.number + 1;
        const State expected = execute(cpu, seed, start, false);
        put_back(cpu, start);
        start = execute(cpu, seed, start, true);
        note_difference(result, seed, expected, start);
    }
    put_back(cpu, before);
    count_from(cpu, 1);
    processors::barrier(processors::count());
    tear_down(cpu);
}

void create_scene() {
    shared.needs_invalidation =
        paravirt::ask(abi::Call::set_pxe).type != abi::RelocationType::call_rel;
    for (std::uint32_t i = 0; i < frames; ++i) {
        shared.frame[i] = guest::pages::allocate();
        *linear_pointer<std::uint64_t>(shared.frame[i]) = frame_mark + i;
    }
    for (AddressSpace& space : shared.space) {
        space = address_spaces::create(1);
        address_ranges::map(space, user_memory_base, std::uint64_t{pages} * max_processors,
                            shared.frame, PageAccess::read_only);
    }
    for (std::uint32_t i = 0; i < processors::count(); ++i)
        shared.table_frame[i] = guest::pages::allocate();
}

void destroy_scene() {
    for (AddressSpace& space : shared.space)
        address_spaces::destroy(space);
    for (std::uint32_t i = 0; i < processors::count(); ++i)
        guest::pages::release(shared.table_frame[i]);
    for (const std::uint64_t frame : shared.frame)
        guest::pages::release(frame);
}

void run(std::uint64_t count) {
    sequences = count;
    create_scene();
    processors::run_on_all(run_sequences);
    destroy_scene();
    for (std::uint32_t i = 0; i < processors::count(); ++i) {
        const Result& result = results[i];
        if (result.different != 0) {
            return failed("differential", "processor ", i, ": ", result.different,
                          " sequences, the first with seed ", result.seed, ", word ", result.place,
                          ": ", console::Hex{result.expected}, " one by one, ",
                          console::Hex{result.found}, " in a batch");
        }
        if (result.errors != 0)
            return failed("differential", "processor ", i, ": ", result.errors, " errors");
    }
    passed("differential");
}

} // namespace
} // namespace differential

void test_differential() {
    constexpr std::uint64_t few = 15;
    differential::run(few);
}

bool run_differential_test() {
    // Several processors wait for each other.
    const std::uint64_t many = processors::several() ? 400 : 1500;
    differential::run(many);
    std::uint64_t operations = 0;
    std::uint64_t drained = 0;
    for (std::uint32_t i = 0; i < processors::count(); ++i) {
        operations += differential::results[i].operations;
        drained += differential::results[i].drained;
    }
    console::print("@differential processors=", processors::count(),
                   " sequences=", many * processors::count(), " operations=", operations,
                   " drained=", drained, "\n");
    return finish_report();
}

} // namespace guest::tests

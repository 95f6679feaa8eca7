// The ROM's producer side with an interrupt between any two of its accesses, against a model: each
// call is executed once, in program order, whatever the handler does.

#include "tests/unit/fake/rom_machine.h"
#include "vmi_rom/entries.h"

#include <gtest/gtest.h>

#include <random>

namespace {

using abi::Call;
using test::Executed;
using test::RomMachine;

constexpr std::uint32_t no_mode = 0;
constexpr std::uint32_t mmu_mode = 1;
constexpr std::uint32_t cpu_mode = 2;

Executed write_gdt(std::uint64_t n) { return {Call::write_gdt_entry, {n, n + 1, n + 2}}; }

void queue_gdt(std::uint64_t n) { rom::write_gdt_entry(n, n + 1, n + 2); }

/// What a handler does with the lazy mode of the kernel that it interrupts: when it returns, the
/// machine is in order.
struct Handler {
    const char* name;
    void (*run)();
    std::vector<Executed> calls;
};

void in_mode(std::uint32_t mode, void (*body)()) {
    const std::uint32_t before = rom::area().control.lazy_mode;
    if (before != no_mode) {
        rom::set_lazy_mode(no_mode);
    }
    rom::set_lazy_mode(mode);
    body();
    rom::set_lazy_mode(no_mode);
    if (before != no_mode) {
        rom::set_lazy_mode(before);
    }
}

const std::vector<Handler> handlers{
    {"nothing", [] {}, {}},
    {"one call", [] { queue_gdt(100); }, {write_gdt(100)}},
    {"three calls",
     [] {
         for (const std::uint64_t n : {100U, 200U, 300U}) {
             queue_gdt(n);
         }
     },
     {write_gdt(100), write_gdt(200), write_gdt(300)}},
    {"more calls than the ring holds",
     [] {
         for (std::uint64_t n = 0; n < abi::ring_capacity + 2; ++n) {
             queue_gdt(1000 + n);
         }
     },
     [] {
         std::vector<Executed> calls;
         for (std::uint64_t n = 0; n < abi::ring_capacity + 2; ++n) {
             calls.push_back(write_gdt(1000 + n));
         }
         return calls;
     }()},
    {"a synchronous call",
     [] {
         queue_gdt(100);
         rom::set_cr4(0x20);
     },
     {write_gdt(100), {Call::set_cr4, {0x20, 0, 0}}}},
    {"leaves and enters again",
     [] {
         const std::uint32_t before = rom::area().control.lazy_mode;
         if (before != no_mode) {
             rom::set_lazy_mode(no_mode);
             rom::set_lazy_mode(before);
         }
     },
     {}},
    {"a context switch of its own",
     [] {
         in_mode(cpu_mode, [] {
             queue_gdt(100);
             queue_gdt(200);
         });
     },
     {write_gdt(100), write_gdt(200)}},
    {"a page-table loop of its own",
     [] { in_mode(mmu_mode, [] { queue_gdt(100); }); },
     {write_gdt(100)}},
};

constexpr std::uint64_t script_length = 4;

void script() {
    rom::set_lazy_mode(cpu_mode);
    for (std::uint64_t n = 1; n <= script_length; ++n) {
        queue_gdt(10 * n);
    }
    rom::set_lazy_mode(no_mode);
}

/// Whether the log is the script's calls with the handler's, in one piece, somewhere among them.
bool is_an_interleaving(const std::vector<Executed>& log, const std::vector<Executed>& handler) {
    for (std::uint64_t before = 0; before <= script_length; ++before) {
        std::vector<Executed> model;
        for (std::uint64_t n = 1; n <= script_length; ++n) {
            if (n == before + 1) {
                model.insert(model.end(), handler.begin(), handler.end());
            }
            model.push_back(write_gdt(10 * n));
        }
        if (before == script_length) {
            model.insert(model.end(), handler.begin(), handler.end());
        }
        if (log == model) {
            return true;
        }
    }
    return false;
}

/// Interrupts the script at every point in turn; returns how many runs broke the model's order.
std::uint32_t broken_runs(const Handler& handler, std::uint32_t first_index) {
    std::uint32_t broken = 0;
    for (std::uint32_t n = 0;; ++n) {
        RomMachine machine{first_index};
        machine.interrupt_after(n, handler.run);
        script();
        const bool at_its_end = !machine.interrupted();
        const bool kept = machine.queued() == 0 &&
                          is_an_interleaving(machine.executed, at_its_end ? std::vector<Executed>{}
                                                                          : handler.calls) &&
                          machine.control().lazy_mode == no_mode &&
                          machine.control().nested_mode_errors == 0 &&
                          machine.control().unpaired_mode_errors == 0;
        broken += kept ? 0 : 1;
        if (at_its_end) {
            return broken;
        }
    }
}

TEST(InterruptedProducer, ExecutesEachCallOnceInOrder) {
    for (const Handler& handler : handlers) {
        for (const std::uint32_t first : {0U, 510U, 0xFFFFFFFEU}) {
            EXPECT_EQ(broken_runs(handler, first), 0) << handler.name << ", first " << first;
        }
    }
}

// Why the entry is written with interrupts off: this producer publishes with one compare-exchange,
// and writes the entry again when an interrupt's handler has published in between. But the words it
// still writes after the interrupt overwrite the handler's entry, which is published already.
void queue_by_compare_exchange(std::uint64_t n) {
    abi::RingHeader& ring = rom::area().control.ring;
    for (;;) {
        const std::uint32_t tail = rom::load(ring.tail);
        abi::RingEntry& entry = rom::area().entry[tail % abi::ring_capacity];
        rom::store(entry.call, static_cast<std::uint16_t>(Call::write_gdt_entry));
        rom::store(entry.argument[0], n);
        rom::store(entry.argument[1], n + 1);
        rom::store(entry.argument[2], n + 2);
        if (rom::compare_exchange(ring.tail, tail, tail + 1)) {
            return;
        }
    }
}

TEST(InterruptedProducer, WouldNotBeSavedByCompareExchangeAlone) {
    std::uint32_t broken = 0;
    for (std::uint32_t n = 0; n < 6; ++n) {
        RomMachine machine;
        machine.interrupt_after(n, [] { queue_by_compare_exchange(100); });
        queue_by_compare_exchange(10);
        machine.drain();
        const std::vector<Executed>& log = machine.executed;
        EXPECT_EQ(log.size(), 2);
        broken += log == std::vector<Executed>{write_gdt(100), write_gdt(10)} ? 0 : 1;
    }
    EXPECT_EQ(broken, 4); // an interrupt after the load of tail and before the last word
}

// A handler that loads and puts back, or changes for good, the registers that have mirrors.
TEST(InterruptedProducer, MirrorsAgreeWithWhatIsInForce) {
    std::mt19937_64 random{3};
    const auto change = [&random] {
        switch (random() % 6) {
        case 0:
            rom::set_cr0(random());
            break;
        case 1:
            rom::clts();
            break;
        case 2:
            rom::set_cr3(random());
            break;
        case 3:
            rom::set_ldt(random() & 0xFFFF);
            break;
        case 4: { // as a handler that uses the FPU does
            const std::uint64_t cr0 = rom::get_cr0();
            rom::clts();
            rom::set_cr0(cr0);
            break;
        }
        default: {
            const std::uint32_t before = rom::area().control.lazy_mode;
            rom::set_lazy_mode(before == no_mode ? cpu_mode : no_mode);
            break;
        }
        }
    };
    for (int round = 0; round < 20000; ++round) {
        RomMachine machine{static_cast<std::uint32_t>(random())};
        machine.interrupt_after(static_cast<std::uint32_t>(random() % 60), [&] {
            const std::uint32_t before = machine.control().lazy_mode;
            for (std::uint64_t n = random() % 6; n != 0; --n) {
                change();
            }
            if (machine.control().lazy_mode != before) {
                rom::set_lazy_mode(before == no_mode ? no_mode : before);
            }
        });
        for (int n = 0; n < 8; ++n) {
            change();
        }
        if (machine.control().lazy_mode != no_mode) {
            rom::set_lazy_mode(no_mode);
        }
        ASSERT_EQ(machine.queued(), 0);
        ASSERT_EQ(machine.control().cr0, machine.cr0);
        ASSERT_EQ(machine.control().cr3, machine.cr3);
        ASSERT_EQ(machine.control().ldt_selector, machine.ldt_selector);
    }
}

} // namespace

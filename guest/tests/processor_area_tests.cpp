// The per-vCPU area and the statistics page lie at the same address on every processor, but each
// processor has its own.

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/monitor_call.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "shared/guest_physical_layout.h"

namespace guest::tests {
namespace {

constexpr std::uint32_t first_count = 20;

std::atomic<std::uint64_t> wrong;

/// Writes words that nothing else uses: at the start of the area, and in its last ring entry.
void write_own_area(Cpu& cpu) {
    auto& area = paravirt::vcpu_area();
    area.control.ring.unused[0] = 0x1000 + cpu.number;
    area.entry[abi::ring_capacity - 1].unused32 = 0x2000 + cpu.number;
    processors::barrier(processors::count());
    if (area.control.ring.unused[0] != 0x1000 + cpu.number ||
        area.entry[abi::ring_capacity - 1].unused32 != 0x2000 + cpu.number ||
        area.control.vcpu != cpu.number)
        wrong.fetch_add(1);
}

std::uint64_t empty_calls() {
    const auto& count =
        machine().statistics->hypercall[static_cast<std::uint32_t>(abi::Call::empty)];
    return *static_cast<const volatile std::uint64_t*>(&count);
}

/// Each processor makes a different number of calls, at the same time.
void count_own_calls(Cpu& cpu) {
    const std::uint64_t before = empty_calls();
    processors::barrier(processors::count());
    for (std::uint32_t i = 0; i < first_count + cpu.number; ++i)
        paravirt::empty_call();
    processors::barrier(processors::count());
    if (empty_calls() - before != first_count + cpu.number)
        wrong.fetch_add(1);
}

void run(std::string_view name, Job job) {
    wrong = 0;
    processors::run_on_all(job);
    if (wrong == 0)
        passed(name);
    else
        failed(name, wrong.load(), " processors see something else");
}

} // namespace

void test_processor_areas() {
    if (paravirt::bound())
        run("smp-area", write_own_area);
    else
        skipped("smp-area", "no ROM");
    if (machine().lazyhv)
        run("smp-statistics", count_own_calls);
    else
        skipped("smp-statistics", "no monitor");
}

} // namespace guest::tests

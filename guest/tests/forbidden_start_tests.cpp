// Starts of a processor that a monitor must refuse, by SetInitialAPState and by start-up code. The
// processor keeps waiting, and starts correctly when these tests are over. The monitor reports each
// on its console, which is not checked here.

#include "guest/kernel/boot/initial_state.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/boot/start_information.h"
#include "guest/kernel/boot/start_processors.h"
#include "guest/kernel/boot/trampoline_page.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "shared/call_number.h"
#include "shared/guest_physical_layout.h"

namespace guest::tests {
namespace {

constexpr std::uint64_t not_canonical = std::uint64_t{1} << 63;
constexpr std::uint64_t local_apic_base = 0xFEE00000;
constexpr std::uint64_t patience = 500'000; ///< ticks of the TSC; a valid start takes less

std::uint64_t monitors_memory() { return start_information::largest_reserved_range().address; }

void expect_no_start(std::string_view name, const Cpu& cpu, std::uint8_t page) {
    if (processors::try_start(cpu, page, patience))
        failed(name, "processor ", cpu.number, " runs");
    else
        passed(name);
}

/// Tests a state that is found to be invalid only when the processor loads it.
template <typename Spoil>
void expect_no_start_with(std::string_view name, const Cpu& cpu, Spoil spoil) {
    abi::InitialState state = initial_state(cpu);
    spoil(state);
    if (const std::uint32_t error = paravirt::set_initial_ap_state(&state, cpu.number); error != 0)
        return failed(name, "error ", error, " before the start");
    expect_no_start(name, cpu, TrampolinePage::number);
}

void test_states(const Cpu& cpu) {
    test_initial_states(cpu);
    expect_no_start_with("refused-start-gdt-of-monitor", cpu, [](abi::InitialState& state) {
        state.gdt_base = to_linear(monitors_memory());
    });
    expect_no_start_with("refused-start-gdt-not-canonical", cpu,
                         [](abi::InitialState& state) { state.gdt_base = not_canonical; });
    expect_no_start_with("refused-start-idt-not-canonical", cpu,
                         [](abi::InitialState& state) { state.idt_base = not_canonical; });
    expect_no_start_with("refused-start-gs-not-canonical", cpu,
                         [](abi::InitialState& state) { state.gs_base = not_canonical; });
    expect_no_start_with("refused-start-data-as-code", cpu,
                         [](abi::InitialState& state) { state.cs = state.ss; });
}

struct Place {
    std::string_view name;
    std::uint64_t physical;
};
/// Pages below 1 MiB that are not RAM, and which a SIPI can name.
constexpr Place places[]{
    {"refused-start-in-video-memory", 0xA0000},
    {"refused-start-in-rom", abi::rom_base},
    {"refused-start-in-vcpu-area", abi::vcpu_area_base},
    {"refused-start-in-statistics", abi::statistics_base},
    {"refused-start-in-firmware", 0xF0000},
};

void test_code(const Cpu& cpu) {
    for (const Place& place : places)
        expect_no_start(place.name, cpu, static_cast<std::uint8_t>(place.physical / page_size));
    const TrampolinePage page;
    page.set(initial_state(cpu));
    page.set_root(monitors_memory());
    expect_no_start("refused-start-root-of-monitor", cpu, TrampolinePage::number);
    page.set_root(local_apic_base);
    expect_no_start("refused-start-root-outside-memory", cpu, TrampolinePage::number);
    page.set_first_jump(static_cast<std::uint32_t>(monitors_memory()));
    expect_no_start("refused-start-jump-into-monitor", cpu, TrampolinePage::number);
}

} // namespace

void test_forbidden_starts(const Cpu& cpu) {
    if (!machine().lazyhv)
        return skipped("refused-starts", "no monitor");
    if (paravirt::ask(abi::Call::set_initial_ap_state).type == abi::RelocationType::call_rel)
        test_states(cpu);
    else
        skipped("refused-states", "nobody takes them");
    test_code(cpu);
}

} // namespace guest::tests

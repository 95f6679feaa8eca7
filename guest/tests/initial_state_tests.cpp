// Initial states of a processor that a monitor must refuse. Run before it is started.

#include "guest/kernel/boot/initial_state.h"
#include "guest/kernel/boot/start_information.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "shared/error.h"

namespace guest::tests {
namespace {

using abi::Error;
using abi::InitialState;

constexpr std::uint64_t not_canonical = std::uint64_t{1} << 63;
constexpr std::uint64_t local_apic_base = 0xFEE00000;

void expect_refused(std::string_view name, const InitialState* state, const Cpu& cpu,
                    Error expected) {
    const std::uint32_t found = paravirt::set_initial_ap_state(state, cpu.number);
    if (found == static_cast<std::uint32_t>(expected))
        passed(name);
    else
        failed(name, "error ", found, " instead of ", static_cast<std::uint32_t>(expected), " (",
               abi::name(expected), ")");
}

/// Expects a valid state with one invalid word to be refused.
template <typename Spoil>
void expect_refused_state(std::string_view name, const Cpu& cpu, Error expected, Spoil spoil) {
    InitialState state = initial_state(cpu);
    spoil(state);
    expect_refused(name, &state, cpu, expected);
}

} // namespace

void test_initial_states(const Cpu& cpu) {
    expect_refused("refused-state-not-mapped",
                   reinterpret_cast<const InitialState*>(user_scratch_page), cpu,
                   Error::bad_address);
    expect_refused_state("refused-state-cr0", cpu, Error::bad_cr0,
                         [](InitialState& state) { state.cr0 &= ~cr0_pg; });
    expect_refused_state("refused-state-cr3", cpu, Error::bad_cr3,
                         [](InitialState& state) { state.cr3 = not_canonical; });
    expect_refused_state("refused-state-root-of-monitor", cpu, Error::bad_cr3,
                         [](InitialState& state) {
                             state.cr3 = start_information::largest_reserved_range().address;
                         });
    expect_refused_state("refused-state-root-outside-memory", cpu, Error::bad_cr3,
                         [](InitialState& state) { state.cr3 = local_apic_base; });
    expect_refused_state("refused-state-cr4", cpu, Error::bad_cr4,
                         [](InitialState& state) { state.cr4 &= ~cr4_pae; });
    expect_refused_state("refused-state-efer", cpu, Error::bad_value,
                         [](InitialState& state) { state.efer = 0; });
    expect_refused_state("refused-state-rip", cpu, Error::bad_address,
                         [](InitialState& state) { state.rip = not_canonical; });
}

} // namespace guest::tests

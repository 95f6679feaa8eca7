// Only the change of the address space, in the kernel: enter the lazy mode, load the root, leave
// the mode.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/workloads/measurement.h"
#include "guest/workloads/run_workloads.h"

#include <array>
#include <span>

namespace guest::workloads {
namespace {

/// The address spaces of each processor.
std::array<std::array<AddressSpace, max_tasks>, max_processors> spaces;

[[gnu::noinline]] void round_robin(std::span<const AddressSpace> order, std::uint64_t switches) {
    std::size_t next = 0;
    for (std::uint64_t i = 0; i < switches; ++i) {
        paravirt::set_lazy_mode(abi::LazyMode::cpu);
        paravirt::set_cr3(order[next].root);
        paravirt::set_lazy_mode(abi::LazyMode::none);
        next = next + 1 == order.size() ? 0 : next + 1;
    }
}

} // namespace

void run_address_spaces(const Workload& workload, std::uint64_t switches) {
    constexpr std::uint64_t warm_up_rounds = 8;
    const std::span<AddressSpace> used(spaces[this_cpu().number].data(), workload.tasks);
    for (AddressSpace& space : used)
        space = address_spaces::create(1);
    round_robin(used, warm_up_rounds * workload.tasks);
    begin_measurement();
    round_robin(used, switches);
    end_measurement();
    address_spaces::load(address_spaces::kernel().root);
    for (AddressSpace& space : used)
        address_spaces::destroy(space);
}

} // namespace guest::workloads

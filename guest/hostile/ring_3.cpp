#include "guest/hostile/ring_3.h"

#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/operations.h"

extern "C" [[noreturn]] void hostile_enter_ring_3(const guest::hostile::Ring3Start* start);

namespace guest::hostile {
namespace {

/// The boot task's own stack is in use while ring 3 runs.
alignas(16) std::uint8_t return_stack[2 * page_size];

} // namespace

Ring3::Ring3() : space_(address_spaces::create(1)) {
    address_spaces::load(space_.root);
    paravirt::update_kernel_stack(this_cpu().tss, address_of(return_stack) + sizeof(return_stack));
}

Ring3::~Ring3() {
    const Cpu& cpu = this_cpu();
    paravirt::update_kernel_stack(cpu.tss, cpu.kernel_stack);
    address_spaces::load(address_spaces::kernel().root);
    address_spaces::destroy(space_);
}

Ring3Start Ring3::start_at(std::uint64_t rip) {
    return {.rip = rip,
            .rsp = user_stack_top(0) - page_size / 2,
            .rflags = rflags_fixed,
            .code_selector = user_code_selector};
}

Caught Ring3::run(Ring3Start start, StepHandler on_step) {
    return caught([&start] { hostile_enter_ring_3(&start); }, on_step);
}

} // namespace guest::hostile

#include "guest/longest_exit/run_case.h"

#include "guest/hostile/caught.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/longest_exit/measurement.h"
#include "guest/longest_exit/steps.h"

namespace guest::longest_exit {
namespace {

void print_words(const Step& step) {
    const StepKind& kind = kind_of(step);
    console::print(" kind=", kind.name);
    if (kind.words.own != nullptr)
        console::print(":", kind.words.own(step));
    console::print(" what=", step.count(kind.limit));
    if (kind.words.level)
        console::print(" level ", step.level());
    if (kind.words.content)
        console::print(" ", name(step.content()));
    console::print(" from ", step.first());
    for (std::uint32_t number = 0; number < 3; ++number)
        if (!kind.words.flag[number].empty() && step.flag(number))
            console::print(" ", kind.words.flag[number]);
    console::print("\n");
}

} // namespace

bool run_case(std::string_view steps) {
    if (machine().statistics == nullptr) {
        console::print("longest-exit: there is no monitor\n");
        return false;
    }
    prepare_measurement();
    objects::prepare();
    const std::uint64_t kernel_root = address_spaces::kernel().root;
    for (std::uint32_t number = 0; !steps.empty() && !out_of_time(); ++number) {
        const auto code = abi::take_exit_step(steps);
        if (!code)
            return false;
        const Step step(*code);
        begin_measurement();
        (void)hostile::caught([&] { kind_of(step).perform(step); });
        const Measured measured = end_measurement();
        console::print(abi::longest_exit_prefix, "step=", number,
                       " instructions=", measured.instructions, " exits=", measured.exits,
                       " reason=", abi::name(measured.reason));
        print_words(step);
    }
    load_root(kernel_root);
    return true;
}

} // namespace guest::longest_exit

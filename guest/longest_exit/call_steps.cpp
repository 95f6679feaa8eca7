// Hypercalls: as VMCALLs of their own, and in the ring.

#include "guest/hostile/caught.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/longest_exit/call_source.h"
#include "guest/longest_exit/steps.h"

namespace guest::longest_exit {
namespace {

void queue(const DrawnCall& call) {
    hostile::forge_entry(static_cast<std::uint64_t>(call.call), call.argument[0], call.argument[1],
                         call.argument[2]);
}

/// Interrupts are off while entries are written, so that nothing drains them before there are all.
template <typename Next>
void drain_together(std::uint32_t count, Next next) {
    paravirt::disable_interrupts();
    for (std::uint32_t index = 0; index < count; ++index)
        queue(next(index));
    paravirt::enable_interrupts();
    (void)hostile::drain();
}

/// Calls take little time. So each step makes several attempts, each with arguments of its own; the
/// first one with the step's level.
template <typename Attempt>
void for_each_pattern(const Step& step, Attempt attempt) {
    constexpr std::uint32_t attempts = 8;
    if (!paravirt::bound())
        return;
    Random random(step.code());
    for (std::uint32_t number = 0; number < attempts && !out_of_time(); ++number) {
        const std::uint32_t level = number == 0 ? step.level() : 1 + random.below(pte::levels);
        CallPattern pattern(random, level, step.first());
        attempt(pattern, random);
    }
}

/// Most rings are full.
std::uint32_t entries_of_ring(const Step& step, Random& random) {
    return random.one_in(4) ? step.count(abi::ring_capacity) : abi::ring_capacity;
}

} // namespace

std::string_view name_of_call(const Step& step) { return choose_call(step.variation, false).name; }

std::string_view name_of_queued_call(const Step& step) {
    return choose_call(step.variation, true).name;
}

void call_alone(const Step& step) {
    const abi::Call call = choose_call(step.variation, false).call;
    const std::uint32_t count = step.count(kind_of(step).limit);
    for_each_pattern(step, [&](CallPattern& pattern, Random&) {
        for (std::uint32_t index = 0; index < count; ++index) {
            const DrawnCall drawn = pattern.draw(call, index);
            (void)hostile::caught([&] {
                (void)paravirt::vmcall(call, drawn.argument[0], drawn.argument[1],
                                       drawn.argument[2]);
            });
        }
    });
}

void drain_one_call(const Step& step) {
    const abi::Call call = choose_call(step.variation, true).call;
    for_each_pattern(step, [&](CallPattern& pattern, Random& random) {
        drain_together(entries_of_ring(step, random),
                       [&](std::uint32_t index) { return pattern.draw(call, index); });
    });
}

/// A few calls, each with arguments of its own, in any order.
void drain_mixtures(const Step& step) {
    for_each_pattern(step, [&](CallPattern& first, Random& random) {
        CallPattern second(random, 1 + random.below(pte::levels), step.first());
        CallPattern third(random, 1 + random.below(pte::levels), random.below(hot_pages));
        CallPattern* const patterns[]{&first, &second, &third};
        const std::uint32_t calls[]{random.below(256), random.below(256), step.variation};
        drain_together(entries_of_ring(step, random), [&](std::uint32_t index) {
            const std::uint32_t which = random.below(3);
            return patterns[which]->draw(choose_call(calls[which], true).call, index);
        });
    });
}

} // namespace guest::longest_exit

// Hypercalls: as VMCALLs of their own, and in the ring.

#include "guest/hostile/caught.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/longest_exit/call_source.h"
#include "guest/longest_exit/measurement.h"
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

/// One attempt of a step.
struct Attempt {
    CallPattern& pattern;
    Random& random;
    std::uint32_t most_entries; ///< of a ring
};

/// Most calls take little time. So each step makes several attempts, each with arguments of its
/// own; the first one with the step's level, and with a short ring. If that takes long, the others
/// are short as well: a ring of long calls is drained in many VM exits, and shows nothing new.
template <typename Perform>
void for_each_attempt(const Step& step, Perform perform) {
    constexpr std::uint32_t attempts = 8;
    constexpr std::uint32_t short_ring = 16;
    constexpr std::uint64_t long_call = 20'000;     // ticks
    constexpr std::uint64_t long_step = 50'000'000; // the same
    if (!paravirt::bound())
        return;
    Random random(step.code());
    const std::uint64_t begin = ticks_spent();
    std::uint32_t most_entries = short_ring;
    for (std::uint32_t number = 0; number < attempts && !out_of_time(); ++number) {
        const std::uint32_t level = number == 0 ? step.level() : 1 + random.below(pte::levels);
        CallPattern pattern(random, level, step.first());
        perform(Attempt{pattern, random, most_entries});
        const std::uint64_t spent = ticks_spent() - begin;
        if (number == 0 && spent < short_ring * long_call)
            most_entries = abi::ring_capacity;
        if (spent > long_step)
            return;
    }
}

/// Most rings are as full as they may be.
std::uint32_t entries_of_ring(const Step& step, const Attempt& attempt) {
    return attempt.random.one_in(4) ? step.count(attempt.most_entries) : attempt.most_entries;
}

} // namespace

std::string_view name_of_call(const Step& step) { return choose_call(step.variation, false).name; }

std::string_view name_of_queued_call(const Step& step) {
    return choose_call(step.variation, true).name;
}

void call_alone(const Step& step) {
    const abi::Call call = choose_call(step.variation, false).call;
    const std::uint32_t count = step.count(kind_of(step).limit);
    for_each_attempt(step, [&](const Attempt& attempt) {
        for (std::uint32_t index = 0; index < count; ++index) {
            const DrawnCall drawn = attempt.pattern.draw(call, index);
            (void)hostile::caught([&] {
                (void)paravirt::vmcall(call, drawn.argument[0], drawn.argument[1],
                                       drawn.argument[2]);
            });
        }
    });
}

void drain_one_call(const Step& step) {
    const abi::Call call = choose_call(step.variation, true).call;
    for_each_attempt(step, [&](const Attempt& attempt) {
        drain_together(entries_of_ring(step, attempt),
                       [&](std::uint32_t index) { return attempt.pattern.draw(call, index); });
    });
}

/// A few calls, each with arguments of its own, in any order.
void drain_mixtures(const Step& step) {
    for_each_attempt(step, [&](const Attempt& attempt) {
        Random& random = attempt.random;
        CallPattern second(random, 1 + random.below(pte::levels), step.first());
        CallPattern third(random, 1 + random.below(pte::levels), random.below(hot_pages));
        CallPattern* const patterns[]{&attempt.pattern, &second, &third};
        const std::uint32_t calls[]{random.below(256), random.below(256), step.variation};
        drain_together(entries_of_ring(step, attempt), [&](std::uint32_t index) {
            const std::uint32_t which = random.below(3);
            return patterns[which]->draw(choose_call(calls[which], true).call, index);
        });
    });
}

} // namespace guest::longest_exit

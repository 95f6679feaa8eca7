#pragma once
// The steps of a case: each builds something, or does what may take the monitor long. The
// difference is not made: all of them are measured, since nobody knows beforehand which takes
// longest.

#include "guest/longest_exit/objects.h"
#include "shared/longest_exit.h"

#include <cstdint>
#include <string_view>

namespace guest::longest_exit {

/// What the bytes of a step mean. Not every kind uses all of it.
struct Step : abi::ExitStep {
    explicit Step(abi::ExitStep step) : abi::ExitStep(step) {}

    std::uint32_t level() const { return 1 + subject % pte::levels; }
    /// Which page table, root or hot page comes first: mostly one of the last that were made.
    std::uint32_t first() const {
        const std::uint32_t number = subject / pte::levels;
        return number % 2 == 0 ? number / 2 % 8 : number;
    }
    Content content() const { return static_cast<Content>(variation % 32 % contents); }
    bool flag(std::uint32_t number) const { return (variation >> (5 + number) & 1) != 0; }
    /// From 1 on, at most `limit`.
    std::uint32_t count(std::uint32_t limit) const;
    Filling filling() const { return {content(), level(), first()}; }
};

using Perform = void (*)(const Step&);

/// Which words describe a step, besides its kind and count.
struct Words {
    bool level = false;
    bool content = false;
    std::string_view flag[3]{}; ///< empty: the flag has no meaning
    /// A word of its own; may be null.
    std::string_view (*own)(const Step&) = nullptr;
};

struct StepKind {
    std::string_view name;
    std::uint32_t limit; ///< of the count
    Words words;
    Perform perform;
};

/// The kind of a step, whatever its code.
const StepKind& kind_of(const Step& step);

/// Whether the case has run so long that what is left of a step is left out.
bool out_of_time();

// Which kinds there are: build_steps.cpp, store_steps.cpp, call_steps.cpp, native_steps.cpp.
void make_tables(const Step& step);
void make_tree(const Step& step);
void load_roots(const Step& step);
void touch_pages(const Step& step);
void announce_pages(const Step& step);

void store_entries(const Step& step);
std::string_view name_of_store(const Step& step);

void call_alone(const Step& step);
void drain_one_call(const Step& step);
void drain_mixtures(const Step& step);
std::string_view name_of_call(const Step& step);
std::string_view name_of_queued_call(const Step& step);

void execute_native(const Step& step);
std::string_view name_of_native(const Step& step);

/// Loads a root by its physical address with MOV to CR3, if the monitor allows it.
void load_root(std::uint64_t root);

} // namespace guest::longest_exit

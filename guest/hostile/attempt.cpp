#include "guest/hostile/attempt.h"

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/memory/layout.h"

#include <cstring>

namespace guest::hostile {
namespace {

constexpr std::uint64_t shown_failures = 8; ///< of one attack
constexpr abi::Statistics zeros{};
/// The counters when the attack began. There is one attack at a time.
abi::Statistics before;
/// Bit n is set if the guest was told Error n.
std::uint64_t errors_told;

std::uint64_t at(const abi::Statistics& statistics, std::size_t offset) {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&statistics);
    return *reinterpret_cast<const volatile std::uint64_t*>(bytes + offset);
}

const abi::Statistics& now() {
    return machine().statistics != nullptr ? *machine().statistics : zeros;
}

constexpr std::array<std::string_view, 22> vectors{
    "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "?",   "#TS",
    "#NP", "#SS", "#GP", "#PF", "?",   "#MF", "#AC", "#MC", "#XM", "#VE", "#CP"};

std::string_view name_of(std::uint32_t vector) {
    if (vector == no_exception)
        return "nothing";
    return vector < vectors.size() ? vectors[vector] : "interrupt";
}

} // namespace

std::uint64_t count_of(const Counter& counter) { return at(now(), counter.offset); }

Attempt::Attempt(std::string_view name) : name_(name) {
    std::memcpy(&before, &now(), sizeof(before));
}

void Attempt::note(std::string_view answer) {
    for (std::uint32_t i = 0; i < answer_count_; ++i) {
        if (answers_[i].name == answer) {
            ++answers_[i].count;
            return;
        }
    }
    if (answer_count_ < answers_.size())
        answers_[answer_count_++] = {answer, 1};
}

void Attempt::fail(std::string_view what, std::string_view found, std::string_view expected) {
    if (++failures_ <= shown_failures)
        console::print("hostile ", name_, ": ", what, " ", found, " instead of ", expected, "\n");
}

void Attempt::told(std::uint64_t error, abi::Error expected) {
    const std::string_view found =
        error < abi::error_count ? abi::error_names[error] : std::string_view{"?"};
    note(found);
    if (error < abi::error_count)
        errors_told |= std::uint64_t{1} << error;
    if (error != static_cast<std::uint64_t>(expected))
        fail("told", found, abi::name(expected));
}

void Attempt::told(const Caught& caught, std::uint32_t expected) {
    note(name_of(caught.vector));
    if (caught.vector == expected)
        return;
    fail("raised", name_of(caught.vector), name_of(expected));
    if (failures_ <= shown_failures)
        console::print("  at ", console::Hex{caught.rip}, ", error code ",
                       console::Hex{caught.error_code}, "\n");
}

void Attempt::expect(bool holds, std::string_view what) {
    if (!holds)
        fail("is not true:", what, "true");
}

std::uint64_t Attempt::difference(const Counter& counter) const {
    return count_of(counter) - at(before, counter.offset);
}

void Attempt::counted(const Counter& counter, std::uint64_t expected) {
    const std::uint64_t found = difference(counter);
    if (count_count_ < counts_.size())
        counts_[count_count_++] = {counter, found};
    if (found == expected)
        return;
    ++failures_;
    console::print("hostile ", name_, ": ", counter.name, " +", found, " instead of +", expected,
                   "\n");
}

bool Attempt::finish() {
    console::print("hostile ", name_, ": told");
    for (std::uint32_t i = 0; i < answer_count_; ++i)
        console::print(i == 0 ? " " : ", ", answers_[i].name, " ", answers_[i].count);
    console::print(";");
    for (std::uint32_t i = 0; i < count_count_; ++i)
        console::print(i == 0 ? " " : ", ", counts_[i].counter.name, " +", counts_[i].difference);
    if (failures_ == 0)
        console::print(": ok\n");
    else
        console::print(": FAIL, ", failures_, " times not as expected\n");
    return failures_ == 0;
}

void print_errors_told() {
    console::print("hostile told:");
    for (std::uint32_t error = 0; error < abi::error_count; ++error)
        if ((errors_told >> error & 1) != 0)
            console::print(" ", abi::error_names[error]);
    console::print("\n");
}

} // namespace guest::hostile

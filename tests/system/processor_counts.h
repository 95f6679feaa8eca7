#pragma once
// What several processors cost each other, compared for equality: nothing, where each does its own.

#include "tests/system/boot.h"

#include <cstdint>
#include <string>
#include <vector>

namespace test {

/// The guest's words for what the two below look at, on each of these numbers of processors.
std::vector<std::string> counting_words(const std::vector<std::uint32_t>& processors);

/// Expects of each workload that each processor runs for itself, on each number of processors from
/// 1: the exits per switch that one processor has, by kind too, and on each of them the same.
void expect_the_counts_of_one(const Outcome& outcome, const std::string& profile,
                              const std::string& interface,
                              const std::vector<std::uint32_t>& processors);

/// Expects of each shoot-down, on each number of processors above 1: where the monitor is told, and
/// in one batch with the updates, one exit of who asks, and one kick of each other processor that
/// runs the address space.
void expect_shootdowns(const Outcome& outcome, const std::string& profile,
                       const std::string& interface, const std::vector<std::uint32_t>& processors);

} // namespace test

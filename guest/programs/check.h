#pragma once
// What the test programs check.

#include <array>
#include <cstdint>
#include <string_view>

namespace guest::programs {

enum class Check : std::uint64_t {
    tls = 0,
    fpu,
    kernel_stack,
    debug_registers,
    io_permissions,
    memory
};
inline constexpr std::uint32_t check_count = 6;
inline constexpr std::array<std::string_view, check_count> check_names{
    "tls", "fpu", "kernel-stack", "debug-registers", "io-permissions", "memory"};

} // namespace guest::programs

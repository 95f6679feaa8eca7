#pragma once
// The machine lazyhv is booted on.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

enum class MachineKind { bochs, kvm };

constexpr std::string_view name(MachineKind kind) {
    return kind == MachineKind::bochs ? "bochs" : "kvm";
}

/// What the machine's TSC counts: Bochs's counts instructions, a processor's counts cycles.
constexpr std::string_view tick_name(MachineKind kind) {
    return kind == MachineKind::bochs ? "instructions" : "cycles";
}

struct Machine {
    MachineKind kind;
    std::string cpu_model; ///< Bochs's name; "host" under KVM
    std::uint32_t memory_mebibytes;
    std::uint32_t cpus;                                ///< processors
    std::chrono::seconds time_limit;                   ///< of one boot, on the host's clock
    std::optional<std::filesystem::path> emulator_log; ///< else in the temporary folder
    bool log_exits = false; ///< Bochs's log also names each VM exit as the emulated CPU makes it
};

struct KvmCapability; // machine/kvm.h

struct MachineChoice {
    MachineKind kind;
    std::string reason; ///< one line for the user
};

/// KVM when it gives a guest VT-x, else Bochs; `wanted` ("bochs", "kvm", or "" for no wish)
/// overrides. Throws Failure when the wish cannot be granted.
MachineChoice choose_machine(std::string_view wanted, const KvmCapability& kvm);

/// A program that emulates the machine.
struct Emulator {
    std::vector<std::string> command;
    /// COM1 is its standard input and output, else the pseudo-terminal it was told of.
    bool console_on_standard_streams;
};

} // namespace tool

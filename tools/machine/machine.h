#pragma once
// The machine on which lazyhv is booted.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

class Tracer; // trace/tracer.h

enum class MachineKind { bochs, kvm };

constexpr std::string_view name(MachineKind kind) {
    return kind == MachineKind::bochs ? "bochs" : "kvm";
}

/// What the machine's TSC counts: instructions in Bochs, cycles on a real processor.
constexpr std::string_view tick_name(MachineKind kind) {
    return kind == MachineKind::bochs ? "instructions" : "cycles";
}

struct Machine {
    MachineKind kind;
    std::string cpu_model; ///< Bochs's name; "host" under KVM
    std::uint32_t memory_mebibytes;
    std::uint32_t cpus;                                ///< processors
    std::chrono::seconds time_limit;                   ///< of one boot, on the host's clock
    std::optional<std::filesystem::path> emulator_log; ///< a regular file; not given: none
    bool log_exits = false;   ///< Bochs's log also names each VM exit of the emulated CPU
    Tracer* tracer = nullptr; ///< gets the exits of a monitor that traces; not owned; Bochs only
    std::string run_name{};   ///< for the tracer
};

struct KvmCapability; // machine/kvm.h

struct MachineChoice {
    MachineKind kind;
    std::string reason; ///< one line for the user
};

/// `wanted` is "bochs", "kvm", or "": then it is KVM if it gives a guest VT-x, and Bochs otherwise.
/// Throws Failure when the machine wanted is not available or has no such name.
MachineChoice choose_machine(std::string_view wanted, const KvmCapability& kvm);

/// A program that emulates the machine.
struct Emulator {
    std::vector<std::string> command;
    /// COM1 is the program's standard input and output. If false, COM1 is the pseudo-terminal that
    /// the program was told to use.
    bool console_on_standard_streams;
};

} // namespace tool

#pragma once
// What the command line says, as written; the commands check it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tool {

/// Options that `run`, `bench` and `linux` share. Empty: not given.
struct BootOptions {
    std::string profile;
    std::string interface;
    std::string cpu_model;
    std::string memory = "256M";
    std::uint32_t cpus = 0; ///< processors of the machine; 0: not given
    std::string shadow_memory;
    std::string machine;
    std::uint32_t time_limit_seconds = 0; ///< 0: not given
    std::string guest;
    std::vector<std::string> guest_arguments;
};

struct RunOptions {
    BootOptions boot;
    std::string emulator_log;
    std::string image_file; ///< where the image is written, which is not booted then
    bool log_exits = false;
    bool checked = false; ///< with the monitor that checks itself
    bool verbose = false;
};

struct BenchOptions {
    BootOptions boot;
    std::string workloads;
    std::uint32_t switches = 1000;
    std::string json_file;
};

struct LinuxOptions {
    BootOptions boot;
    std::string kernel;   ///< empty: Debian's
    std::string initrd;   ///< empty: one with our programs
    std::string append;   ///< words behind those of the kernel's command line
    std::string programs; ///< that init runs, with commas between; empty: a shell
    bool has_page_table_isolation = false;
    bool protects_descriptors = false; ///< the monitor does, on classic and hardened
    bool is_benchmark = false;
    bool verbose = false; ///< also the console's lines for programs
    std::string json_file;
};

struct BuildOptions {
    std::vector<std::string> targets; ///< empty: everything
    std::uint32_t jobs = 0;           ///< commands at a time; 0: ninja decides
    bool lists_targets = false;       ///< instead of building
};

struct FuzzOptions {
    std::vector<std::string> targets; ///< empty: all
    std::uint32_t minutes = 10;       ///< for each target
    std::uint32_t jobs = 1;           ///< processes at a time
    std::string input;                ///< a single input to run instead; empty: none
};

struct TestOptions {
    std::vector<std::string> regular_expressions;
    bool nested = false;      ///< the nested run instead of the suite
    bool linux_guest = false; ///< Linux as the guest, in many ways, instead of the suite
};

} // namespace tool

#pragma once
// Options as they were given on the command line; the commands check them.

#include "shared/longest_exit.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tool {

class Tracer; // trace/tracer.h

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
    Tracer* tracer = nullptr; ///< set by `trace`: gets every VM exit
};

struct RunOptions {
    BootOptions boot;
    std::string emulator_log;
    std::string image_file; ///< write the image here instead of booting it
    bool log_exits = false;
    std::string module_file; ///< for a Multiboot kernel; empty: none
    std::string protect;     ///< "on", "off", or empty: not given
    bool checked = false;    ///< use the monitor that checks itself
    bool verbose = false;
};

struct BenchOptions {
    BootOptions boot;
    std::string workloads;       ///< names, separated by commas; empty: a choice
    bool measures_all = false;   ///< every workload, also on several processors
    bool prints_details = false; ///< what each exit was
    std::uint32_t switches = 1000;
    std::string json_file;
};

struct LinuxOptions {
    BootOptions boot;
    std::string kernel;   ///< empty: Debian's
    std::string initrd;   ///< empty: one with our programs
    std::string append;   ///< words to append to the kernel's command line
    std::string programs; ///< that init runs, separated by commas; empty: a shell
    bool has_page_table_isolation = false;
    bool protects_descriptors = false; ///< on classic and hardened, by the monitor
    bool is_benchmark = false;
    bool verbose = false; ///< also show the console's lines for programs
    std::string json_file;
};

struct TraceOptions {
    bool has_text = false;
    bool has_summary = false;
    std::string csv_file;
    std::string json_file;
    std::string symbols;              ///< a System.map or an ELF file; empty: the guest's own
    std::vector<std::string> command; ///< that is traced: `run`, `bench` or `linux`, with its words
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
    std::string input;                ///< run only this input; empty: not given
};

struct FidelityOptions {
    std::vector<std::string> profiles;   ///< empty: all but bare, which is always run
    std::vector<std::string> cpu_models; ///< empty: a choice
    std::uint64_t cases = 1000;
    std::uint32_t minutes = 0; ///< instead of a number of cases; 0: not given
    std::uint32_t cpus = 1;    ///< processors of the machine; all but the first wait for a start
    std::uint64_t seed = 1;
    std::uint64_t first = 0; ///< number of the first case
    bool real_mode = false;  ///< cases in real-address mode
    std::string left_out;    ///< kinds of instructions, separated by commas
    std::string without;     ///< features of cases, separated by commas
};

struct LongestExitOptions {
    LongestExitOptions() {
        boot.profile = "classic";
        boot.machine = "bochs"; // whose TSC counts instructions
    }

    BootOptions boot;
    std::uint64_t seed = 1;
    std::uint64_t cases = 100;
    std::uint32_t seconds = 0; ///< instead of a number of cases, with minutes; 0: not given
    std::uint32_t minutes = 0;
    std::uint64_t bound = abi::longest_exit_bound; ///< in monitor instructions
    std::string one_case;                          ///< repeat only this case; empty: not given
};

struct CompareOptions {
    std::string old_file;
    std::string new_file;
    std::vector<std::string> tolerances; ///< "2%", "COUNTER=2%"
    bool may_lack_benchmarks = false;    ///< the new file, some of the old one
    bool prints_all = false;             ///< every change instead of the largest
};

struct ReportOptions {
    std::vector<std::string> files;
    std::string page = "report.html";
};

struct TestOptions {
    std::vector<std::string> regular_expressions;
    bool nested = false;      ///< the nested run instead of the suite
    bool linux_guest = false; ///< the matrix of Linux boots instead of the suite
};

} // namespace tool

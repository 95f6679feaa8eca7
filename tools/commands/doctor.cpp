#include "tools/commands/commands.h"
#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/machine/kvm.h"
#include "tools/machine/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

namespace tool {
namespace {

struct Program {
    std::string_view name;
    std::string_view version_option;
    std::string_view version_word; ///< in the line of output that names the version
    std::string_view package;
};

constexpr std::array programs{
    Program{"bochs", "--help", "Bochs x86 Emulator", "bochs"},
    Program{"qemu-system-x86_64", "--version", "version", "qemu-system-x86"},
    Program{"grub-mkrescue", "--version", "grub-mkrescue", "grub-common"},
    Program{"xorriso", "--version", "xorriso version", "xorriso"},
    Program{"g++", "--version", "g++", "g++"},
    Program{"cmake", "--version", "version", "cmake"},
    Program{"ninja", "--version", ".", "ninja-build"},
    Program{"clang-format", "--version", "version", "clang-format"},
    Program{"clang-tidy", "--version", "version", "clang-tidy"},
};

struct File {
    std::string_view path;
    std::string_view package;
};

constexpr std::array files{
    File{"/usr/share/bochs/BIOS-bochs-latest", "bochsbios"},
    File{"/usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_term_gui.so", "bochs-term"},
    File{"/usr/lib/grub/i386-pc/multiboot2.mod", "grub-pc-bin"},
    File{"/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "libfaketime"},
};

/// The line of `output` that contains `word`, without leading blanks.
std::string line_with(std::string_view output, std::string_view word) {
    const std::size_t found = output.find(word);
    if (found == std::string_view::npos)
        return "version unknown";
    const std::size_t feed = output.rfind('\n', found);
    const std::size_t begin =
        output.find_first_not_of(" :", feed == std::string_view::npos ? 0 : feed + 1);
    return std::string(output.substr(begin, output.find_first_of("\r\n", found) - begin));
}

void print_lack(std::string_view what, std::string_view package) {
    fmt::print("  {:<20} MISSING: apt-get install {}\n", what, package);
}

bool check_programs() {
    bool all_there = true;
    for (const Program& program : programs) {
        if (!find_program(program.name)) {
            print_lack(program.name, program.package);
            all_there = false;
            continue;
        }
        const Captured version =
            capture({std::string(program.name), std::string(program.version_option)});
        fmt::print("  {:<20} {}\n", program.name, line_with(version.output, program.version_word));
    }
    for (const File& file : files) {
        const std::filesystem::path path(file.path);
        if (std::filesystem::exists(path)) {
            fmt::print("  {:<20} {}\n", file.package, path.string());
        } else {
            print_lack(path.filename().string(), file.package);
            all_there = false;
        }
    }
    return all_there;
}

std::string first_line(const std::filesystem::path& path) {
    std::ifstream stream(path);
    std::string line;
    std::getline(stream, line);
    return line;
}

bool cpu_has_vmx() {
    std::ifstream stream("/proc/cpuinfo");
    for (std::string line; std::getline(stream, line);)
        if (line.starts_with("flags"))
            return (line + ' ').find(" vmx ") != std::string::npos;
    return false;
}

void report_vmx(const KvmCapability& kvm) {
    const bool has_vmx = cpu_has_vmx();
    fmt::print("  {:<20} {}\n", "/proc/cpuinfo",
               has_vmx ? "vmx"
                       : "no vmx: an AMD CPU, VT-x disabled by the firmware, or a virtual "
                         "machine whose host has nested VT-x off");
    const std::string nested = first_line("/sys/module/kvm_intel/parameters/nested");
    if (nested.empty())
        fmt::print("  {:<20} not loaded{}\n", "kvm_intel", has_vmx ? ": modprobe kvm_intel" : "");
    else if (nested == "Y" || nested == "1")
        fmt::print("  {:<20} nested={}\n", "kvm_intel", nested);
    else
        fmt::print("  {:<20} nested={}: modprobe -r kvm_intel; modprobe kvm_intel nested=1\n",
                   "kvm_intel", nested);
    fmt::print("  {:<20} {}\n", "/dev/kvm", kvm.reason);
    if (!kvm.offers_vmx && kvm.reason.find("Permission denied") != std::string::npos)
        fmt::print("  {:<20} add yourself to the group kvm: adduser $USER kvm\n", "");
}

} // namespace

int doctor() {
    fmt::print("Programs and files\n");
    const bool all_there = check_programs();
    fmt::print("VT-x\n");
    const KvmCapability kvm = kvm_capability();
    report_vmx(kvm);
    fmt::print("Result\n");
    fmt::print("  {}\n", choose_machine("", kvm).reason);
    if (!kvm.offers_vmx)
        fmt::print("  That is no loss: Bochs emulates VT-x, and its counts repeat exactly.\n");
    if (!all_there) {
        fmt::print("  Something is missing: install it as shown above, or run another ./lazyhv "
                   "command,\n  which installs it.\n");
    } else {
        fmt::print("  ./lazyhv bench can run here.\n");
    }
    return all_there ? 0 : 1;
}

} // namespace tool

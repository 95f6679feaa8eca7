#include "tools/commands/linux_image.h"

#include "tools/commands/boot.h"
#include "tools/commands/profiles.h"
#include "tools/host/build_folder.h"
#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/image/boot_image.h"
#include "tools/linux/initramfs.h"
#include "tools/linux/packages.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <sstream>

namespace tool {
namespace {

namespace fs = std::filesystem;

constexpr Package kernel_package{"linux-image-amd64", true, "./boot/vmlinuz-*"};
constexpr Package busybox_package{"busybox-static", false, "./bin/busybox"};
constexpr Package hackbench_package{"rt-tests", false, "./usr/bin/hackbench"};

/// Programs of guest/linux_programs/, each in a file of that name.
constexpr std::array programs{"compile", "exec",   "fork",     "fpu",
                              "measure", "memory", "pingpong", "signals"};

/// Adds a dynamically linked program and the shared libraries of this host that it needs.
void add_with_libraries(std::vector<InitramfsFile>& files, const fs::path& program) {
    const Captured ldd = capture({"ldd", program.string()});
    if (ldd.status != 0)
        throw Failure(fmt::format("ldd fails for {}: {}", program.string(), ldd.output));
    for (const fs::path& library : library_files(ldd.output))
        files.push_back({library.relative_path().string(), library});
    files.push_back({"bin" / program.filename(), program});
}

/// Debian's stock kernel, from its package.
fs::path debian_kernel(Progress& progress) {
    const fs::path folder = package_folder(kernel_package, progress) / "boot";
    for (const fs::directory_entry& entry : fs::directory_iterator(folder))
        return entry.path();
    throw Failure(fmt::format("there is no kernel in {}; remove that folder", folder.string()));
}

/// Makes in `folder` a file system with the programs of guest/linux_programs/, and with busybox and
/// hackbench from their packages; returns its path.
fs::path make_initrd(const fs::path& folder, Progress& progress) {
    std::vector<InitramfsFile> files{{"init", built_file("guest/linux_programs/init")}};
    for (const std::string_view program : programs)
        files.push_back({fmt::format("bin/{}", program),
                         built_file(fs::path("guest/linux_programs") / program)});
    files.push_back({"bin/busybox", package_folder(busybox_package, progress) / "bin/busybox"});
    add_with_libraries(files, package_folder(hackbench_package, progress) / "usr/bin/hackbench");
    fs::path image = folder / "initrd";
    write_initramfs(image, std::move(files));
    return image;
}

/// Throws Failure unless `kernel` is a file that can be read and has the header of a Linux kernel
/// that boot loaders load (bzImage).
void require_linux_kernel(const fs::path& kernel) {
    constexpr std::streamoff header_offset = 0x202;
    constexpr std::string_view signature = "HdrS";
    require_readable_guest(kernel);
    std::ifstream stream(kernel, std::ios::binary);
    std::string found(signature.size(), '\0');
    if (!stream.seekg(header_offset) ||
        !stream.read(found.data(), static_cast<std::streamsize>(found.size())) ||
        found != signature) {
        throw Failure(fmt::format("{} is not a Linux kernel for a boot loader (a bzImage, such as "
                                  "/boot/vmlinuz)",
                                  kernel.string()));
    }
}

} // namespace

std::vector<std::string> kernel_words(const KernelOptions& options) {
    std::vector<std::string> words{
        "console=ttyS0",
        "quiet",      // messages of the kernel would mix with the lines of programs,
        "loglevel=1", // except for a panic
        "panic=-1",   // after which it reboots at once
        "tsc=reliable",
        "no_timer_check", // the emulated timer is slow but works
        "nokaslr",        // so that counts repeat
        options.has_page_table_isolation ? "pti=on" : "pti=off",
    };
    if (options.programs.find_first_of(" \t\n") != std::string::npos)
        throw Failure(fmt::format("\"{}\" for --run: separate the names by commas, without blanks",
                                  options.programs));
    if (!options.programs.empty())
        words.push_back("run=" + options.programs);
    std::istringstream appended(options.append);
    for (std::string word; appended >> word;)
        words.push_back(word);
    return words;
}

LinuxFiles choose_linux_files(const LinuxOptions& options, const std::filesystem::path& folder,
                              Progress& progress) {
    LinuxFiles files;
    files.kernel =
        options.kernel.empty() ? debian_kernel(progress) : std::filesystem::path(options.kernel);
    require_linux_kernel(files.kernel);
    if (!options.initrd.empty())
        require_readable_guest(options.initrd);
    files.initrd = options.initrd.empty() ? make_initrd(folder, progress)
                                          : std::filesystem::path(options.initrd);
    return files;
}

BootImage linux_image(const LinuxOptions& options, const LinuxFiles& files, abi::Profile profile,
                      const std::vector<std::string>& words) {
    BootOptions boot = options.boot;
    boot.guest = files.kernel;
    boot.guest_arguments = words;
    MonitorOptions monitor = monitor_options(boot, profile, parse_interface(boot.interface));
    monitor.protects_descriptors = options.protects_descriptors;
    BootImage image = choose_image(boot, monitor, MonitorBuild::plain);
    image.is_linux = true;
    image.module = files.initrd;
    return image;
}

} // namespace tool

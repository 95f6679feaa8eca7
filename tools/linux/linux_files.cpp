#include "tools/linux/linux_files.h"

#include "tools/commands/build_folder.h"
#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/image/boot_image.h"
#include "tools/linux/initramfs.h"
#include "tools/linux/package_text.h"
#include "tools/linux/packages.h"

#include <fmt/format.h>

#include <array>
#include <fstream>

namespace tool {
namespace {

namespace fs = std::filesystem;

constexpr Package kernel_package{"linux-image-amd64", true, "./boot/vmlinuz-*"};
constexpr Package busybox_package{"busybox-static", false, "./bin/busybox"};
constexpr Package hackbench_package{"rt-tests", false, "./usr/bin/hackbench"};

/// Of guest/linux_programs/, each a file of that name.
constexpr std::array programs{"compile", "exec",   "fork",     "fpu",
                              "measure", "memory", "pingpong", "signals"};

InitramfsFile built(std::string_view name, std::string path) {
    fs::path source = build_folder() / "guest/linux_programs" / name;
    if (!fs::exists(source)) {
        throw Failure(fmt::format("{} is not built; start this program through ./lazyhv, which "
                                  "builds what is missing",
                                  source.string()));
    }
    return {std::move(path), std::move(source)};
}

/// A program that is not static, with the libraries of this host.
void add_with_libraries(std::vector<InitramfsFile>& files, const fs::path& program) {
    const Captured ldd = capture({"ldd", program.string()});
    if (ldd.status != 0)
        throw Failure(fmt::format("ldd fails for {}: {}", program.string(), ldd.output));
    for (const fs::path& library : library_files(ldd.output))
        files.push_back({library.relative_path().string(), library});
    files.push_back({"bin" / program.filename(), program});
}

} // namespace

fs::path debian_kernel(Progress& progress) {
    const fs::path folder = package_folder(kernel_package, progress) / "boot";
    for (const fs::directory_entry& entry : fs::directory_iterator(folder))
        return entry.path();
    throw Failure(fmt::format("there is no kernel in {}; remove that folder", folder.string()));
}

fs::path make_initrd(const fs::path& folder, Progress& progress) {
    std::vector<InitramfsFile> files{built("init", "init")};
    for (const std::string_view program : programs)
        files.push_back(built(program, fmt::format("bin/{}", program)));
    files.push_back({"bin/busybox", package_folder(busybox_package, progress) / "bin/busybox"});
    add_with_libraries(files, package_folder(hackbench_package, progress) / "usr/bin/hackbench");
    fs::path image = folder / "initrd";
    write_initramfs(image, std::move(files));
    return image;
}

void require_linux_kernel(const fs::path& kernel) {
    constexpr std::streamoff header_offset = 0x202;
    constexpr std::string_view signature = "HdrS";
    require_readable_guest(kernel);
    std::ifstream stream(kernel, std::ios::binary);
    std::string found(signature.size(), '\0');
    if (!stream.seekg(header_offset) ||
        !stream.read(found.data(), static_cast<std::streamsize>(found.size())) ||
        found != signature) {
        throw Failure(fmt::format("{} is no Linux kernel that a boot loader loads (a bzImage, such "
                                  "as /boot/vmlinuz)",
                                  kernel.string()));
    }
}

} // namespace tool

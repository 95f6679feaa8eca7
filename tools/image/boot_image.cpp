#include "tools/image/boot_image.h"

#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/host/fixed_date.h"
#include "tools/host/output_file.h"
#include "tools/host/temporary_folder.h"
#include "tools/image/grub_config.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <unistd.h>

namespace tool {
namespace {

/// GRUB for BIOS machines (package grub-pc-bin). Named explicitly, because grub-mkrescue would
/// otherwise put every platform that is installed into the image.
constexpr std::string_view grub_folder = "/usr/lib/grub/i386-pc";

void copy_into(const std::filesystem::path& root, std::string_view name,
               const std::filesystem::path& source) {
    const std::filesystem::path target = root / std::filesystem::path(name).relative_path();
    std::error_code error;
    std::filesystem::copy_file(source, target, error);
    if (error)
        throw Failure(fmt::format("cannot copy {} to {}: {}", source.string(), target.string(),
                                  error.message()));
}

} // namespace

void require_readable_guest(const std::filesystem::path& guest) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(guest, error);
    if (!std::filesystem::exists(status))
        throw Failure(fmt::format("there is no guest image {}", guest.string()));
    if (!std::filesystem::is_regular_file(status))
        throw Failure(fmt::format("the guest image {} is not a file", guest.string()));
    if (access(guest.c_str(), R_OK) != 0)
        throw Failure(fmt::format("the guest image {} cannot be read: {}", guest.string(),
                                  std::strerror(errno)));
}

std::filesystem::path make_boot_image(const BootImage& image, const std::filesystem::path& folder) {
    const std::filesystem::path root = folder / "image";
    const std::filesystem::path config =
        root / std::filesystem::path(config_in_image).relative_path();
    std::error_code error;
    std::filesystem::create_directories(config.parent_path(), error);
    if (error)
        throw Failure(
            fmt::format("cannot create {}: {}", config.parent_path().string(), error.message()));
    copy_into(root, monitor_in_image, image.monitor);
    copy_into(root, rom_in_image, image.rom);
    copy_into(root, image.is_linux ? kernel_in_image : guest_in_image, image.guest);
    if (image.module)
        copy_into(root, initrd_in_image, *image.module);
    std::ofstream stream(config);
    stream << grub_config(image.monitor_options, image.guest_arguments,
                          {.is_linux = image.is_linux, .has_module = image.module.has_value()});
    stream.close();
    if (!stream)
        throw Failure(fmt::format("cannot write {}", config.string()));

    // GRUB finds the image by its date. How long that takes depends on the date and shifts the
    // guest's clock, so the date is always the same. It runs in `folder`, and makes its temporary
    // files there: the names of the files then mean nothing to xorriso, whatever TMPDIR is, and a
    // signal leaves none of them.
    const Captured mkrescue = capture(
        at_fixed_date({"TMPDIR=.", "grub-mkrescue", fmt::format("--directory={}", grub_folder),
                       "--install-modules=multiboot2 normal serial echo boot halt iso9660 biosdisk",
                       "--fonts=", "--locales=", "--themes=", "--compress=no", "-o",
                       std::string(boot_image_name), root.filename().string()}),
        folder);
    if (mkrescue.status != 0)
        throw Failure(
            fmt::format("grub-mkrescue could not create the boot image:\n{}", mkrescue.output));
    std::filesystem::remove_all(root, error);
    return folder / boot_image_name;
}

void save_boot_image(const BootImage& image, const std::filesystem::path& file) {
    const OutputFile output(file, "the image");
    const TemporaryFolder folder;
    output.copy(make_boot_image(image, folder.path()));
}

} // namespace tool

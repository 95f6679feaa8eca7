#include "tools/commands/linux_image.h"

#include "tools/commands/boot.h"
#include "tools/linux/linux_files.h"

namespace tool {

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
    MonitorOptions monitor = monitor_options(boot, profile, abi::Interface::native);
    monitor.protects_descriptors = options.protects_descriptors;
    BootImage image = choose_image(boot, monitor, MonitorBuild::plain);
    image.initrd = files.initrd;
    return image;
}

} // namespace tool

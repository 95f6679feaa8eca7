#include "tools/image/grub_config.h"

#include "tools/console/console_reader.h"
#include "tools/host/failure.h"

#include <fmt/format.h>

namespace tool {

std::string monitor_command_line(const MonitorOptions& options) {
    std::string line = fmt::format("profile={} interface={}", abi::name(options.profile),
                                   abi::name(options.interface));
    if (options.shadow_kibibytes)
        line += fmt::format(" shadow={}", *options.shadow_kibibytes);
    if (options.protects_descriptors)
        line += *options.protects_descriptors ? " protect=1" : " protect=0";
    if (options.traces)
        line += " trace=1";
    return line;
}

std::string quote_for_grub(std::string_view argument) {
    std::string quoted = "'";
    for (const char character : argument) {
        if (character == '\n' || character == '\r' || character == '\0')
            throw Failure("a guest argument may not contain a line break or a NUL");
        if (character == '\'')
            quoted += "'\\''"; // between single quotes GRUB has no way to escape one
        else
            quoted += character;
    }
    return quoted + "'";
}

std::string grub_config(const MonitorOptions& monitor, const std::vector<std::string>& arguments,
                        GuestFiles files) {
    std::string guest_arguments;
    for (const std::string& argument : arguments)
        guest_arguments += " " + quote_for_grub(argument);
    return fmt::format(
        R"(serial --unit=0 --speed=115200
terminal_output serial
if multiboot2 {monitor} {monitor_arguments}; then
if module2 {rom} rom; then
if module2 {guest} guest{arguments}; then
{initrd}
echo
echo "{ready}"
boot
fi; fi; fi{end_of_initrd}
echo
echo "{failed}"
halt
)",
        fmt::arg("monitor", monitor_in_image),
        fmt::arg("monitor_arguments", monitor_command_line(monitor)), fmt::arg("rom", rom_in_image),
        fmt::arg("guest", files.is_linux ? kernel_in_image : guest_in_image),
        fmt::arg("arguments", guest_arguments),
        fmt::arg("initrd", files.has_module
                               ? fmt::format("if module2 {} initrd; then", initrd_in_image)
                               : ""),
        fmt::arg("end_of_initrd", files.has_module ? "; fi" : ""), fmt::arg("ready", grub_ready),
        fmt::arg("failed", grub_failed));
}

} // namespace tool

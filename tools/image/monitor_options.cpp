#include "tools/image/monitor_options.h"

#include <fmt/format.h>

namespace tool {

std::string monitor_command_line(const MonitorOptions& options) {
    std::string line = fmt::format("profile={} interface={}", abi::name(options.profile),
                                   abi::name(options.interface));
    if (options.shadow_kibibytes)
        line += fmt::format(" shadow={}", *options.shadow_kibibytes);
    if (options.protects_descriptors)
        line += *options.protects_descriptors ? " protect=1" : " protect=0";
    return line;
}

} // namespace tool

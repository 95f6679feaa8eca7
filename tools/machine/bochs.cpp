#include "tools/machine/bochs.h"

#include "tools/host/failure.h"
#include "tools/host/fixed_date.h"
#include "tools/image/boot_image.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <vector>

namespace tool {
namespace {

/// As the models' VMX capability MSRs say; Bochs does not print which model has which features.
constexpr std::array<std::string_view, 10> models_with_ept{
    "corei5_lynnfield_750",      "corei5_arrandale_m520",
    "corei7_sandy_bridge_2600k", "corei7_ivy_bridge_3770k",
    "corei7_haswell_4770",       "broadwell_ult",
    "corei7_skylake_x",          "corei3_cnl",
    "corei7_icelake_u",          "tigerlake"};

bool is_model_name(std::string_view line) {
    return !line.empty() && line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                                std::string_view::npos;
}

/// Emulated time passes by this many instructions a second. With a higher number the BIOS and GRUB
/// take longer over their delays; with a lower one timer interrupts arrive after too few
/// instructions.
constexpr std::uint32_t instructions_per_second = 20'000'000;
/// Bochs keeps no more than this in its own memory and swaps the rest to a file.
constexpr std::uint32_t max_host_mebibytes = 2048;

void write_file(const std::filesystem::path& path, std::string_view text) {
    std::ofstream stream(path);
    stream << text;
    stream.close();
    if (!stream)
        throw Failure(fmt::format("cannot write {}", path.string()));
}

/// Bochs switches debugging messages on for each device, and each processor is a device.
std::string reporting_processors(std::uint32_t count) {
    std::vector<std::string> parts;
    for (std::uint32_t processor = 0; processor < count; ++processor)
        parts.push_back(fmt::format(", cpu{}=report", processor));
    return fmt::format("{}", fmt::join(parts, ""));
}

} // namespace

std::vector<std::string> parse_cpu_models(std::string_view help) {
    std::vector<std::string> models;
    while (!help.empty()) {
        const std::size_t end = std::min(help.find('\n'), help.size());
        std::string_view line = help.substr(0, end);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (is_model_name(line))
            models.emplace_back(line);
        help.remove_prefix(std::min(end + 1, help.size()));
    }
    return models;
}

void require_known_cpu_model(std::string_view model, const std::vector<std::string>& known) {
    if (std::find(known.begin(), known.end(), model) != known.end())
        return;
    std::string usable;
    for (const std::string_view name : models_with_ept)
        if (std::find(known.begin(), known.end(), name) != known.end())
            usable += fmt::format("\n  {}", name);
    throw Failure(fmt::format(
        "Bochs has no CPU model \"{}\"; those with VT-x and EPT are:{}\n"
        "(core2_penryn_t9600 has VT-x without EPT, which is enough for profile classic; "
        "`bochs --help cpu` lists all)",
        model, usable));
}

std::string bochs_settings(const Machine& machine, std::string_view console) {
    return fmt::format(
        R"(romimage: file=$BXSHARE/BIOS-bochs-latest
vgaromimage: file=$BXSHARE/VGABIOS-lgpl-latest
display_library: term
plugin_ctrl: sb16=0, es1370=0, speaker=0
cpu: model={cpu}, count={cpus}, ips={ips}
memory: guest={guest}, host={host}
clock: sync=none, time0={time}
com1: enabled=1, mode=term, dev={console}
ata0-master: type=cdrom, path={image}, status=inserted
boot: cdrom
log: {log}
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore{debug}
port_e9_hack: enabled={trace}
magic_break: enabled=0
)",
        fmt::arg("trace", machine.tracer == nullptr ? 0 : 1), fmt::arg("cpu", machine.cpu_model),
        fmt::arg("cpus", machine.cpus), fmt::arg("ips", instructions_per_second),
        fmt::arg("guest", machine.memory_mebibytes),
        fmt::arg("host", std::min(machine.memory_mebibytes, max_host_mebibytes)),
        fmt::arg("time", fixed_date), fmt::arg("console", console),
        fmt::arg("image", boot_image_name), fmt::arg("log", log_name),
        fmt::arg("debug", machine.log_exits ? reporting_processors(machine.cpus) : ""));
}

std::optional<std::string> opened_screen(std::string_view printed) {
    constexpr std::string_view before = "connected to screen \"";
    const std::size_t begin = printed.find(before);
    if (begin == std::string_view::npos)
        return std::nullopt;
    const std::string_view name = printed.substr(begin + before.size());
    const std::size_t end = name.find('"');
    if (end == std::string_view::npos)
        return std::nullopt;
    return std::string(name.substr(0, end));
}

bool was_shut_down(std::string_view log) {
    return log.find("Shutdown port: shutdown requested") != std::string_view::npos;
}

Emulator prepare_bochs(const Machine& machine, std::string_view console,
                       const std::filesystem::path& folder) {
    write_file(folder / settings_name, bochs_settings(machine, console));
    // Debian's Bochs is built with its debugger, which waits for a command: "c" continues.
    write_file(folder / debugger_name, "c\n");
    // Bochs seeds RDRAND with the second in which it was started, by the host's clock. Linux
    // derives the addresses of a process's memory from it, so counts would not repeat.
    return {.command = at_fixed_date({"bochs", "-q", "-f", fmt::format("./{}", settings_name),
                                      "-rc", fmt::format("./{}", debugger_name)}),
            .console_on_standard_streams = false};
}

} // namespace tool

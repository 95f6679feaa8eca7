#include "tools/commands/boot.h"

#include "tools/commands/build_folder.h"
#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/machine/cpu_models.h"
#include "tools/machine/memory_size.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

namespace tool {
namespace {

/// The index of `name` in `names`. Throws Failure that lists them.
template <typename Names>
std::uint8_t parse_name(std::string_view what, std::string_view name, const Names& names) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
        throw Failure(
            fmt::format("unknown {} \"{}\": give {}", what, name, fmt::join(names, ", ")));
    return static_cast<std::uint8_t>(found - names.begin());
}

std::filesystem::path built(std::string_view name) {
    std::filesystem::path path = build_folder() / name;
    if (!std::filesystem::exists(path)) {
        throw Failure(fmt::format("{} is not built; start this program through ./lazyhv, which "
                                  "builds what is missing",
                                  path.string()));
    }
    return path;
}

} // namespace

abi::Profile parse_profile(std::string_view name) {
    return static_cast<abi::Profile>(parse_name("profile", name, abi::profile_names));
}

abi::Interface parse_interface(std::string_view name) {
    return static_cast<abi::Interface>(parse_name("interface", name, abi::interface_names));
}

Machine choose_machine(const BootOptions& options, std::chrono::seconds default_time_limit) {
    Machine machine{.kind = MachineKind::bochs,
                    .cpu_model = options.cpu_model,
                    .memory_mebibytes = parse_memory_size(options.memory),
                    .time_limit = options.time_limit_seconds == 0
                                      ? default_time_limit
                                      : std::chrono::seconds(options.time_limit_seconds),
                    .emulator_log = std::nullopt};
    const MachineChoice choice = choose_machine(options.machine, kvm_capability());
    machine.kind = choice.kind;
    if (machine.kind == MachineKind::bochs) {
        if (machine.cpu_model.empty())
            machine.cpu_model = default_cpu_model;
        require_known_cpu_model(machine.cpu_model,
                                parse_cpu_models(capture({"bochs", "--help", "cpu"}).output));
    } else {
        if (!machine.cpu_model.empty())
            throw Failure("--cpu chooses among Bochs's CPU models; under KVM it is the host's own "
                          "CPU: leave --cpu out or use --machine bochs");
        machine.cpu_model = "host";
    }
    fmt::print(stderr, "{}; CPU {}, {} MiB\n", choice.reason, machine.cpu_model,
               machine.memory_mebibytes);
    return machine;
}

BootImage choose_image(const BootOptions& options, abi::Profile profile, abi::Interface interface) {
    if (!options.guest.empty())
        require_readable_guest(options.guest);
    return {.monitor = built("hypervisor/lazyhv.elf"),
            .rom = built("vmi_rom/vmi.rom"),
            .guest = options.guest.empty() ? built("guest/guest.elf")
                                           : std::filesystem::path(options.guest),
            .profile = profile,
            .interface = interface,
            .guest_arguments = options.guest_arguments};
}

} // namespace tool

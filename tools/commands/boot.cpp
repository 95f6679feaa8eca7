#include "tools/commands/boot.h"

#include "tools/host/build_folder.h"
#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/host/standard_streams.h"
#include "tools/machine/bochs.h"
#include "tools/machine/kvm.h"
#include "tools/machine/memory_size.h"

#include <fmt/format.h>

namespace tool {
Machine choose_machine(const BootOptions& options, std::chrono::seconds default_time_limit) {
    Machine machine{.kind = MachineKind::bochs,
                    .cpu_model = options.cpu_model,
                    .memory_mebibytes = parse_memory_size(options.memory),
                    .cpus = options.cpus == 0 ? 1 : options.cpus,
                    .time_limit = options.time_limit_seconds == 0
                                      ? default_time_limit
                                      : std::chrono::seconds(options.time_limit_seconds),
                    .emulator_log = std::nullopt};
    const MachineChoice choice = choose_machine(options.machine, kvm_capability());
    machine.kind = choice.kind;
    if (machine.kind == MachineKind::bochs) {
        machine.tracer = options.tracer;
        if (machine.cpu_model.empty())
            machine.cpu_model = default_cpu_model;
        require_known_cpu_model(machine.cpu_model,
                                parse_cpu_models(capture({"bochs", "--help", "cpu"}).output));
    } else {
        if (options.tracer != nullptr)
            throw Failure("`trace` reads what Bochs prints; under KVM nothing is traced yet: use "
                          "--machine bochs");
        if (!machine.cpu_model.empty())
            throw Failure("--cpu chooses among Bochs's CPU models; under KVM it is the host's own "
                          "CPU: leave --cpu out or use --machine bochs");
        machine.cpu_model = "host";
    }
    say(fmt::format("{}; CPU {}{}, {} MiB\n", choice.reason,
                    machine.cpus == 1 ? "" : fmt::format("{} x ", machine.cpus), machine.cpu_model,
                    machine.memory_mebibytes));
    return machine;
}

MonitorOptions monitor_options(const BootOptions& options, abi::Profile profile,
                               abi::Interface interface) {
    MonitorOptions monitor{
        .profile = profile, .interface = interface, .shadow_kibibytes = std::nullopt};
    monitor.traces = options.tracer != nullptr;
    if (profile == abi::Profile::classic && !options.shadow_memory.empty())
        monitor.shadow_kibibytes = parse_shadow_memory_size(options.shadow_memory);
    return monitor;
}

BootImage choose_image(const BootOptions& options, const MonitorOptions& monitor,
                       MonitorBuild build) {
    if (!options.guest.empty())
        require_readable_guest(options.guest);
    return {.monitor = built_file(build == MonitorBuild::checked ? "hypervisor/lazyhv-checked.elf"
                                                                 : "hypervisor/lazyhv.elf"),
            .rom = built_file("vmi_rom/vmi.rom"),
            .guest = options.guest.empty() ? built_file("guest/guest.elf")
                                           : std::filesystem::path(options.guest),
            .module = std::nullopt,
            .monitor_options = monitor,
            .guest_arguments = options.guest_arguments};
}

} // namespace tool

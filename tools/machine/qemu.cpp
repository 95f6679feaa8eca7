#include "tools/machine/qemu.h"

#include "shared/console.h"

#include <fmt/format.h>

namespace tool {

Emulator prepare_qemu(const Machine& machine, const std::filesystem::path& image) {
    // -cdrom takes a file name whole, with no options behind a comma.
    return {.command = {"qemu-system-x86_64",
                        "-accel",
                        "kvm",
                        "-cpu",
                        "host,+vmx",
                        "-smp",
                        fmt::format("{}", machine.cpus),
                        "-m",
                        fmt::format("{}M", machine.memory_mebibytes),
                        "-boot",
                        "d",
                        "-cdrom",
                        image.string(),
                        "-display",
                        "none",
                        "-monitor",
                        "none",
                        "-serial",
                        "stdio",
                        "-nic",
                        "none",
                        "-no-reboot",
                        "-device",
                        fmt::format("isa-debug-exit,iobase={:#x},iosize=0x4", abi::qemu_exit_port)},
            .console_on_standard_streams = true};
}

} // namespace tool

#include "guest/kernel/boot/power.h"

#include "guest/kernel/console/console.h"
#include "guest/kernel/cpu/port.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/console.h"

namespace guest {
namespace {

[[noreturn]] void stop() {
    for (;;)
        asm volatile("cli; hlt");
}

} // namespace

void power::finish(std::uint8_t status) {
    console::print(abi::end_prefix, status, "\n");
    paravirt::shutdown(status);
}

/// What paravirt::shutdown is without a ROM: tries each emulator's port for powering off in turn.
extern "C" [[noreturn, gnu::used]] void native_shutdown(std::uint64_t status) {
    port::out8(abi::qemu_exit_port, static_cast<std::uint8_t>(status));
    for (const char letter : abi::bochs_exit_word)
        port::out8(abi::bochs_exit_port, static_cast<std::uint8_t>(letter));
    stop();
}

/// What paravirt::reboot is without a ROM: the keyboard controller's reset line.
extern "C" [[noreturn, gnu::used]] void native_reboot() {
    constexpr std::uint16_t keyboard_command = 0x64;
    constexpr std::uint8_t pulse_reset = 0xFE;
    port::out8(keyboard_command, pulse_reset);
    stop();
}

} // namespace guest

#pragma once
// One boot of an image on the emulated machine, from start to end.

#include "tools/console/console_reader.h"
#include "tools/image/boot_image.h"
#include "tools/machine/machine.h"

namespace tool {

/// Builds the image, boots it, and feeds its console to `reader` as the bytes arrive. If
/// `forwards_input` is set and standard input is a terminal, what is typed there goes to the guest.
/// Returns the status on the console's end line; if a guest has shut Bochs down without one, that
/// of the line that is then fed to `reader`, as by the monitor. Throws Failure if there is none
/// (GRUB could not load the image, the emulator could not be started or ended too early, the
/// machine was reset, or the time limit was reached), or if a Linux kernel panicked, end line or
/// not. Throws Interrupted. No process remains, and no file except the log if one was asked for.
int emulate(const Machine& machine, const BootImage& image, ConsoleReader& reader,
            bool forwards_input);

} // namespace tool

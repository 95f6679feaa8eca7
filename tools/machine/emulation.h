#pragma once
// One boot of an image on the emulated machine, from start to end.

#include "tools/console/console_reader.h"
#include "tools/image/boot_image.h"
#include "tools/machine/machine.h"

namespace tool {

/// Builds the image, boots it, feeds its console to `reader` as the bytes come and, when
/// `forwards_input` and the command's own standard input is a terminal, what is typed there to the
/// guest. Returns the status on the console's end line. Throws Failure when there is no such line:
/// GRUB could not load it, the emulator could not be started or ended too early, the machine was
/// reset, or the time limit was hit; when a Linux kernel panicked, whatever else there was; and
/// Interrupted. Leaves no process and no file behind (but the log, where one was asked
/// for).
int emulate(const Machine& machine, const BootImage& image, ConsoleReader& reader,
            bool forwards_input);

} // namespace tool

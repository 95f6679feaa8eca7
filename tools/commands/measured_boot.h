#pragma once
// One boot whose console is read and not shown.

#include "tools/image/boot_image.h"
#include "tools/machine/machine.h"
#include "tools/results/result.h"

#include <string>

namespace tool {

/// Boots the image and returns what it measured. Throws Failure, with `name` and the end of the
/// console, when the guest fails or prints no result.
Run measured_boot(const Machine& machine, const BootImage& image, const std::string& name);

} // namespace tool

#pragma once
// Boots whose console is read but not shown, several of them at the same time.

#include "tools/image/boot_image.h"
#include "tools/machine/machine.h"
#include "tools/results/result.h"

#include <cstddef>
#include <functional>
#include <string>

namespace tool {

/// Boots the image and returns what it measured. Throws Failure, with `name` and the end of the
/// console, when the guest fails or prints no result.
Run measured_boot(const Machine& machine, const BootImage& image, const std::string& name);

/// Calls `boot` once with each number below `count`, in that order, some of them at the same time
/// in threads of their own. When one throws, no more are begun; what the first of them threw is
/// thrown again when all have ended.
void boot_in_parallel(std::size_t count, const std::function<void(std::size_t)>& boot);

} // namespace tool

#pragma once
// Boots whose console is read but not shown, several of them at the same time.

#include "tools/image/boot_image.h"
#include "tools/machine/machine.h"
#include "tools/results/result.h"

#include <cstddef>
#include <functional>
#include <string>

namespace tool {

/// Boots the image and returns what the guest measured. Throws Failure when the guest fails or
/// prints no result; the message contains `name` and the end of the console.
Run measured_boot(const Machine& machine, const BootImage& image, const std::string& name);

/// Calls `boot` once with each number below `count`, in that order; some of the calls run at the
/// same time, in threads of their own. After a call throws, no further one begins. When all have
/// ended, the exception of the call with the lowest number is thrown again.
void boot_in_parallel(std::size_t count, const std::function<void(std::size_t)>& boot);

} // namespace tool

#pragma once
// Boots that run at the same time.

#include <cstddef>
#include <functional>

namespace tool {

/// Calls `boot` once with each number below `count`, in that order, some of them at the same time
/// in threads of their own. When one throws, no more are begun; what the first of them threw is
/// thrown again when all have ended.
void boot_in_parallel(std::size_t count, const std::function<void(std::size_t)>& boot);

} // namespace tool

#include "tools/commands/parallel_boots.h"

#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace tool {
namespace {

/// Emulators that run at the same time.
constexpr std::size_t parallel_boots = 2;

} // namespace

void boot_in_parallel(std::size_t count, const std::function<void(std::size_t)>& boot) {
    std::vector<std::exception_ptr> failures(count);
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> has_failed = false;
    const auto work = [&] {
        for (;;) {
            const std::size_t index = next++;
            if (index >= count || has_failed)
                return;
            try {
                boot(index);
            } catch (...) {
                failures[index] = std::current_exception();
                has_failed = true;
            }
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t number = 0; number < parallel_boots; ++number)
            threads.emplace_back(work);
    }
    for (const std::exception_ptr& failure : failures)
        if (failure)
            std::rethrow_exception(failure);
}

} // namespace tool

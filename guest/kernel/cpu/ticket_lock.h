#pragma once
// A ticket lock: whoever asks first gets it first. Pure.

#include <atomic>
#include <cstdint>

namespace guest {

class TicketLock {
  public:
    /// Takes the lock. Calls `wait` again and again while another holder has it.
    template <typename Wait>
    void acquire(Wait wait) {
        const std::uint32_t ticket = next_.fetch_add(1, std::memory_order_relaxed);
        while (serving_.load(std::memory_order_acquire) != ticket)
            wait();
    }

    /// Releases the lock. Only its holder may call this.
    void release() {
        serving_.store(serving_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

  private:
    std::atomic<std::uint32_t> next_{0};
    std::atomic<std::uint32_t> serving_{0};
};

} // namespace guest

#pragma once
// Locks between processors. docs/processors.md has the order in which they are taken.

#include <cstdint>

namespace hv {

inline void pause() { asm volatile("pause"); }

/// A lock that is held for a few instructions at a time; its holder waits for nothing.
class SpinLock {
  public:
    void lock() {
        while (__atomic_exchange_n(&held_, 1, __ATOMIC_ACQUIRE) != 0)
            while (__atomic_load_n(&held_, __ATOMIC_RELAXED) != 0)
                pause();
    }
    void unlock() { __atomic_store_n(&held_, 0, __ATOMIC_RELEASE); }

  private:
    std::uint32_t held_ = 0;
};

/// Holds a SpinLock for the rest of a block.
class SpinGuard {
  public:
    explicit SpinGuard(SpinLock& lock) : lock_{lock} { lock_.lock(); }
    ~SpinGuard() { lock_.unlock(); }
    SpinGuard(const SpinGuard&) = delete;
    SpinGuard& operator=(const SpinGuard&) = delete;

  private:
    SpinLock& lock_;
};

/// A fair lock: waiters get it in the order in which they came.
class TicketLock {
  public:
    /// Calls `wait` repeatedly while others hold the lock. Returns whether it had to wait.
    template <typename Wait>
    bool lock(Wait wait) {
        const std::uint32_t ticket = __atomic_fetch_add(&next_, 1, __ATOMIC_RELAXED);
        if (__atomic_load_n(&serving_, __ATOMIC_ACQUIRE) == ticket) [[likely]]
            return false;
        do
            wait();
        while (__atomic_load_n(&serving_, __ATOMIC_ACQUIRE) != ticket);
        return true;
    }
    /// Called by the holder, the only one to write `serving_`.
    void unlock() { __atomic_store_n(&serving_, serving_ + 1, __ATOMIC_RELEASE); }

  private:
    std::uint32_t next_ = 0;
    std::uint32_t serving_ = 0;
};

} // namespace hv

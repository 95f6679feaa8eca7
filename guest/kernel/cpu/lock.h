#pragma once
// Locks of the kernel: interrupts are off while one is held, and whoever waits for one serves the
// requests of other processors meanwhile (memory/shootdown.h), for their sender may hold it.

#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/cpu/ticket_lock.h"

#include <cstdint>

namespace guest {

/// One step of waiting for another processor.
void wait_a_moment();

inline std::uint64_t disable_interrupts_and_get_flags() {
    std::uint64_t flags = 0;
    asm volatile("pushfq\n\tpopq %0\n\tcli" : "=r"(flags) : : "memory");
    return flags;
}
inline void enable_interrupts_if(std::uint64_t flags) {
    if ((flags & rflags_if) != 0)
        asm volatile("sti" : : : "memory");
}

/// Holds a lock from here to the end of the scope. On a machine of one processor, where interrupt
/// handlers take none of the locks they interrupt, it does nothing.
class LockGuard {
  public:
    explicit LockGuard(TicketLock& lock) : lock_(processors::several() ? &lock : nullptr) {
        if (lock_ == nullptr)
            return;
        flags_ = disable_interrupts_and_get_flags();
        lock_->acquire(wait_a_moment);
    }
    ~LockGuard() {
        if (lock_ == nullptr)
            return;
        lock_->release();
        enable_interrupts_if(flags_);
    }
    LockGuard(const LockGuard&) = delete;
    LockGuard& operator=(const LockGuard&) = delete;

  private:
    TicketLock* lock_;
    std::uint64_t flags_ = 0;
};

} // namespace guest

#pragma once
// Locks of the kernel. Interrupts are off while a lock is held. A processor that waits for a lock
// serves the requests of other processors meanwhile (kernel/memory/shootdown.h), because their
// sender may hold that lock.

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

/// Holds a lock from here to the end of the scope. Does nothing on a machine of one processor: an
/// interrupt handler takes none of the locks that the interrupted code may hold.
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

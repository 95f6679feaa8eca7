#pragma once
// Runs short pieces of ring-3 code outside any task. They end with an exception.

#include "guest/hostile/caught.h"
#include "guest/kernel/memory/address_space.h"

#include <cstddef>
#include <cstdint>

namespace guest::hostile {

/// The registers at the start; those not named get RAX's value. Read by caught.S.
struct Ring3Start {
    std::uint64_t rip = 0;
    std::uint64_t rsp = 0;
    std::uint64_t rflags = 0;
    std::uint64_t code_selector = 0;
    std::uint64_t rax = 0;
    std::uint64_t rdi = 0;
    std::uint64_t rsi = 0;
    std::uint64_t rdx = 0;
};
static_assert(offsetof(Ring3Start, rdx) == 56);

/// A place for ring-3 code: an address space, which is loaded, and a kernel stack for coming back.
class Ring3 {
  public:
    Ring3();
    ~Ring3();
    Ring3(const Ring3&) = delete;
    Ring3& operator=(const Ring3&) = delete;

    AddressSpace& space() { return space_; }
    /// A start in 64-bit mode with a stack.
    static Ring3Start start_at(std::uint64_t rip);
    static Caught run(Ring3Start start, StepHandler on_step = nullptr);

  private:
    AddressSpace space_;
};

} // namespace guest::hostile

#pragma once
// What a call into libZydis needs around it, since the library was compiled for an ordinary
// process.
//
// The caller must provide:
//  1. CR0.EM = 0, CR0.TS = 0 and CR4.OSFXSR = 1 in the host state, or its SSE instructions fault.
//  2. The guest's XMM registers saved before it and restored after it: VectorStateSaver. It uses
//     legacy SSE only (a unit test looks through its code), so the upper halves of YMM and ZMM, x87
//     and MXCSR are never touched and need no saving.
//  3. FS base in the host state at the beginning of a StackProtectorBlock
//     (host/stack_protector.h).

#include <cstdint>

namespace hv {

/// Saves the guest's vector registers for as long as it lives. Holds 512 bytes of the stack.
class VectorStateSaver {
  public:
    VectorStateSaver() { asm volatile("fxsave64 %0" : "=m"(area_)); }
    ~VectorStateSaver() { asm volatile("fxrstor64 %0" : : "m"(area_)); }
    VectorStateSaver(const VectorStateSaver&) = delete;
    VectorStateSaver& operator=(const VectorStateSaver&) = delete;

  private:
    /// The FXSAVE area in 64-bit mode (Intel manual, volume 1, section 10.5.1).
    struct alignas(16) Area {
        std::uint8_t bytes[512];
    };
    Area area_;
};

} // namespace hv

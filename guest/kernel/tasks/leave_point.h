#pragma once
// Where context_switch leaves the lazy mode. Only one place is right. Two builds leave the mode too
// late, to prove that the self-tests notice.

#include <cstdint>

namespace guest {

enum class LeavePoint : std::uint8_t {
    before_fpu_and_segments, ///< right
    after_fpu,               ///< wrong: the FPU restore runs before the CLTS queued for it
    after_gs, ///< wrong: %fs and %gs are loaded before the descriptors queued for them
};

#if defined(LAZYHV_LEAVE_AFTER_GS)
inline constexpr LeavePoint leave_point = LeavePoint::after_gs;
#elif defined(LAZYHV_LEAVE_AFTER_FPU)
inline constexpr LeavePoint leave_point = LeavePoint::after_fpu;
#else
inline constexpr LeavePoint leave_point = LeavePoint::before_fpu_and_segments;
#endif

} // namespace guest

#pragma once
// Walks the guest's own page tables: linear address to GPA, as the processor would (SDM vol. 3,
// 4.5: 4-level paging).

#include "hypervisor/memory/frame_table.h"
#include "hypervisor/memory/guest_memory.h"
#include "hypervisor/x86/paging_mode.h"

#include <cstdint>
#include <optional>

namespace hv {

/// What a linear address translates to, and what its entries allow together.
struct GuestTranslation {
    std::uint64_t gpa;
    bool writable;
    bool user;
};

/// Whether bits 47 to 63 are all the same.
constexpr bool is_canonical(std::uint64_t linear) {
    const auto sign_extended =
        static_cast<std::uint64_t>(static_cast<std::int64_t>(linear << 16) >> 16);
    return sign_extended == linear;
}

/// Translates `linear`. Nothing when the address is not canonical, an entry is not present, or a
/// table lies outside the guest's RAM. The resulting GPA need not be RAM.
std::optional<GuestTranslation> walk_guest(const GuestMemory& memory, std::uint64_t cr3,
                                           std::uint64_t linear);

/// Copies bytes of the guest's RAM, which need not lie in one page, by as few and as large words as
/// there are; each is read, or written, once.
void copy_from_guest(std::uint8_t* bytes, std::uint64_t gpa, std::uint32_t size);
void copy_to_guest(std::uint64_t gpa, const std::uint8_t* bytes, std::uint32_t size);

/// Reads `size` bytes (at most 16) at a linear address, which may cross a page; false when any of
/// it is not mapped or not the guest's RAM.
bool read_guest_linear(const GuestMemory& memory, std::uint64_t cr3, std::uint64_t linear,
                       std::uint8_t* bytes, std::uint32_t size);

/// As read_guest_linear, but as many bytes as are there, up to `size`: an instruction at the end of
/// a page need not be followed by another page.
std::uint32_t fetch_guest_code(const GuestMemory& memory, std::uint64_t cr3, std::uint64_t linear,
                               std::uint8_t* bytes, std::uint32_t size);

/// Writes `size` bytes (at most 16) at a linear address. False, and none is written, when a page is
/// not mapped, not writable, not the guest's RAM, or write-protected. With the page tables locked:
/// no page becomes protected meanwhile.
[[nodiscard]] bool write_guest_linear(const GuestMemory& memory, const FrameTable& frames,
                                      std::uint64_t cr3, std::uint64_t linear,
                                      const std::uint8_t* bytes, std::uint32_t size);

} // namespace hv

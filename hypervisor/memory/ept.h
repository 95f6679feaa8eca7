#pragma once
// Extended page tables: what the guest may do with each guest-physical page (SDM vol. 3, 29.3).

#include "hypervisor/memory/memory_type.h"
#include "hypervisor/memory/page_allocator.h"

#include <cstdint>

namespace hv {

/// Rights an EPT entry grants.
enum class EptRights : std::uint8_t {
    none = 0,
    read = 1,
    read_write = 3,
    read_execute = 5,
    all = 7,
};

/// One guest-physical address space, 4 levels, leaves of 4 KiB and 2 MiB.
class Ept {
  public:
    constexpr Ept() = default;

    /// Takes a root page; ok() tells whether there was one. The allocator must outlive this object.
    explicit Ept(PageAllocator& pages) : pages_{&pages}, root_{pages.take()} {}

    /// The EPT pointer for the VMCS: root, 4 levels, write-back.
    std::uint64_t pointer() const { return root_ | 3 << 3 | 6; }

    /// Maps the 2 MiB page at `gpa` to `physical`, both aligned. False when no table page is left.
    [[nodiscard]] bool map_large(std::uint64_t gpa, std::uint64_t physical, EptRights rights,
                                 MemoryType type);

    /// Maps the 4 KiB page at `gpa` to `physical`, splitting a 2 MiB leaf where one is in the way.
    /// False when no table page is left.
    [[nodiscard]] bool map(std::uint64_t gpa, std::uint64_t physical, EptRights rights,
                           MemoryType type);

    /// Changes the rights of the 4 KiB page that holds `gpa`, which must be mapped; a 2 MiB leaf is
    /// split. False when it is not mapped or no table page is left. The caller does INVEPT.
    [[nodiscard]] bool set_rights(std::uint64_t gpa, EptRights rights);

    /// The leaf entry that maps `gpa`, or 0.
    std::uint64_t leaf(std::uint64_t gpa) const;

    bool ok() const { return root_ != 0; }

  private:
    PageAllocator* pages_ = nullptr;
    std::uint64_t root_ = 0;

    std::uint64_t entry_address(std::uint64_t gpa, int level, bool allocate) const;
    bool split(std::uint64_t entry_address) const;
};

} // namespace hv

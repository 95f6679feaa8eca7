#pragma once
// The fake machine's physical memory, put back to what it was in microseconds: only the pages that
// were touched cost anything.

#include <cstdint>

namespace hv::fuzz {

class MemoryImage {
  public:
    /// Takes over [origin, origin + fake_memory_size) as it is now: from then on it is a private
    /// mapping of a copy. `origin` is page-aligned.
    explicit MemoryImage(std::uint8_t* origin);
    MemoryImage(const MemoryImage&) = delete;
    MemoryImage& operator=(const MemoryImage&) = delete;

    /// All as it was.
    void restore() const;
    /// From now on an access to these physical addresses, whole pages, ends the run.
    void forbid(std::uint64_t begin, std::uint64_t end) const;
    /// The same for writes only.
    void forbid_writes(std::uint64_t begin, std::uint64_t end) const;

  private:
    std::uint8_t* origin_;
};

} // namespace hv::fuzz

#pragma once
// A guest of profile `hardened` whose kernel registers its page tables, and changes them at random.
// The processor walks the guest's own tables, under EPT.

#include "shared/call_number.h"
#include "tests/unit/fake/machine.h"
#include "tests/unit/fake/reference_mmu.h"
#include "tests/unit/fake/shadow_processor.h"

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace hv::test {

class HardenedGuest {
  public:
    explicit HardenedGuest(std::uint64_t seed);

    /// One operation. With `look`, all registered tables are then compared with the rules.
    bool step(bool look);
    std::string complaint;
    std::uint64_t translated = 0;
    std::uint64_t trapped = 0; ///< stores to registered tables
    std::uint64_t refused = 0;
    std::uint64_t registrations = 0;
    std::uint64_t used_bits = 0; ///< accessed and dirty bits that the monitor set

  private:
    static constexpr std::uint64_t pool_begin = 0x600000;
    static constexpr std::uint32_t pool_frames = 24;
    static constexpr std::uint64_t code_page = 0x1F0000;

    struct Cached {
        std::uint64_t gpa; ///< of the page
        bool writable, user, executable, dirty, global;
    };

    Random random_;
    HardenedMachine machine_;
    std::array<std::uint8_t, pool_frames> level_{};
    std::uint64_t kernel_tables_;
    ReferenceMmu mmu_;
    std::unordered_map<std::uint64_t, Cached> cached_; ///< by linear page
    std::uint64_t operations_ = 0;

    bool complain(const std::string& what);
    std::uint64_t any_frame() { return pool_begin + random_.below(pool_frames) * page_size; }
    std::uint64_t any_entry(std::uint64_t gpa);
    std::uint64_t any_linear();
    std::uint8_t level_of(std::uint64_t gpa) const;
    bool forbidden(std::uint8_t level, std::uint64_t entry) const;
    bool exit(abi::ExitReason reason);
    bool call(abi::Call number, std::uint64_t first, std::uint64_t second, std::uint64_t third,
              bool expected);
    bool set_entry();
    bool flush();
    bool allocate();
    bool release();
    bool load_root();
    bool access(std::uint64_t linear, Access how, std::uint64_t value);
    bool set_used(std::uint64_t linear, std::uint64_t entry, std::uint64_t bit);
    bool store(std::uint64_t linear, std::uint64_t gpa, std::uint64_t value);
    bool look_at_tables();
    std::uint64_t build_kernel();
};

} // namespace hv::test

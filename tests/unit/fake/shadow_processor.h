#pragma once
// A processor in VMX non-root operation under shadow paging, as far as memory goes: it walks the
// tables that the VMCS's CR3 names, caches what it finds, drops what INVVPID and MOV to CR3 say,
// and gives page faults to the monitor.

#include "tests/unit/fake/machine.h"
#include "tests/unit/fake/reference_mmu.h"

#include <array>
#include <cstdint>
#include <optional>

namespace hv::test {

/// Pseudo-random numbers: the same for a seed on every machine.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_{seed * 0x9E3779B97F4A7C15 + 1} {}
    std::uint64_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_ * 0x2545F4914F6CDD1D >> 11;
    }
    std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(next() % limit); }
    bool chance(std::uint32_t percent) { return below(100) < percent; }

  private:
    std::uint64_t state_;
};

class ShadowProcessor {
  public:
    /// That of vCPU `number`; it must run when this is used.
    ShadowProcessor(Machine& machine, Random& random, std::uint32_t number = 0);
    ShadowProcessor(const ShadowProcessor&) = delete;
    ShadowProcessor& operator=(const ShadowProcessor&) = delete;

    struct Result {
        bool translated = false;
        std::uint64_t physical = 0; ///< of the byte
        std::uint32_t code = 0;     ///< of the fault
    };
    /// What the access does without the monitor's help. A fault drops what was cached for the page.
    Result translate(std::uint64_t linear, Access access);

    /// Has the monitor handle an exit whose fields are set, and drops what it says.
    void exit(abi::ExitReason reason);
    /// #PF.
    void fault(std::uint64_t linear, std::uint32_t code);

    /// INVLPG, where it does not exit.
    void drop_page(std::uint64_t linear);
    /// MOV to CR3 in the guest: whether it needed no exit.
    bool load_cr3(std::uint64_t value);

    /// What was found in the tables that no processor may be given.
    const char* broken() const { return broken_; }

  private:
    struct Translation {
        std::uint64_t page = ~std::uint64_t{0};
        std::uint64_t physical = 0;
        std::uint64_t when = 0;
        bool writable = true;
        bool user = true;
        bool executable = true;
        bool global = false;
    };
    struct Directory { ///< of a paging-structure cache
        std::uint64_t prefix = ~std::uint64_t{0};
        std::uint64_t table = 0;
        std::uint64_t when = 0;
        bool writable = true;
        bool user = true;
        bool executable = true;
    };
    Machine& machine_;
    Random& random_;
    std::uint64_t now_ = 1;
    std::uint64_t dropped_ = 0;            ///< all that was cached before is gone
    std::uint64_t non_global_dropped_ = 0; ///< all that is not global
    std::array<Translation, 256> translations_{};
    std::array<std::array<Directory, 16>, 3> directories_{}; ///< for levels 2 to 4
    const char* broken_ = nullptr;

    static std::uint64_t prefix(std::uint64_t linear, int level) {
        return linear >> (12 + 9 * (level - 1));
    }
    Translation& slot(std::uint64_t page) {
        return translations_[(page ^ page >> 7 ^ page >> 16 ^ page >> 25) % translations_.size()];
    }
    Directory& directory(std::uint64_t linear, int level) {
        const std::uint64_t key = prefix(linear, level);
        return directories_[static_cast<std::size_t>(level - 2)][(key ^ key >> 9) % 16];
    }
    bool valid(const Translation& translation) const;
    std::optional<Translation> walk(std::uint64_t linear);
    void drop_non_global() { non_global_dropped_ = ++now_; }
    bool global_pages() { return (machine_.fields[Field::guest_cr4] & cr4_page_global) != 0; }
    static constexpr std::uint64_t cr4_page_global = 1 << 7;
};

} // namespace hv::test

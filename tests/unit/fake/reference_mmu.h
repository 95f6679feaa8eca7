#pragma once
// What the architecture allows of address translation (SDM vol. 3, 4.5 to 4.7 and 4.10), written
// down a second time: it shares no code with the monitor. It has its own copy of the guest's
// memory, and remembers what each entry was since translations were last invalidated.

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace hv::test {

/// An access to memory.
struct Access {
    bool write = false;
    bool user = false;
    bool fetch = false;
};

/// What decides over an access beside the page tables.
struct PagingModes {
    bool write_protect = true;   ///< CR0.WP
    bool global_pages = false;   ///< CR4.PGE
    bool user_execution = true;  ///< by the kernel: not CR4.SMEP
    bool user_access = true;     ///< by the kernel: not CR4.SMAP, or RFLAGS.AC
    bool execute_disable = true; ///< EFER.NXE
    bool reports_fetch() const { return execute_disable || !user_execution; }
};

/// How an access must end, going by the tables as they are now.
struct ReferenceWalk {
    enum class End : std::uint8_t { mapped, fault, no_memory } end = End::fault;
    std::uint32_t code = 0; ///< of the fault
    std::uint64_t gpa = 0;  ///< of the byte, when mapped
    std::uint32_t steps = 0;
    std::uint64_t entry[4]{};   ///< addresses of the entries, from the root on
    bool page_writable = false; ///< by the entries, whatever CR0.WP
};

class ReferenceMmu {
  public:
    /// Copies [0, size) of the guest's memory.
    ReferenceMmu(const std::uint8_t* memory, std::uint64_t size);

    PagingModes modes;

    std::uint64_t word(std::uint64_t gpa) const { return memory_[gpa / 8]; }
    /// The word at `gpa` has changed. `complete`: and no translation by what it was is left.
    void store(std::uint64_t gpa, std::uint64_t value, bool complete = false);

    std::uint64_t root() const { return periods_.back().root; }
    void load_root(std::uint64_t root);
    void invalidate_page(std::uint64_t linear);
    void invalidate_all();
    /// Nothing is cached that the tables of some root since the last invalidate_all do not say now.
    void forget_changes() { past_.clear(); }

    ReferenceWalk walk(std::uint64_t linear, Access access) const;
    /// Whether a translation of `linear` to `gpa` that allows the access may be cached, or be made.
    bool may_translate(std::uint64_t linear, Access access, std::uint64_t gpa) const;

  private:
    struct Past {
        std::uint64_t value;
        std::uint64_t end; ///< the time it was replaced
    };
    struct Period {
        std::uint64_t root;
        std::uint64_t begin;
    };
    struct Window {
        std::uint64_t begin;
        std::uint64_t end;
    };
    struct Rights {
        bool writable = true;
        bool user = true;
        bool executable = true;
    };
    std::vector<std::uint64_t> memory_;
    std::uint64_t now_ = 1;
    std::unordered_map<std::uint64_t, std::vector<Past>> past_;    ///< by word
    std::unordered_map<std::uint64_t, std::uint64_t> invalidated_; ///< by page: when
    std::vector<Period> periods_;

    bool is_ram(std::uint64_t gpa) const;
    std::uint64_t reserved(std::uint64_t entry, int level) const;
    bool permits(const Rights& rights, Access access) const;
    bool search(std::uint64_t table, int level, std::uint64_t linear, Access access,
                std::uint64_t gpa, Window window, bool global_only, Rights rights) const;
    bool follow(std::uint64_t entry, int level, std::uint64_t linear, Access access,
                std::uint64_t gpa, Window window, bool global_only, Rights rights) const;
};

} // namespace hv::test

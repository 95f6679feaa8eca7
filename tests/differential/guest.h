#pragma once
// A machine whose guest can be told what to do: all that a kernel and the processor under it do
// between two VM exits, and the exits. One of two that run the same.

#include "shared/call_number.h"
#include "tests/unit/fake/machine.h"
#include "tests/unit/fake/reference_mmu.h"

#include <array>
#include <bitset>
#include <cstdint>
#include <vector>

namespace differential {

using hv::Field;
using hv::page_size;
using hv::test::Access;

/// Page frames that serve for page tables of all levels, and are mapped for the user. The first of
/// them lead to the kernel, so they can be roots; root 0 is loaded at first.
inline constexpr std::uint64_t pool_begin = 0x600000;
inline constexpr std::uint32_t pool_frames = 12;
inline constexpr std::uint32_t root_frames = 4;
/// Slots of a table of the pool that are written.
inline constexpr std::uint32_t used_slots = 6;
inline constexpr std::uint64_t pool_page(std::uint64_t index) {
    return pool_begin + index * page_size;
}
inline constexpr bool is_in_pool(std::uint64_t gpa) {
    return gpa >= pool_begin && gpa < pool_page(pool_frames);
}
inline constexpr std::uint64_t kernel_address(std::uint64_t gpa) {
    return hv::test::Machine::linear_base + gpa;
}

/// The user's pages that are looked at.
inline constexpr std::uint32_t user_pages = 72;
std::uint64_t user_address(std::uint32_t page);
/// The number of the page of an address on one of them.
std::uint32_t user_page(std::uint64_t linear);
bool is_user_page(std::uint64_t linear);

/// Where a vCPU's own things lie, guest-physical, a page each. The first tables are loaded at
/// first.
struct Places {
    std::array<std::uint64_t, 2> gdt;
    std::array<std::uint64_t, 2> ldt;
    std::uint64_t tss;
    std::uint64_t data; ///< pseudo-descriptors for SetGDT and SetIDT, then words of the kernel's
};
inline constexpr std::uint32_t ldt_slots = 8;
/// Selectors in the GDT of the descriptors of the LDTs.
inline constexpr std::array<std::uint32_t, 2> ldt_selectors{0x30, 0x40};
/// Offsets in Places::data.
inline constexpr std::uint32_t pseudo_descriptors = 6;
inline constexpr std::uint64_t pseudo_descriptor(std::uint64_t index) { return index * 16; }
inline constexpr std::uint64_t initial_state_offset = 512;
inline constexpr std::uint64_t own_words = 1024;

/// How an instruction ended.
struct Outcome {
    std::uint64_t error = 0;    ///< RAX, of a VMCALL
    std::uint64_t event = 0;    ///< an exception: interruption information
    std::uint64_t code = 0;     ///< its error code
    std::uint64_t address = 0;  ///< CR2
    std::uint64_t physical = 0; ///< of an access that was made
    bool emulated = false;      ///< a store that the monitor did
    bool operator==(const Outcome&) const = default;
};

class Guest {
  public:
    Guest(abi::Profile profile, std::uint32_t vcpus);
    ~Guest();
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    /// The monitor's code, and the ROM's, work on this one from now on.
    void select();
    /// Goes on with this vCPU.
    void run_on(std::uint32_t number) { machine_.run_on(number); }

    hv::test::KernelMachine& machine() { return machine_; }
    const std::vector<Places>& places() const { return places_; }
    /// Every page that has been handed out, and the pool.
    const std::vector<std::uint64_t>& pages() const { return pages_; }
    bool classic() const { return classic_; }
    /// Sets the bit of each of the user's pages that a vCPU's address space reaches by the entry at
    /// `entry`.
    void mark_pages_through(std::uint32_t number, std::uint64_t entry,
                            std::bitset<user_pages>& marks);
    /// Whether the guest's tables at `root` have a page there.
    bool is_mapped(std::uint64_t root, std::uint64_t linear) {
        return walk(root, linear).found.valid;
    }

    /// Each VM exit has time for few calls that take long (hypervisor/vcpu/pause.h), so that
    /// batches stop between two entries.
    bool has_little_time = false;
    std::uint64_t pauses = 0;

    // On the vCPU that runs.
    std::uint64_t vmcall(abi::Call call, std::uint64_t first = 0, std::uint64_t second = 0,
                         std::uint64_t third = 0);
    Outcome cpuid();
    Outcome move_to_cr3(std::uint64_t value);
    Outcome clts();
    Outcome invlpg(std::uint64_t linear);
    Outcome store(std::uint64_t gpa, std::uint64_t value);
    /// The page tables are walked again. `stale` becomes true when what was cached since the last
    /// invalidation would have let another page be reached.
    Outcome access(std::uint64_t linear, Access how, std::uint64_t value, bool& stale);
    /// The ROM's MOV to CR3.
    void load_root(std::uint64_t loaded, std::uint64_t guest_root);
    /// INVLPG where it does not exit, and a change of CR4.PGE; on any vCPU.
    void drop_page(std::uint32_t number, std::uint64_t linear);
    void drop_all(std::uint32_t number);
    void drop_non_global(std::uint32_t number);

    /// Ends the exit of a vCPU that was kicked while another had the page tables' lock. Its number,
    /// or none_late.
    std::uint32_t end_late_exit();
    static constexpr std::uint32_t none_late = ~0U;

  private:
    struct Translation {
        bool valid = false;
        std::uint64_t page = 0;
        bool writable = true;
        bool user = true;
        bool executable = true;
        bool dirty = true;
        bool global = false;
    };
    struct Walk {
        Translation found;
        std::uint32_t steps = 0;
        std::array<std::uint64_t, 4> entry{}; ///< addresses
        std::uint32_t code = 0;               ///< of the fault, when nothing was found
    };

    bool classic_;
    hv::test::KernelMachine machine_;
    std::uint8_t* memory_;
    std::vector<Places> places_;
    std::vector<std::uint64_t> pages_;
    std::vector<std::array<Translation, user_pages>> cached_; ///< by vCPU

    void prepare_kernel();
    void prepare_vcpu(std::uint32_t number);
    void follow_invalidations(std::uint32_t number);
    std::uint64_t take_page();
    Outcome exit(abi::ExitReason reason);
    Outcome exit_once(abi::ExitReason reason);
    /// Whether the monitor wants the instruction executed again, for a call that comes later.
    bool is_paused(abi::ExitReason reason, const Outcome& outcome);
    Outcome move_to_control_register(std::uint64_t qualification);

    // Accesses (accesses.cpp).
    std::array<Translation, user_pages>& cached() { return cached_[machine_.vcpu().number]; }
    bool permits(const Translation& translation, Access how);
    Walk walk(std::uint64_t root, std::uint64_t linear);
    Outcome access_through_shadow(std::uint64_t linear, Access how, std::uint64_t value,
                                  Translation& used);
    Outcome access_through_ept(std::uint64_t linear, Access how, std::uint64_t value,
                               Translation& used);
    Outcome set_used(std::uint64_t linear, std::uint64_t entry, std::uint64_t bit);
    Outcome ept_violation(std::uint64_t linear, std::uint64_t gpa, std::uint64_t qualification);
};

/// The guest that the ROM's code runs in: the one selected last.
Guest& selected_guest();
/// VMCALLs that the ROM has issued since the program began.
std::uint64_t rom_hypercalls();
/// How many of these were Flush.
std::uint64_t rom_flushes();

} // namespace differential

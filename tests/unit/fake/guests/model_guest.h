#pragma once
// A guest that does with its page tables whatever comes to its mind, on a machine of profile
// `classic`, and compares what happens with the reference MMU.

#include "shared/call_number.h"
#include "tests/unit/fake/machine.h"
#include "tests/unit/fake/reference_mmu.h"
#include "tests/unit/fake/shadow_processor.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hv::test {

class ModelGuest {
  public:
    struct Settings {
        std::uint64_t seed = 1;
        std::uint32_t shadow_tables = min_shadow_tables + 1; ///< of the pool, with table 0
        bool rom = true;               ///< page-table calls and roots without an exit
        std::uint32_t stores = 330;    ///< of 1000 operations: plain stores to page tables
        std::uint32_t calls = 15;      ///< of 100 others: page-table calls
        std::uint32_t check_every = 0; ///< exits between looks at every shadow entry; 0: none
        std::uint32_t vcpus = 1;
        bool unaware = false; ///< of one vCPU, without the ROM: roots are displaced
    };
    explicit ModelGuest(const Settings& settings);

    /// One operation. False when something disagreed: `complaint` then says what.
    bool step();
    /// Executes what is queued and looks at everything once.
    bool finish();
    std::string complaint;
    std::uint64_t operations() const { return operations_; }
    const abi::Statistics& statistics(std::uint32_t vcpu = 0) {
        return machine_.vcpu(vcpu).statistics;
    }
    std::uint64_t successes = 0;  ///< accesses that were translated
    std::uint64_t faults = 0;     ///< and those that ended in the guest's own #PF
    std::uint64_t stale_uses = 0; ///< accesses through what the tables no longer say
    std::uint64_t free_loads = 0; ///< of CR3, without an exit
    std::uint64_t registrations = 0;
    std::uint64_t shootdowns = 0;

  private:
    /// Page frames that serve for tables of all levels and for data.
    static constexpr std::uint64_t pool_begin = 0x600000;
    static constexpr std::uint32_t pool_frames = 40;
    static constexpr std::uint64_t code_page = 0x400000;

    struct Queued {
        abi::Call call;
        std::uint64_t argument[3];
    };
    enum class Instruction : std::uint8_t { store, store_low_half, store_two, lock_or, exchange };
    struct Store {
        Instruction instruction = Instruction::store;
        std::uint64_t value = 0;
    };

    Settings settings_;
    Random random_;
    ClassicMachine machine_;
    /// One vCPU, as the guest knows it.
    struct Processor {
        Processor(Machine& machine, Random& random, std::uint32_t number);
        ReferenceMmu mmu;
        ShadowProcessor cpu;
        std::vector<Queued> waiting; ///< in its ring
        std::uint64_t known_refusals = 0;
        std::uint64_t old_pair_root = 0;
        std::uint64_t old_pair_value = 0;
    };
    std::vector<std::unique_ptr<Processor>> processors_;
    std::array<std::uint8_t, pool_frames> registered_{};
    std::uint64_t operations_ = 0;
    std::uint64_t exits_ = 0;
    std::array<std::uint64_t, 8> recent_{}; ///< linear addresses that were accessed

    // These belong to the vCPU that runs.
    Processor& processor() { return *processors_[machine_.vcpu().number]; }
    ReferenceMmu& mmu() { return processor().mmu; }
    const ReferenceMmu& mmu() const {
        return processors_[const_cast<ClassicMachine&>(machine_).vcpu().number]->mmu;
    }
    ShadowProcessor& cpu() { return processor().cpu; }
    std::vector<Queued>& waiting() { return processor().waiting; }

    /// A word has changed; `complete` says that this vCPU has nothing cached of what it was.
    void store_everywhere(std::uint64_t gpa, std::uint64_t value, bool complete = false);
    bool is_root(std::uint64_t frame) const;
    bool complain(const std::string& what);
    std::uint64_t frame(std::uint32_t index) const { return pool_begin + index * page_size; }
    std::uint64_t any_frame() { return frame(random_.below(pool_frames)); }
    std::uint64_t any_slot();
    std::uint64_t any_entry_address();
    std::uint64_t any_change(std::uint64_t gpa);
    std::uint64_t any_linear();
    std::uint64_t any_entry();
    std::uint8_t level_of(std::uint64_t gpa) const;

    // Exits (model_exits.cpp).
    bool exit(abi::ExitReason reason, std::uint64_t length = 3);
    bool after_exit();
    bool finish_kicks();
    bool call(abi::Call number);
    bool move_to_control_register(std::uint32_t number, std::uint64_t value);
    bool check_pairs();
    bool check_displaced(std::uint32_t index);
    bool check_cr3_reads();
    bool check_everything();
    bool check_memory(std::uint64_t gpa, std::uint64_t value);

    // The ring (model_calls.cpp).
    bool account_for_queue();
    bool account_for(const Queued& queued, bool executed);
    bool account_for_allocate(const Queued& queued, bool executed);
    bool queue_call();
    bool queue_shootdown();
    void account_for_shootdown(const Queued& queued);
    bool queue(abi::Call number, std::uint64_t first, std::uint64_t second, std::uint64_t third);
    bool invalidate_by_rom(std::uint64_t linear, bool all);

    // Accesses (model_access.cpp).
    bool access(std::uint64_t linear, Access access, Store store);
    bool injected(std::uint64_t linear, Access access, std::uint8_t vector);
    bool emulated(std::uint64_t linear, Access access, Store store);
    bool carry_out(std::uint64_t linear, std::uint64_t physical, Access access, Store store,
                   bool stepped);
    bool take_used_bits(std::uint64_t linear, Access access);
    void take_used_neighbours(std::uint64_t entry);
    bool refused_rightly(const ReferenceWalk& walk, Access access, Store store);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> effect(std::uint64_t gpa, Store store);

    // What entries of registered tables may not say.
    bool forbidden(std::uint8_t level, std::uint64_t entry, bool levels = true) const;

    // Operations (model_guest.cpp).
    bool operate();
    bool store_to_frame(std::uint64_t gpa);
    bool random_access();
    bool load_root();
    bool change_modes();
    bool invalidate(std::uint64_t linear);
    bool change_and_invalidate();
};

} // namespace hv::test

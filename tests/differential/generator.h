#pragma once
// Random sequences of operations, most of which make sense where the guest is now.

#include "tests/differential/guest.h"
#include "tests/differential/operation.h"
#include "tests/unit/fake/shadow_processor.h"

#include <array>
#include <cstdint>
#include <vector>

namespace differential {

class Generator {
  public:
    /// Looks at `guest` at the beginning of each sequence.
    Generator(Guest& guest, std::uint32_t vcpus);

    /// 1 to 24 operations, followed by what ends the batches of all vCPUs. The same for the same
    /// seed and guest.
    Sequence sequence(std::uint64_t seed);

  private:
    Guest& guest_;
    std::uint32_t vcpus_;
    hv::test::Random random_{0};
    // How things are when all that was chosen so far is carried out.
    std::array<std::uint8_t, pool_frames> level_{};
    struct Loaded {
        std::uint64_t root;
        std::uint32_t gdt;
        std::uint32_t ldt;
    };
    std::vector<Loaded> loaded_;
    std::uint8_t vcpu_ = 0;

    bool chance(std::uint32_t percent) { return random_.chance(percent); }
    std::uint32_t below(std::uint32_t limit) { return random_.below(limit); }
    const Places& own() const { return guest_.places()[vcpu_]; }
    Loaded& loaded() { return loaded_[vcpu_]; }

    void look();
    Operation any();
    Operation call(abi::Call number, std::uint64_t first = 0, std::uint64_t second = 0,
                   std::uint64_t third = 0, std::uint64_t fourth = 0, std::uint64_t fifth = 0);
    Operation other(What what, std::uint64_t first = 0, std::uint64_t second = 0,
                    std::uint64_t third = 0);

    // Descriptor tables (generate_descriptors.cpp).
    Operation descriptor_operation();
    Operation table_register_operation();
    Operation many_entries();
    Operation store_to_table();
    std::uint64_t any_segment();
    std::uint64_t any_gdt_word(std::uint64_t slot);
    std::uint64_t any_idt_word(std::uint64_t half);

    // Page tables (generate_page_tables.cpp).
    Operation page_table_operation();
    Operation allocate();
    Operation release();
    Operation set_root();
    Operation raw_entry();
    std::uint64_t any_frame() { return below(pool_frames); }
    std::uint64_t any_entry_address();
    std::uint64_t entry_on_the_way();
    std::uint64_t any_entry(std::uint64_t gpa);
    std::uint64_t any_leaf();
    std::uint64_t any_root();
    std::uint64_t any_user_address();

    Operation control_operation();
    Operation exit_operation();
    Operation store();
    Operation access();
};

} // namespace differential

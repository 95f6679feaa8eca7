#include "tests/fuzz/local_table.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/x86/segment.h"
#include "tests/fuzz/failure.h"
#include "tests/fuzz/table_checks.h"

#include <cstring>

namespace hv::fuzz {

void LocalTable::follow(FuzzMachine& machine) {
    slots_.clear();
    const AccessRights rights{
        static_cast<std::uint32_t>(machine.field(Field::guest_ldtr_access_rights))};
    if (!rights.usable())
        return;
    const std::uint64_t base = machine.field(Field::guest_ldtr_base);
    const std::uint64_t limit = machine.field(Field::guest_ldtr_limit);
    for (std::uint64_t offset = 0; offset + 7 <= limit; offset += 8) {
        // A slot that crosses pages is left out: its halves may lie apart.
        if ((base + offset) % page_size > page_size - 8)
            continue;
        const auto place =
            walk_guest(machine.vm().memory, guest_cr3(machine.vcpu()), base + offset);
        ::fuzz::require(place.has_value(), "an LDT that was loaded is mapped");
        slots_.push_back(place->gpa);
    }
}

void LocalTable::check() const {
    for (const std::uint64_t slot : slots_) {
        std::uint64_t descriptor = 0;
        std::memcpy(&descriptor, direct_pointer(slot), sizeof(descriptor));
        check_segment_slot(descriptor);
    }
}

} // namespace hv::fuzz

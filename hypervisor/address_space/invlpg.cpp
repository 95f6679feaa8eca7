// INVLPG (profile `classic`). If the page table is out of step, its entry for that address is
// brought in step.

#include "hypervisor/address_space/invlpg.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/vcpu/resume.h"

namespace hv {

void handle_invlpg(Vcpu& vcpu) {
    const std::uint64_t linear = vcpu.vmcs.read(Field::exit_qualification);
    // With an address that is not canonical the instruction does nothing.
    if (is_canonical(linear)) {
        ShadowTables& shadows = vcpu.machine->shadows;
        if (shadows.has_unsynced()) {
            lock_page_tables(vcpu);
            // The change of that entry makes the same translation stale that is dropped here.
            const LeftToGuest left{vcpu};
            shadows.sync_address(current_shadow_root(vcpu), linear);
        }
        drop_translation(vcpu, linear);
    }
    skip_instruction(vcpu);
}

} // namespace hv

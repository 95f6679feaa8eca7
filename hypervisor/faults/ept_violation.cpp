// EPT_VIOLATION: a store to a protected page, by an instruction or by the processor itself when it
// sets bits in a page table; or an access to memory that the guest does not have.

#include "hypervisor/faults/ept_violation.h"

#include "hypervisor/address_space/guest_access.h"
#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/requests.h"
#include "hypervisor/apic/command_interception.h"
#include "hypervisor/faults/protected_store.h"
#include "hypervisor/run/fatal_exits.h"
#include "hypervisor/vcpu/counters.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vmx/exit_qualification.h"

namespace hv {

namespace {

using abi::Error;
using abi::MemoryAccess;

} // namespace

void handle_ept_violation(Vcpu& vcpu) {
    const EptViolation violation{vcpu.vmcs.read(Field::exit_qualification)};
    if (violation.nmi_unblocking_due_to_iret()) [[unlikely]]
        block_nmis_again(vcpu);
    const std::uint64_t gpa = vcpu.vmcs.read(Field::guest_physical_address);
    const Frame* const frame = vcpu.machine->frames.of_address(gpa);
    const bool is_protected = frame != nullptr && frame->write_locks != 0;
    // The processor was to set an accessed or dirty bit while it translated a linear address.
    if (is_protected && violation.data_write() && violation.linear_address_valid() &&
        !violation.translated_access()) {
        count(vcpu, MemoryAccess::table_write);
        set_used_bits(vcpu, vcpu.vmcs.read(Field::guest_linear_address));
        return repeat_interrupted_event(vcpu);
    }
    const bool on_behalf_of_guest =
        violation.linear_address_valid() && violation.translated_access();
    if (interrupted_event(vcpu).valid()) [[unlikely]]
        return stop_delivery(vcpu, "GPA", gpa);
    if (is_protected && violation.data_write() && on_behalf_of_guest) {
        lock_page_tables(vcpu);
        // The exit's GPA comes from a translation that may have been dropped meanwhile: the guest
        // runs the store again.
        if (was_asked_in_exit(vcpu)) [[unlikely]]
            return;
        return emulate_store(vcpu, {gpa, 0, guest_cr3(vcpu)});
    }
    if (violation.data_write() && on_behalf_of_guest && is_intercepted_apic(*vcpu.machine, gpa))
        return emulate_store(vcpu, {gpa, 0, guest_cr3(vcpu)});
    // Its writes no longer exit; the translation was still cached as protected.
    if (violation.data_write() && align_down(gpa, page_size) == local_apic_base) {
        count(vcpu, MemoryAccess::other);
        return;
    }
    // A page that is writable again but was still cached as protected: the store only has to be
    // tried again.
    if (violation.data_write() && !is_protected && vcpu.machine->memory.contains(gpa, 1)) {
        count(vcpu, MemoryAccess::other);
        return;
    }
    if (violation.data_write() && on_behalf_of_guest && vcpu.machine->chipset.guards(gpa))
        return drop_store(vcpu, {gpa, 0, guest_cr3(vcpu)});
    refuse_access(vcpu, gpa, Error::bad_address);
}

} // namespace hv

#include "hypervisor/translation/translation.h"

#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/msr.h"

#include <limits>

namespace hv {

ShadowPagingDemands Translation::demands() const {
    if (shadows_ == nullptr)
        return {};
    return {.cr0_forced = cr0::write_protect, // write protection is their only means
            .cr4_refused = cr4::pcid_enable | cr4::protection_key_enable,
            .cr4_owned = cr4::page_global_enable | cr4::page_size_extensions,
            .cr4_forced = cr4::physical_address_extension, // outside IA-32e mode too
            .efer_forced = efer::execute_disable_enable,
            .exceptions = 1U << vector::page_fault};
}

abi::Error Translation::protect(std::uint64_t gpa) {
    Frame* const frame = frames_->of_address(gpa);
    if (frame == nullptr || frame->write_locks == std::numeric_limits<std::uint16_t>::max())
        return abi::Error::bad_frame;
    if (shadows_ != nullptr)
        return shadows_->lock(*frame) ? abi::Error::none : paused;
    if (frame->write_locks == 0) {
        if (!ept_->set_rights(gpa, EptRights::read_execute))
            return abi::Error::bad_frame;
        stale_->taken_by_monitor();
    }
    ++frame->write_locks;
    return abi::Error::none;
}

void Translation::release(std::uint64_t gpa) {
    Frame* const frame = frames_->of_address(gpa);
    if (frame == nullptr || frame->write_locks == 0)
        return;
    if (shadows_ != nullptr)
        return shadows_->unlock(*frame);
    if (--frame->write_locks != 0)
        return;
    // The entry exists: protect() split it. Stale translations only cost an exit, see
    // handle_ept_violation().
    (void)ept_->set_rights(gpa, EptRights::all);
}

bool Translation::holds_descriptor_table(const Frame& frame) const {
    std::uint32_t explained = frame.level != 0 ? 1 : 0;
    if (shadows_ != nullptr)
        explained += shadows_->locks_of(frame);
    return frame.write_locks > explained;
}

void Translation::set_local_apic_writable(bool writable) {
    if (shadows_ != nullptr)
        shadows_->set_local_apic_writable(writable);
    else
        // At boot it was mapped by a 4 KiB page of its own.
        (void)ept_->set_rights(local_apic_base, writable ? EptRights::all : EptRights::read);
    stale_->taken_by_monitor();
}

void Translation::entry_changed(Frame& frame, std::uint64_t gpa, std::uint64_t old,
                                std::uint64_t value) {
    if (shadows_ != nullptr)
        shadows_->entry_changed(frame, gpa, value);
    else
        note_stale(old, value, frame.level);
}

void Translation::unregistered_entry_changed(Frame& frame, std::uint64_t gpa, std::uint64_t value) {
    if (shadows_ != nullptr)
        shadows_->entry_changed(frame, gpa, value);
    else
        stale_->taken_by_guest(Stale::all);
}

bool Translation::before_registration(Frame& frame) {
    return shadows_ == nullptr || shadows_->drop_unsynced(frame);
}

void Translation::registered(Frame& frame) {
    if (shadows_ != nullptr)
        shadows_->prepare(frame);
}

void Translation::unregistered(Frame& frame) {
    if (shadows_ != nullptr)
        shadows_->drop(frame);
}

bool Translation::before_new_features() { return shadows_ == nullptr || shadows_->drop_all(); }

void Translation::set_features(const PagingFeatures& features) {
    if (shadows_ != nullptr)
        shadows_->set_features(features);
}

} // namespace hv

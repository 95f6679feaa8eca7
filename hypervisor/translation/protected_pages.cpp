#include "hypervisor/translation/protected_pages.h"

#include "hypervisor/translation/other_vcpus.h"
#include "hypervisor/translation/shadow/shadow_tables.h"

#include <limits>

namespace hv {

bool ProtectedPages::protect(std::uint64_t gpa) {
    Frame* const frame = frames_->of_address(gpa);
    if (frame == nullptr || frame->write_locks == std::numeric_limits<std::uint16_t>::max())
        return false;
    if (shadows_ != nullptr) {
        shadows_->lock(*frame);
        return true;
    }
    if (frame->write_locks == 0) {
        if (!ept_->set_rights(gpa, EptRights::read_execute))
            return false;
        rights_reduced_ = true;
        reduced_elsewhere_ = true;
    }
    ++frame->write_locks;
    return true;
}

void ProtectedPages::release(std::uint64_t gpa) {
    Frame* const frame = frames_->of_address(gpa);
    if (frame == nullptr || frame->write_locks == 0)
        return;
    if (shadows_ != nullptr)
        return shadows_->unlock(*frame);
    if (--frame->write_locks != 0)
        return;
    // The entry exists: protect() split it. Stale translations only cost an exit, see
    // handle_ept_violation.
    (void)ept_->set_rights(gpa, EptRights::all);
}

void ProtectedPages::wait_until_protected() {
    if (shadows_ != nullptr)
        shadows_->settle_elsewhere();
    else if (std::exchange(reduced_elsewhere_, false))
        drop_ept_translations_elsewhere(*machine_);
}

} // namespace hv

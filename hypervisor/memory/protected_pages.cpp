#include "hypervisor/memory/protected_pages.h"

#include "hypervisor/shadow/shadow_tables.h"

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
        if (!ept_->set_rights(gpa, EptRights::read))
            return false;
        rights_reduced_ = true;
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

void ProtectedPages::open(std::uint64_t gpa) { (void)ept_->set_rights(gpa, EptRights::read_write); }

void ProtectedPages::close(std::uint64_t gpa) {
    (void)ept_->set_rights(gpa, EptRights::read);
    rights_reduced_ = true;
}

} // namespace hv

#include "hypervisor/memory/protected_pages.h"

namespace hv {

bool ProtectedPages::protect(std::uint64_t gpa) {
    const std::uint64_t page = align_down(gpa, page_size);
    const auto found = counts_.find(page);
    if (found != counts_.end()) {
        ++found->second;
        return true;
    }
    if (counts_.size() == max_protected_pages || !ept_->set_rights(page, EptRights::read))
        return false;
    counts_.emplace(page, std::uint16_t{1});
    rights_reduced_ = true;
    return true;
}

void ProtectedPages::release(std::uint64_t gpa) {
    const auto found = counts_.find(align_down(gpa, page_size));
    if (found == counts_.end() || --found->second != 0)
        return;
    // The entry exists: protect() split it. Stale translations only cost an exit, see
    // handle_ept_violation.
    (void)ept_->set_rights(gpa, EptRights::all);
    counts_.erase(found);
}

bool ProtectedPages::contains(std::uint64_t gpa) const {
    return counts_.find(align_down(gpa, page_size)) != counts_.end();
}

void ProtectedPages::open(std::uint64_t gpa) { (void)ept_->set_rights(gpa, EptRights::read_write); }

void ProtectedPages::close(std::uint64_t gpa) {
    (void)ept_->set_rights(gpa, EptRights::read);
    rights_reduced_ = true;
}

} // namespace hv

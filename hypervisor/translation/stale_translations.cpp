#include "hypervisor/translation/stale_translations.h"

namespace hv {

// A vCPU may clear its bit in one of the words meanwhile. It looks at the other word afterwards, so
// whichever of the two comes later sees that something is left.
std::uint64_t StaleTranslations::note_left(std::uint64_t mask, Stale what) {
    std::uint64_t& words = what == Stale::all ? left_global_ : left_non_global_;
    const std::uint64_t& other = what == Stale::all ? left_non_global_ : left_global_;
    if ((mask & ~__atomic_load_n(&words, __ATOMIC_SEQ_CST)) == 0)
        return 0;
    const std::uint64_t before = __atomic_fetch_or(&words, mask, __ATOMIC_SEQ_CST);
    return mask & ~(before | __atomic_load_n(&other, __ATOMIC_SEQ_CST));
}

bool StaleTranslations::clear_left(std::uint32_t vcpu, Stale what) {
    const std::uint64_t bit = std::uint64_t{1} << vcpu;
    __atomic_fetch_and(&left_non_global_, ~bit, __ATOMIC_SEQ_CST);
    if (what == Stale::all)
        __atomic_fetch_and(&left_global_, ~bit, __ATOMIC_SEQ_CST);
    return !has_left(vcpu);
}

} // namespace hv

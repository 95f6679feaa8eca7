#include "hypervisor/translation/shadow/shadow_pool.h"

#include "hypervisor/memory/compare_pages.h"

namespace hv {

ShadowNumber ShadowPool::take_free() {
    const ShadowNumber number = first_free_;
    if (number == 0)
        return 0;
    first_free_ = records_[number].next;
    records_[number] = {};
    --free_;
    return number;
}

void ShadowPool::put_free(ShadowNumber number) {
    if ((records_[number].flags & shadow_flags::copy) != 0)
        clear_page(address(number));
    records_[number] = {};
    records_[number].next = first_free_;
    first_free_ = number;
    ++free_;
}

} // namespace hv

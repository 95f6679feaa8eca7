#include "hypervisor/shadow/shadow_pool.h"

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
        for (std::uint32_t slot = 0; slot < shadow_slots; ++slot)
            entry(number * shadow_slots + slot) = 0;
    records_[number] = {};
    records_[number].next = first_free_;
    first_free_ = number;
    ++free_;
}

} // namespace hv

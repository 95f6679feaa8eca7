#include "guest/linux_programs/measurement.h"

#include "guest/linux_programs/counters.h"

#include <cstring>
#include <x86intrin.h>

namespace linux_guest {

Measurement::Measurement() : counters_(find_counters()) {
    copy_counters(before_);
    copy_counters(after_); // so that the pages of the copies exist
}

void Measurement::begin() {
    copy_counters(before_);
    begin_ticks_ = __rdtsc();
}

void Measurement::end() {
    end_ticks_ = __rdtsc();
    copy_counters(after_);
}

void Measurement::copy_counters(abi::Statistics& to) const {
    if (counters_ == nullptr)
        return;
    std::memcpy(&to, counters_, sizeof(to));
    // The monitor changes the page, so the compiler must make each copy, and at this place.
    asm volatile("" ::: "memory");
}

} // namespace linux_guest

// InvalPage and FlushTLB.

#include "vmi_rom/entries.h"

namespace rom {

namespace {

[[gnu::always_inline]] inline bool nothing_is_stale() {
    return is_zero(area().control.stale_translations);
}

} // namespace

// Nothing is queued, and there is no VM exit, while no translation is stale.
Result inval_page(Argument linear) {
    return nothing_is_stale() ? result(abi::Error::none) : queue(abi::Call::inval_page, linear);
}

// The same; and where the answer is `local`, the ROM drops all translations itself.
Result flush_tlb(Argument flags) {
    if (answer_to(static_cast<std::uint32_t>(abi::Call::flush_tlb)) == abi::Answer::local) {
        drop_translations();
        return result(abi::Error::none);
    }
    return nothing_is_stale() ? result(abi::Error::none) : queue(abi::Call::flush_tlb, flags);
}

} // namespace rom

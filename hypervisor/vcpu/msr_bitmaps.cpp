#include "hypervisor/vcpu/msr_bitmaps.h"

#include "hypervisor/memory/direct_map.h"

namespace hv {

namespace {

// The bitmaps: read low, read high, write low, write high, 1 KiB each; a 1 exits.
constexpr std::uint64_t high_msrs = 1024;
constexpr std::uint64_t write_bitmaps = 2048;
constexpr std::uint32_t first_high_msr = 0xC0000000;

// `physical` is the address of the bitmaps for reads, or of those for writes.
void let_through(std::uint64_t physical, std::uint32_t msr) {
    const std::uint64_t bitmap = physical + (msr >= first_high_msr ? high_msrs : 0);
    const std::uint32_t index = msr & 0x1FFF;
    volatile std::uint8_t& byte = direct_word<std::uint8_t>(bitmap + index / 8);
    byte = static_cast<std::uint8_t>(byte & ~(1U << index % 8));
}

void pass(std::uint64_t physical, std::uint32_t msr) {
    let_through(physical, msr);
    let_through(physical + write_bitmaps, msr);
}

} // namespace

void fill_msr_bitmaps(std::uint64_t physical) {
    for (std::uint64_t offset = 0; offset < page_size; offset += 8)
        direct_word<std::uint64_t>(physical + offset) = ~std::uint64_t{0};
    for (const Msr msr : passed_msrs)
        pass(physical, number(msr));
    for (const Msr msr : read_only_msrs)
        let_through(physical, number(msr));
    for (const Msr msr : write_only_msrs)
        let_through(physical + write_bitmaps, number(msr));
    for (std::uint32_t msr = number(Msr::x2apic_first); msr <= number(Msr::x2apic_last); ++msr)
        pass(physical, msr);
}

void set_command_exiting(std::uint64_t physical, bool exits) {
    const std::uint32_t msr = number(Msr::x2apic_command);
    volatile std::uint8_t& byte = direct_word<std::uint8_t>(physical + write_bitmaps + msr / 8);
    const std::uint32_t bit = 1U << msr % 8;
    byte = static_cast<std::uint8_t>(exits ? byte | bit : byte & ~bit);
}

} // namespace hv

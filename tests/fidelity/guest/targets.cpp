// The linear addresses that memory operands lead to.

#include "tests/fidelity/guest/assembler.h"
#include "tests/fidelity/guest/real_mode.h"

namespace fidelity {

std::uint64_t Assembler::window_target(std::uint32_t size) {
    if (case_.mode.real)
        return real_mode::any_target(random_, case_, size);
    constexpr Slot data[] = {slot_data_0, slot_data_1, slot_data_2, slot_data_3,
                             slot_data_4, slot_data_5, slot_data_6, slot_data_7};
    constexpr Slot tables[] = {slot_gdt, slot_ldt,        slot_idt,
                               slot_tss, slot_page_table, slot_page_directory};
    constexpr Slot other[] = {slot_code_end,      slot_stack_low, slot_stack,
                              slot_exception_low, slot_exception, slot_absent_0};
    const std::uint64_t choice = random_.below(100);
    const Slot slot = choice < 45   ? random_.one_of(data)
                      : choice < 88 ? random_.one_of(tables)
                                    : random_.one_of(other);
    const std::uint64_t page = slot_address(slot);
    const std::uint64_t place = random_.below(100);
    if (place < 20 && size > 1)
        return page + page_size - 1 - random_.below(size - 1);
    std::uint64_t offset = place < 60 ? front_begin + random_.below(front_end - front_begin)
                                      : tail_begin + random_.below(page_size - tail_begin - 16);
    if (random_.chance(60))
        offset &= ~std::uint64_t{15};
    return page + offset;
}

std::uint64_t Assembler::any_target(std::uint32_t size) {
    if (case_.mode.real)
        return real_mode::any_target(random_, case_, size);
    if (random_.chance(88))
        return window_target(size);
    constexpr std::uint64_t odd[] = {0x00007FFFFFFFFFFE,
                                     0x0000800000000000,
                                     0x8000000000000000,
                                     0xFFFF7FFFFFFFFFF8,
                                     0xFFFFFFFFFFFFFFFC,
                                     0xFFFFFFFFFFFFF008,
                                     0x60000000,
                                     0x90000008,
                                     0x0000010000000000,
                                     0x60000FFE,
                                     large_page_base + 0x100,
                                     large_page_base + 0x208,
                                     large_page_base + 0x300};
    constexpr std::uint64_t low_odd[] = {0x60000000,
                                         0x90000008,
                                         0x60000FFE,
                                         0xFFFFFFFE,
                                         0xFFFFFFF8,
                                         large_page_base + 0x100,
                                         large_page_base + 0x208};
    return is_64_bit() ? random_.one_of(odd) : random_.one_of(low_odd);
}

std::uint64_t Assembler::loadable_target(std::uint32_t size) {
    const std::uint64_t target = any_target(size);
    const bool is_large = target >= large_page_base && target < large_page_base + 0x200000;
    return is_large ? window_target(size) : target;
}

std::uint32_t Assembler::any_size() { return 1U << random_.below(is_64_bit() ? 4 : 3); }

} // namespace fidelity

// Operations on GDT, LDT, IDT and TSS.

#include "hypervisor/x86/descriptor.h"
#include "tests/differential/generator.h"

namespace differential {

using abi::Call;
using hv::test::KernelMachine;

namespace {

constexpr std::uint64_t present_code = 0x00AF9B000000FFFF;
constexpr std::uint32_t idt_halves = 512;

} // namespace

std::uint64_t Generator::any_segment() {
    const std::uint64_t base = (random_.next() & 0xFFFFFF) << 16;
    const std::uint32_t what = below(100);
    if (what < 75)
        return 0x00CFF2000000FFFF | base | (chance(50) ? std::uint64_t{1} << 40 : 0);
    if (what < 90)
        return chance(50) ? 0 : random_.next() & ~(std::uint64_t{1} << 47);
    if (what < 95)
        return 0x00AFFB000000FFFF; // the user's code
    constexpr std::uint64_t refused[]{0x0000EC0000080000, 0x0000E50000080000,
                                      0x00AF9F000000FFFF, // call gate, task gate, conforming
                                      0x00EF9B000000FFFF,
                                      0x0000810000000067}; // L with D, a reserved type
    return refused[below(std::size(refused))];
}

std::uint64_t Generator::any_gdt_word(std::uint64_t slot) {
    const hv::SystemDescriptor tss{
        hv::descriptor_from_segment(
            {KernelMachine::tss_selector, kernel_address(own().tss), 103, {0x89}}),
        kernel_address(own().tss) >> 32};
    if (chance(4))
        return any_segment();
    for (std::uint32_t index = 0; index < 2; ++index) {
        const std::uint64_t base = kernel_address(own().ldt[index]);
        const auto selector = static_cast<std::uint16_t>(ldt_selectors[index]);
        const std::uint32_t limit = chance(80) ? ldt_slots * 8 - 1 : chance(80) ? 31 : 30;
        if (slot == selector / 8U)
            return hv::descriptor_from_segment({selector, base, limit, {0x82}});
        if (slot == selector / 8U + 1)
            return base >> 32;
    }
    if (slot == KernelMachine::code / 8)
        return present_code;
    if (slot == KernelMachine::data / 8)
        return 0x00CF93000000FFFF;
    if (slot == KernelMachine::tss_selector / 8)
        return tss.low;
    return slot == KernelMachine::tss_selector / 8 + 1 ? tss.high : any_segment();
}

std::uint64_t Generator::any_idt_word(std::uint64_t half) {
    if (chance(4))
        return random_.next() * 3;
    if (half % 2 == 1)
        return chance(90) ? 0xFFFFFFFF : 0xFFFF8000 | below(0x8000);
    if (chance(40))
        return 0;
    constexpr std::uint64_t gate = 0x00008E0000080000;
    return gate | below(0x10000) | std::uint64_t{below(0x10000)} << 48 |
           std::uint64_t{below(8)} << 32 | std::uint64_t{below(4)} << 45;
}

Operation Generator::descriptor_operation() {
    const std::uint32_t what = below(100);
    const bool odd = chance(2);
    if (what < 32) {
        const std::uint64_t slot = chance(97) ? 3 + below(13) : below(20);
        const std::uint32_t table = odd ? 1 - loaded().gdt : loaded().gdt;
        return call(Call::write_gdt_entry, kernel_address(own().gdt[table]), slot,
                    any_gdt_word(slot));
    }
    if (what < 46) {
        const std::uint32_t table = odd ? 1 - loaded().ldt : loaded().ldt;
        return call(Call::write_ldt_entry, kernel_address(own().ldt[table]),
                    below(ldt_slots + (chance(3) ? 2 : 0)), any_segment());
    }
    if (what < 60) {
        const std::uint64_t half = odd ? idt_halves - 2 + below(4) : below(16);
        return call(Call::write_idt_entry, guest_.machine().idt, half, any_idt_word(half));
    }
    if (what < 76) {
        const std::uint64_t rsp0 = 0xFFFFFFFF80000000 + below(0x10000000);
        return call(Call::update_kernel_stack, kernel_address(own().tss) + (odd ? 8 : 0),
                    chance(97) ? rsp0 : rsp0 << 1);
    }
    if (what < 88)
        return call(Call::write_tss_word, kernel_address(own().tss),
                    below(13) * 8 + (odd ? 3 + below(2) * 64 : 0), random_.next());
    if (chance(10))
        return call(Call::set_ldt, chance(40) ? 0 : below(0x100));
    loaded().ldt = below(2);
    return call(Call::set_ldt, ldt_selectors[loaded().ldt]);
}

Operation Generator::table_register_operation() {
    const std::uint32_t what = below(100);
    if (what < 40) {
        const std::uint32_t which = chance(85) ? below(2) : below(pseudo_descriptors);
        if (which < 2)
            loaded().gdt = which;
        return call(Call::set_gdt, kernel_address(own().data + pseudo_descriptor(which)));
    }
    if (what < 55)
        return call(Call::set_idt, kernel_address(own().data + pseudo_descriptor(3 + below(3))));
    if (what < 58)
        return call(Call::set_idt, random_.next());
    if (what < 80)
        return call(Call::set_tr, chance(90) ? KernelMachine::tss_selector : below(0x80));
    return call(Call::set_initial_ap_state,
                kernel_address(own().data + initial_state_offset) + (chance(10) ? 1U << 30 : 0),
                below(3));
}

// More than the ring holds, one after the other.
Operation Generator::many_entries() {
    Operation operation =
        call(Call::write_gdt_entry, kernel_address(own().gdt[loaded().gdt]), 10 + below(6),
             0x00CFF3000000FFFF + (std::uint64_t{below(1000)} << 16));
    operation.times = static_cast<std::uint16_t>(500 + below(100));
    return operation;
}

Operation Generator::store_to_table() {
    const std::uint32_t what = below(100);
    if (what < 45) {
        const std::uint64_t slot = 3 + below(13);
        const std::uint32_t table = chance(85) ? loaded().gdt : 1 - loaded().gdt;
        return other(What::store, own().gdt[table] + slot * 8, any_gdt_word(slot));
    }
    if (what < 60)
        return other(What::store, own().ldt[below(2)] + below(ldt_slots) * 8, any_segment());
    if (what < 80)
        return other(What::store, own().tss + below(13) * 8, random_.next());
    const std::uint64_t half = below(16);
    return other(What::store, guest_.machine().physical(guest_.machine().idt) + half * 8,
                 any_idt_word(half));
}

} // namespace differential

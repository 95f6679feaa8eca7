#include "tests/fuzz/guest_values.h"

#include "hypervisor/x86/paging_mode.h"
#include "shared/guest_physical_layout.h"
#include "shared/page_table_calls.h"

#include <array>

namespace hv::fuzz {

using test::KernelMachine;
using test::Machine;

namespace {

std::uint64_t any_page(Input& input, FuzzMachine& machine) {
    const auto& pages = machine.pages();
    return pages[input.byte() % pages.size()];
}

/// Guest-physical addresses at which something ends, or that are not the guest's.
std::uint64_t any_border(Input& input) {
    static constexpr std::array borders{std::uint64_t{0},
                                        abi::rom_base,
                                        abi::vcpu_area_base,
                                        abi::statistics_base,
                                        std::uint64_t{0xA0000},
                                        std::uint64_t{0x100000},
                                        test::fake_ram_size,
                                        test::fake_memory_size,
                                        local_apic_base,
                                        test::fake_memory_end,
                                        std::uint64_t{1} << 40,
                                        std::uint64_t{1} << 47,
                                        std::uint64_t{0xFFFF800000000000},
                                        Machine::linear_base,
                                        Machine::linear_base + test::fake_ram_size,
                                        std::uint64_t{1} << 52,
                                        std::uint64_t{1} << 63};
    // Up to 16 bytes below it, or above.
    return borders[input.below(borders.size())] + input.below(32) - 16;
}

std::uint64_t any_entry(Input& input, FuzzMachine& machine) {
    const std::uint64_t frame =
        input.flag() ? any_page(input, machine) : any_border(input) & paging::address_mask;
    const std::uint64_t upper = input.flag() ? paging::execute_disable : 0;
    return frame | upper | input.take<std::uint16_t>() % page_size;
}

/// The third argument of AllocatePage: a level, and entries to be cloned.
std::uint64_t any_allocate_options(Input& input) {
    const std::uint64_t level = abi::page_level_flag(1 + input.below(4));
    const std::uint64_t clone = input.flag() ? abi::page_flags::clone : 0;
    const std::uint64_t first = input.flag() ? 0 : input.take<std::uint16_t>() % 1024;
    return abi::AllocateOptions::make(level | clone, first, input.take<std::uint16_t>() % 1024)
        .encode();
}

std::uint64_t any_table_base(Input& input, FuzzMachine& machine) {
    const KernelMachine& kernel = machine.machine();
    const std::array bases{kernel.gdt, kernel.idt, kernel.tss, kernel.root};
    return bases[input.below(bases.size())];
}

} // namespace

std::uint64_t any_gpa(Input& input, FuzzMachine& machine) {
    const std::uint64_t page = any_page(input, machine);
    return input.flag() ? page : page + input.take<std::uint16_t>() % page_size;
}

std::uint64_t any_descriptor(Input& input) {
    static constexpr std::array descriptors{
        std::uint64_t{0},
        std::uint64_t{0x00CFF3000000FFFF}, // data, ring 3
        std::uint64_t{0x00AF9B000000FFFF}, // code, 64-bit
        std::uint64_t{0x00CF93000000FFFF}, // data
        std::uint64_t{0x00AF9F000000FFFF}, // conforming
        std::uint64_t{0x0000EC0000080000}, // call gate
        std::uint64_t{0x0000850000080000}, // task gate
        std::uint64_t{0xFFFF8E0000080000}, // interrupt gate
        std::uint64_t{0x00000000FFFFFFFF}, // upper half of a gate
        std::uint64_t{0x00008B0000000067}, // TSS, busy
        std::uint64_t{0x0000890000000067}, // TSS
        std::uint64_t{0x000082000000FFFF}, // LDT
    };
    const std::uint64_t descriptor = descriptors[input.below(descriptors.size())];
    switch (input.below(3)) {
    case 0:
        return descriptor;
    case 1: // another type, or other rights
        return (descriptor & ~(std::uint64_t{0xFFFF} << 40)) |
               std::uint64_t{input.take<std::uint16_t>()} << 40;
    default:
        return input.take<std::uint64_t>();
    }
}

std::uint64_t any_value(Input& input, FuzzMachine& machine) {
    switch (input.below(13)) {
    case 0:
        return input.byte();
    case 1:
        return any_gpa(input, machine);
    case 2:
        return Machine::linear_base + any_gpa(input, machine);
    case 3:
        return any_border(input);
    case 4:
        return any_table_base(input, machine);
    case 5:
        return any_entry(input, machine);
    case 6:
        return any_descriptor(input);
    case 7:
        return any_page(input, machine) / page_size;
    case 8: // near a power of two
        return (std::uint64_t{1} << input.below(64)) - input.below(2);
    case 9:
        return input.take<std::uint16_t>();
    case 10: // one bit of CR0 or CR4 with what a kernel has
        return std::uint64_t{0x80010031} ^ std::uint64_t{1} << input.below(64);
    case 11:
        return any_allocate_options(input);
    default:
        return input.take<std::uint64_t>();
    }
}

} // namespace hv::fuzz

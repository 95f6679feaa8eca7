#include "tests/fuzz/table_checks.h"

#include "tests/fuzz/failure.h"

namespace hv::fuzz {

using ::fuzz::require;

namespace {

std::uint64_t field(std::uint64_t descriptor, unsigned position, unsigned width) {
    return descriptor >> position & ((std::uint64_t{1} << width) - 1);
}

} // namespace

// Fields as in SDM vol. 3, 3.4.5 and 3.5.
void check_segment_slot(std::uint64_t descriptor) {
    const std::uint64_t type = field(descriptor, 40, 4);
    const bool present = field(descriptor, 47, 1) != 0;
    const bool segment = field(descriptor, 44, 1) != 0;
    if (!present)
        return;
    if (!segment) {
        require(type == 2 || type == 9 || type == 11, "a system descriptor is an LDT's or a TSS's");
        return;
    }
    require((type & 1) != 0, "the processor need not set an accessed bit");
    if ((type & 8) == 0)
        return;
    const bool conforming = (type & 4) != 0;
    require(!conforming || field(descriptor, 45, 2) == 3, "conforming code is ring 3's");
    require(field(descriptor, 53, 2) != 3, "code has not both L and D");
}

void check_gate_entry(std::uint64_t low, std::uint64_t high, std::uint16_t code) {
    if (field(low, 47, 1) == 0)
        return;
    const std::uint64_t type = field(low, 40, 5);
    require(type == 14 || type == 15, "an IDT has interrupt gates and trap gates");
    require((field(low, 16, 16) & ~3U) == (code & ~3U),
            "a gate leads to the kernel's code segment");
    require(field(low, 35, 5) == 0 && high >> 32 == 0, "a gate's reserved bits are 0");
    const std::uint64_t offset = field(low, 0, 16) | field(low, 48, 16) << 16 | high << 32;
    require(offset >> 47 == (std::uint64_t{1} << 17) - 1, "a gate leads to the upper half");
}

void check_tables(const ProtectedTables& tables) {
    const GuestTable& gdt = tables.gdt();
    for (std::uint32_t slot = 1; gdt.is_open() && slot < gdt.words(); ++slot)
        check_segment_slot(gdt.read(slot * 8));
    const GuestTable& idt = tables.idt();
    for (std::uint32_t gate = 0; idt.is_open() && gate < idt.words() / 2; ++gate)
        check_gate_entry(idt.read(gate * 16), idt.read(gate * 16 + 8), tables.gate_selector().raw);
}

} // namespace hv::fuzz

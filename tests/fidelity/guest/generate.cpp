// Makes a case from its number.

#include "tests/fidelity/guest/events.h"
#include "tests/fidelity/guest/generate_code.h"
#include "tests/fidelity/guest/kinds.h"
#include "tests/fidelity/guest/real_mode.h"
#include "tests/fidelity/guest/tables.h"
#include "tests/fidelity/guest/test_case.h"

namespace fidelity {
namespace {

using window::no_execute;
using window::present;
using window::user;
using window::writable;

constexpr std::uint64_t bit(std::uint32_t number) { return std::uint64_t{1} << number; }

/// The parts of a case that have random numbers of their own.
enum Part : std::uint64_t {
    part_mode,
    part_registers,
    part_pages,
    part_code,
    part_more_code,
    part_debug,
    part_control,
    part_segments,
    part_other,
};

void choose_mode(Case& c, Random random) {
    constexpr Mode modes[] = {{64, false}, {64, false}, {64, false}, {64, false},
                              {64, true},  {64, true},  {32, false}, {32, false},
                              {32, true},  {16, false}, {16, true}};
    c.mode = random.one_of(modes);
    const bool ring_3 = c.mode.ring_3;
    c.ss = ring_3 ? user_data : kernel_data;
    if (c.mode.bits == 64)
        c.cs = ring_3 ? user_code : kernel_code;
    else if (c.mode.bits == 32)
        c.cs = ring_3 ? user_code_32 : kernel_code_32;
    else
        c.cs = ring_3 ? user_code_16 : kernel_code_16;
}

void choose_registers(Case& c, Random random) {
    for (std::uint64_t& value : c.general)
        value = random.number();
    c.general[rsp] = slot_address(slot_stack) + 0x800;
    if (c.mode.bits != 64) {
        for (std::uint32_t number = 0; number < register_count; ++number)
            c.general[number] &= number < 8 ? 0xFFFFFFFF : 0;
    }
    std::uint64_t flags = random.next() & 0x8D5;
    const std::uint64_t choice = random.next();
    flags |= (choice & 7) == 0 ? bit(10) : 0;        // DF
    flags |= (choice >> 3 & 3) == 0 ? bit(9) : 0;    // IF
    flags |= (choice >> 5 & 3) == 0 ? 3 << 12 : 0;   // IOPL
    flags |= (choice >> 8 & 31) == 0 ? bit(14) : 0;  // NT
    flags |= (choice >> 13 & 15) == 0 ? bit(16) : 0; // RF
    flags |= (choice >> 18 & 3) == 0 ? bit(18) : 0;  // AC
    c.rflags = 2;
    if (c.takes(feature_flags))
        c.rflags |= flags;
    if (random.chance(15) && c.takes(feature_trap_flag))
        c.rflags |= bit(8);
}

void choose_segments(Case& c, Random random) {
    constexpr std::uint16_t odd[] = {user_data,      user_data,        limited_data, based_data,
                                     read_only_data, expand_down_data, ldt_data,     3};
    const std::uint16_t flat = c.mode.ring_3 ? user_data : kernel_data;
    c.ds = c.es = c.fs = c.gs = flat;
    constexpr std::uint64_t bases[] = {0, 0, 0x40, 0x10000000};
    const std::uint64_t fs_base = random.one_of(bases);
    const std::uint64_t gs_base = random.one_of(bases);
    const std::uint16_t ds = random.one_of(odd);
    const std::uint16_t es = random.one_of(odd);
    const std::uint16_t fs = random.one_of(odd);
    if (!random.chance(35) || !c.takes(feature_segments))
        return;
    c.fs_base = fs_base;
    c.gs_base = gs_base;
    c.ds = ds;
    c.es = es;
    c.fs = fs;
}

std::uint64_t odd_rights(Random& random, std::uint64_t plain) {
    const std::uint64_t odd[] = {0,
                                 plain & ~writable,
                                 plain ^ user,
                                 plain | no_execute,
                                 plain | bit(51),
                                 plain | window::accessed,
                                 plain | window::accessed | window::dirty,
                                 (plain & ~writable) | window::dirty,
                                 plain | bit(8),
                                 plain | bit(9) | bit(52),
                                 (plain & ~writable) ^ user};
    return random.one_of(odd);
}

void choose_pages(Case& c, Random random) {
    const std::uint64_t plain = present | writable | (c.mode.ring_3 ? user : 0);
    const bool others_differ = random.chance(30);
    const bool odd = random.chance(60) && c.takes(feature_odd_pages);
    for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
        const std::uint64_t rights = odd_rights(random, plain);
        const bool is_odd = odd && random.chance(slot == slot_code_end ? 20 : 40);
        c.rights.page[slot] = is_odd ? rights : plain;
    }
    const std::uint64_t other_code = plain ^ user;
    c.rights.page[slot_code] =
        others_differ && odd && !c.mode.ring_3 && (c.cr4 & bit(20)) == 0 ? other_code : plain;
    if (!odd)
        c.rights.page[slot_code] = plain;
    c.rights.page[slot_absent_0] = c.rights.page[slot_absent_1] = 0;
    const std::uint64_t leads = present | writable | user;
    c.rights.directory_entry = c.rights.pointer_entry = c.rights.top_level_entry = leads;
    c.rights.large_page = plain | window::large;
    if (odd && random.chance(30))
        c.rights.large_page =
            odd_rights(random, plain | window::large) | random.one_of({0, 0x2000});
    if (!odd || !random.chance(25))
        return;
    // Rights that a level above the last takes away; code must stay where it can run.
    std::uint64_t* const levels[] = {&c.rights.directory_entry, &c.rights.pointer_entry,
                                     &c.rights.top_level_entry};
    const std::uint64_t taken[] = {writable, c.mode.ring_3 ? writable : user, 0};
    *random.one_of(levels) &= ~random.one_of(taken);
    *random.one_of(levels) |= random.one_of<std::uint64_t>({0, window::accessed, bit(9)});
}

void choose_control(Case& c, Random random) {
    c.cr0 = processor.baseline_cr0;
    c.cr4 = processor.baseline_cr4;
    c.efer = baseline_efer;
    c.xcr0 = processor.baseline_xcr0;
    std::uint64_t cr0 = c.cr0;
    std::uint64_t cr4 = c.cr4;
    constexpr std::uint64_t cr0_bits[] = {bit(16), bit(16), bit(3), bit(2), bit(18), bit(5)};
    for (std::uint64_t flips = random.below(3); flips > 0; --flips)
        cr0 ^= random.one_of(cr0_bits);
    for (std::uint64_t flips = random.below(5); flips > 0; --flips)
        cr4 ^= bit(static_cast<std::uint32_t>(random.below(22))) & processor.cr4_bits;
    const std::uint64_t cr8 = random.chance(30) ? random.below(16) : 0;
    const std::uint64_t efer =
        random.chance(15) ? baseline_efer ^ random.one_of({1, 0x800}) : c.efer;
    const std::uint64_t xcr0 = random.chance(15) ? c.xcr0 & random.one_of({1, 3}) : c.xcr0;
    const std::uint64_t mask = random.chance(50) ? 0x47600 | random.below(2) << 8 : 0;
    if (!random.chance(60) || !c.takes(feature_control_bits))
        return;
    c.cr0 = cr0;
    c.cr4 = cr4;
    c.cr8 = cr8;
    c.efer = efer;
    c.xcr0 = xcr0;
    c.flag_mask = mask;
}

void choose_breakpoints(Case& c, Random random) {
    constexpr std::uint64_t execute = 0;
    constexpr std::uint64_t write = 1;
    constexpr std::uint64_t port = 2;
    constexpr std::uint64_t access = 3;
    std::array<std::uint64_t, 4> address{};
    std::uint64_t dr7 = 0x400;
    for (std::uint32_t index = 0; index < 4; ++index) {
        const std::uint64_t instruction = c.instruction_offsets[random.below(c.instruction_count)];
        const std::uint64_t kind = random.one_of({execute, execute, write, write, access, port});
        std::uint64_t length = random.below(4);
        address[index] = c.target + random.below(9) - 4;
        if (kind == execute) {
            address[index] = c.code_begin + instruction;
            length = 0;
        } else if (kind == port) {
            address[index] = random.one_of({0x64, 0x80, 0x3FF, 0x92});
        }
        const std::uint64_t enabled = random.chance(60) ? random.one_of({1, 2, 3}) : 0;
        if (kind == port && (c.cr4 & bit(3)) == 0)
            continue;
        // Bochs saves one that is met at a VM exit, as if it were enabled (docs/profiles.md).
        if (enabled == 0)
            address[index] = 0;
        dr7 |= enabled << (2 * index) | (kind | length << 2) << (16 + 4 * index);
    }
    const bool guards = random.chance(4);
    if (!random.chance(22) || !c.takes(feature_breakpoints))
        return;
    for (std::uint64_t& value : address)
        if (c.mode.bits != 64)
            value &= 0xFFFFFFFF;
    c.breakpoint = address;
    c.dr7 = dr7 | (guards ? bit(13) : 0);
}

/// Whether the stack may be in the window: features tell of a read-only page, or a read-only entry
/// above it, to which ring 0 may write nevertheless.
bool takes_odd_stack(Case& c) {
    if (!c.takes(feature_odd_exception_stack))
        return false;
    if ((c.cr0 & bit(16)) != 0)
        return true;
    const std::uint64_t levels =
        c.rights.directory_entry & c.rights.pointer_entry & c.rights.top_level_entry;
    const std::uint64_t pages = c.rights.page[slot_exception_low] & c.rights.page[slot_exception];
    return ((levels & writable) != 0 || c.takes(feature_stack_of_read_only_level)) &&
           ((pages & writable) != 0 || c.takes(feature_read_only_stack));
}

void choose_other(Case& c, Random random) {
    c.exception_stack = safe_exception_stack();
    const std::uint64_t odd_stack =
        slot_address(slot_exception) + random.one_of({0x10, 0x18, 0x28, 0x30, 0x800});
    if (random.chance(12) && takes_odd_stack(c))
        c.exception_stack = odd_stack & ~std::uint64_t{15};
    if (random.chance(c.halts ? 60 : 25) && c.takes(feature_interrupt))
        c.interrupt_waits = true;
    const bool repairs = random.chance(40);
    // A page that is mapped in two ways, one after the other, would need an invalidation.
    bool maps = false;
    for (std::uint32_t index = 0; index < c.kind_count; ++index)
        maps = maps || c.kinds[index]->name == "store-page-table-entry";
    if (repairs && !maps && c.takes(feature_repairs))
        c.repairs = true;
}

} // namespace

void generate(Case& c, std::uint64_t seed, std::uint64_t number, std::uint32_t without) {
    c = Case{};
    c.seed = seed;
    c.number = number;
    c.without = without;
    const auto part = [&](Part which) { return Random(seed, number, which); };
    choose_mode(c, part(part_mode));
    choose_registers(c, part(part_registers));
    choose_segments(c, part(part_segments));
    choose_control(c, part(part_control));
    if (processor.real_mode)
        real_mode::choose_state(c, part(part_mode));
    choose_pages(c, part(part_pages));
    add_code(c, part(part_other), part(part_code), part(part_more_code));
    choose_breakpoints(c, part(part_debug));
    choose_other(c, Random(seed, number, part_other + 1));
}

} // namespace fidelity

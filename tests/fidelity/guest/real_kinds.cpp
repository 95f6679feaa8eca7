// What a case in real-address mode is made of.

#include "tests/fidelity/guest/kinds.h"
#include "tests/fidelity/guest/real_mode.h"

namespace fidelity {
namespace {

constexpr std::uint64_t bit(std::uint32_t number) { return std::uint64_t{1} << number; }

/// CR0 without a change of PE and PG.
void real_mov_to_cr0(Assembler& a) {
    const std::uint64_t bits[] = {bit(1),  bit(2),  bit(3), bit(4), bit(5),
                                  bit(16), bit(18), bit(6), 0};
    const std::uint32_t source = a.any_register();
    a.require(source, a.test_case().cr0 ^ a.random().one_of(bits));
    a.with_registers({.opcode = {0x0F, 0x22}, .fixed_size = true}, 0, source);
}

void real_lmsw(Assembler& a) {
    const std::uint32_t source = a.any_register();
    a.require(source, a.random().one_of({0, 2, 4, 8, 0xE, 0xFFF0}) | a.random().next() << 16);
    a.with_registers({.opcode = {0x0F, 0x01}, .fixed_size = true}, 6, source);
}

void real_segment(Assembler& a) {
    const std::uint32_t source = a.any_register();
    a.require(source, a.random().next());
    const std::uint32_t segment = a.random().one_of<std::uint32_t>({0, 3, 4, 5});
    a.with_registers({.opcode = {0x8E}, .fixed_size = true}, segment, source);
}

/// LES, LDS, LFS, LGS.
void real_far_pointer(Assembler& a) {
    const std::uint32_t destination = a.any_register();
    const std::uint64_t target = a.any_target(6);
    switch (a.random().below(4)) {
    case 0:
        return a.with_memory({.opcode = {0xC4}}, destination, target);
    case 1:
        return a.with_memory({.opcode = {0xC5}}, destination, target);
    case 2:
        return a.with_memory({.opcode = {0x0F, 0xB4}}, destination, target);
    default:
        return a.with_memory({.opcode = {0x0F, 0xB5}}, destination, target);
    }
}

/// A far jump to the end of the case, by another segment.
void real_far_jump(Assembler& a) {
    const std::uint16_t segment =
        static_cast<std::uint16_t>(real_mode::code_segment - a.random().below(0x10));
    const std::uint64_t linear = real_mode::code_base + early_end_offset;
    a.byte(0xEA);
    a.number(linear - (std::uint64_t{segment} << 4), 2);
    a.number(segment, 2);
}

void real_system_call(Assembler& a) {
    a.plain({.opcode = {0x0F, a.random().one_of<std::uint8_t>({0x05, 0x07, 0x34, 0x35})},
             .fixed_size = true});
}

constexpr Kind kinds[] = {
    {"real-mov-to-cr0", real_mov_to_cr0}, {"real-lmsw", real_lmsw},
    {"real-segment", real_segment},       {"real-far-pointer", real_far_pointer},
    {"real-far-jump", real_far_jump},     {"real-system-call", real_system_call}};

constexpr std::string_view suitable[] = {"mov-from-cr",
                                         "mov-no-cr",
                                         "mov-to-cr2",
                                         "mov-to-cr8",
                                         "clts",
                                         "smsw",
                                         "invlpg",
                                         "cache-invalidation",
                                         "invpcid",
                                         "xsetbv",
                                         "xgetbv",
                                         "swapgs",
                                         "access-flag",
                                         "segment-base",
                                         "mov-from-dr",
                                         "mov-to-dr",
                                         "sgdt",
                                         "sidt",
                                         "sldt",
                                         "str",
                                         "lldt",
                                         "ltr",
                                         "verify-segment",
                                         "load-access-rights",
                                         "mov-from-segment",
                                         "mov-store",
                                         "mov-immediate",
                                         "movnti",
                                         "set-byte",
                                         "arithmetic",
                                         "unary",
                                         "shift",
                                         "exchange",
                                         "compare-exchange-pair",
                                         "bit-test",
                                         "double-shift",
                                         "move-string",
                                         "store-string",
                                         "read-string",
                                         "vector-store",
                                         "float-state",
                                         "float-store",
                                         "cache-line",
                                         "mov-load",
                                         "extended-load",
                                         "vector-load",
                                         "read-msr",
                                         "write-msr",
                                         "cpuid",
                                         "read-time",
                                         "read-time-and-processor",
                                         "read-counter",
                                         "read-processor",
                                         "in",
                                         "out",
                                         "string-port",
                                         "push-flags-plain",
                                         "interrupt-flag",
                                         "no-operation",
                                         "software-interrupt",
                                         "breakpoint-instruction",
                                         "undefined",
                                         "divide",
                                         "halt",
                                         "monitor",
                                         "mwait",
                                         "virtualization",
                                         "getsec-rsm"};

} // namespace

std::span<const Kind> real_mode_kinds() { return kinds; }

namespace real_mode {

bool is_suitable(const Kind& kind) {
    if (kind.name.starts_with("real-") || kind.name.starts_with("vex-"))
        return true;
    for (const std::string_view name : suitable)
        if (kind.name == name)
            return true;
    return false;
}

std::uint64_t any_target(Random& random, const Case& test_case, std::uint32_t size) {
    const std::uint64_t base = std::uint64_t{test_case.ds} << 4;
    const std::uint64_t place = random.below(100);
    if (place < 15)
        return base + 0x10000 - random.below(size + 1);
    if (place < 18)
        return base + 0x10000 + random.below(0x100);
    return base + 0x100 + (random.below(0xE000) & ~(random.chance(60) ? std::uint64_t{63} : 0));
}

void choose_state(Case& c, Random random) {
    constexpr std::uint16_t segments[] = {data_segment, extra_segment, 0x2800, 0x2FFF};
    c.mode = {.bits = 16, .ring_3 = false, .real = true};
    c.cs = code_segment;
    c.ss = stack_segment;
    c.ds = data_segment;
    c.es = extra_segment;
    c.fs = random.one_of(segments);
    c.gs = random.one_of(segments);
    if (random.chance(30))
        c.ds = random.one_of(segments);
    c.fs_base = std::uint64_t{c.fs} << 4;
    c.gs_base = std::uint64_t{c.gs} << 4;
    c.general[rsp] = 0x8000;
    for (std::uint64_t& value : c.general)
        value &= 0xFFFFFFFF;
    constexpr std::uint64_t protection_and_paging = bit(31) | bit(0);
    c.cr0 &= ~protection_and_paging;
    c.cr8 = 0;
    c.efer = baseline_efer;
}

} // namespace real_mode
} // namespace fidelity

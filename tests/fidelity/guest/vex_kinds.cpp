// Instructions with a VEX prefix: vector loads and stores, masked and scattered ones, and those
// that work on general registers.

#include "tests/fidelity/guest/kinds.h"

namespace fidelity {
namespace {

// What a VEX prefix says of the opcode: the bytes that precede it, and the prefix it stands for.
constexpr std::uint8_t map_0f = 1;
constexpr std::uint8_t map_0f38 = 2;
constexpr std::uint8_t map_0f3a = 3;
constexpr std::uint8_t no_prefix = 0;
constexpr std::uint8_t prefix_66 = 1;
constexpr std::uint8_t prefix_f3 = 2;
constexpr std::uint8_t prefix_f2 = 3;

struct Form {
    std::uint8_t map, prefix, opcode;
};

std::uint32_t any_vector(Assembler& a) {
    return static_cast<std::uint32_t>(a.random().below(a.is_64_bit() ? 16 : 8));
}

/// In one of ten cases a bit of the prefix is wrong, and the instruction perhaps undefined.
Encoding encoding_of(Assembler& a, Form form, std::uint8_t source) {
    Encoding encoding{.opcode = {form.opcode},
                      .vex = Vex{.map = form.map,
                                 .prefix = form.prefix,
                                 .is_wide = false,
                                 .is_256 = a.random().chance(50),
                                 .source = source}};
    if (form.map == map_0f3a) {
        encoding.immediate = a.random().next();
        encoding.immediate_size = 1;
    }
    switch (a.random().below(40)) {
    case 0:
        encoding.vex->prefix = static_cast<std::uint8_t>(a.random().below(4));
        break;
    case 1:
        encoding.vex->source = static_cast<std::uint8_t>(a.random().below(16));
        break;
    case 2:
    case 3:
        encoding.vex->is_wide = true;
        break;
    default:
        break;
    }
    return encoding;
}

void vex_store(Assembler& a) {
    // VMOVUPS, VMOVUPD, VMOVAPS, VMOVDQA, VMOVDQU, VMOVNTPS, VMOVNTDQ, VMOVSS, VMOVSD, VMOVLPS,
    // VMOVHPS, VMOVD, VMOVQ, VPEXTRB, VPEXTRW, VPEXTRD, VEXTRACTPS, VEXTRACTF128, VEXTRACTI128,
    // VCVTPS2PH.
    constexpr Form forms[] = {
        {map_0f, no_prefix, 0x11},   {map_0f, prefix_66, 0x11},   {map_0f, no_prefix, 0x29},
        {map_0f, prefix_66, 0x7F},   {map_0f, prefix_f3, 0x7F},   {map_0f, no_prefix, 0x2B},
        {map_0f, prefix_66, 0xE7},   {map_0f, prefix_f3, 0x11},   {map_0f, prefix_f2, 0x11},
        {map_0f, no_prefix, 0x13},   {map_0f, no_prefix, 0x17},   {map_0f, prefix_66, 0x7E},
        {map_0f, prefix_66, 0xD6},   {map_0f3a, prefix_66, 0x14}, {map_0f3a, prefix_66, 0x15},
        {map_0f3a, prefix_66, 0x16}, {map_0f3a, prefix_66, 0x17}, {map_0f3a, prefix_66, 0x19},
        {map_0f3a, prefix_66, 0x39}, {map_0f3a, prefix_66, 0x1D}};
    const Encoding encoding = encoding_of(a, a.random().one_of(forms), 0);
    a.with_memory(encoding, any_vector(a), a.any_target(32));
}

void vex_load(Assembler& a) {
    // VMOVUPS, VMOVAPS, VMOVDQU, VMOVSS, VMOVD, VPTEST, VBROADCASTSS, VBROADCASTF128,
    // VPBROADCASTB, VPMOVZXBW.
    constexpr Form forms[] = {{map_0f, no_prefix, 0x10},   {map_0f, no_prefix, 0x28},
                              {map_0f, prefix_f3, 0x6F},   {map_0f, prefix_f3, 0x10},
                              {map_0f, prefix_66, 0x6E},   {map_0f38, prefix_66, 0x17},
                              {map_0f38, prefix_66, 0x18}, {map_0f38, prefix_66, 0x1A},
                              {map_0f38, prefix_66, 0x78}, {map_0f38, prefix_66, 0x30}};
    const Encoding encoding = encoding_of(a, a.random().one_of(forms), 0);
    a.with_memory(encoding, any_vector(a), a.any_target(32));
}

void vex_arithmetic(Assembler& a) {
    // VADDPS, VPADDD, VMINPD, VPSHUFB, VFMADD132PS, VINSERTF128, VPERM2F128.
    constexpr Form forms[] = {{map_0f, no_prefix, 0x58},   {map_0f, prefix_66, 0xFE},
                              {map_0f, prefix_66, 0x5D},   {map_0f38, prefix_66, 0x00},
                              {map_0f38, prefix_66, 0x98}, {map_0f3a, prefix_66, 0x18},
                              {map_0f3a, prefix_66, 0x06}};
    const Encoding encoding =
        encoding_of(a, a.random().one_of(forms), static_cast<std::uint8_t>(any_vector(a)));
    a.with_operand(encoding, any_vector(a), 32);
}

/// VMASKMOVPS, VMASKMOVPD and VPMASKMOVD, in both directions. The mask is set beforehand, or what
/// the register happens to hold.
void vex_masked_move(Assembler& a) {
    constexpr std::uint8_t opcodes[] = {0x2C, 0x2D, 0x2E, 0x2F, 0x8C, 0x8E};
    const auto mask = static_cast<std::uint8_t>(any_vector(a));
    const Encoding encoding =
        encoding_of(a, {map_0f38, prefix_66, a.random().one_of(opcodes)}, mask);
    a.with_memory(encoding, any_vector(a), a.any_target(32));
}

/// VGATHERDPS and its kin, with all indices 0 or what the register holds.
void vex_gather(Assembler& a) {
    const auto destination = static_cast<std::uint32_t>(a.random().below(3));
    const std::uint32_t index = 3 + static_cast<std::uint32_t>(a.random().below(2));
    const std::uint32_t mask = 5 + static_cast<std::uint32_t>(a.random().below(3));
    a.without_prefixes();
    const auto put = [&a](Form form, std::uint32_t number) {
        a.with_registers({.opcode = {form.opcode},
                          .vex = Vex{.map = form.map,
                                     .prefix = form.prefix,
                                     .is_256 = true,
                                     .source = static_cast<std::uint8_t>(number)}},
                         number, number);
    };
    if (a.random().chance(70))
        put({map_0f, prefix_66, 0xEF}, index); // VPXOR
    if (a.random().chance(70))
        put({map_0f, prefix_66, 0x76}, mask); // VPCMPEQD
    const auto opcode = static_cast<std::uint8_t>(0x90 + a.random().below(4));
    Encoding encoding =
        encoding_of(a, {map_0f38, prefix_66, opcode}, static_cast<std::uint8_t>(mask));
    encoding.vex->is_wide = a.random().chance(50);
    a.with_vector_index(encoding, destination, index, a.any_target(8));
}

/// ANDN, BEXTR, BZHI, PDEP, PEXT, MULX, SHLX, SARX, SHRX, BLSR and its kin, RORX.
void vex_integer(Assembler& a) {
    constexpr Form forms[] = {
        {map_0f38, no_prefix, 0xF2}, {map_0f38, no_prefix, 0xF7}, {map_0f38, no_prefix, 0xF5},
        {map_0f38, prefix_f2, 0xF5}, {map_0f38, prefix_f3, 0xF5}, {map_0f38, prefix_f2, 0xF6},
        {map_0f38, prefix_66, 0xF7}, {map_0f38, prefix_f3, 0xF7}, {map_0f38, prefix_f2, 0xF7},
        {map_0f38, no_prefix, 0xF3}, {map_0f3a, prefix_f2, 0xF0}};
    const Form form = a.random().one_of(forms);
    const bool is_group = form.map == map_0f38 && form.opcode == 0xF3;
    const bool has_source = form.map == map_0f38;
    Encoding encoding =
        encoding_of(a, form, has_source ? static_cast<std::uint8_t>(a.any_register()) : 0);
    encoding.vex->is_256 = a.random().chance(4);
    encoding.vex->is_wide = a.random().chance(50);
    const std::uint32_t reg =
        is_group ? 1 + static_cast<std::uint32_t>(a.random().below(3)) : a.any_register();
    a.with_operand(encoding, reg, 8);
}

/// VZEROUPPER, VZEROALL; VLDMXCSR, VSTMXCSR.
void vex_state(Assembler& a) {
    if (a.random().chance(50))
        return a.plain(encoding_of(a, {map_0f, no_prefix, 0x77}, 0));
    Encoding encoding = encoding_of(a, {map_0f, no_prefix, 0xAE}, 0);
    encoding.vex->is_256 = a.random().chance(4);
    a.with_memory(encoding, a.random().one_of<std::uint32_t>({2, 3}), a.any_target(4));
}

/// Any opcode of any map. Some have an immediate operand: NOPs follow.
void vex_any(Assembler& a) {
    const Form form{static_cast<std::uint8_t>(a.random().chance(90) ? 1 + a.random().below(3)
                                                                    : a.random().below(32)),
                    static_cast<std::uint8_t>(a.random().below(4)),
                    static_cast<std::uint8_t>(a.random().below(256))};
    Encoding encoding = encoding_of(a, form, static_cast<std::uint8_t>(a.random().below(16)));
    encoding.vex->is_wide = a.random().chance(30);
    encoding.immediate_size = 0;
    a.with_operand(encoding, any_vector(a), 32);
    a.number(0x90, 1);
}

constexpr Kind kinds[] = {{"vex-store", vex_store},           {"vex-load", vex_load},
                          {"vex-arithmetic", vex_arithmetic}, {"vex-masked-move", vex_masked_move},
                          {"vex-gather", vex_gather},         {"vex-integer", vex_integer},
                          {"vex-state", vex_state},           {"vex-any", vex_any}};

} // namespace

std::span<const Kind> vex_kinds() { return kinds; }

} // namespace fidelity

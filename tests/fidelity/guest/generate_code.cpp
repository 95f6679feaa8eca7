#include "tests/fidelity/guest/generate_code.h"

#include "tests/fidelity/guest/kinds.h"
#include "tests/fidelity/guest/real_mode.h"
#include "tests/fidelity/guest/tables.h"

namespace fidelity {
namespace {

std::span<const Kind> any_group(Random& random) {
    std::uint32_t weights = 0;
    for (const Group& group : groups)
        weights += group.weight;
    auto left = static_cast<std::uint32_t>(random.below(weights));
    const Group* chosen = groups;
    for (; left >= chosen->weight; ++chosen)
        left -= chosen->weight;
    return chosen->kinds();
}

bool is_suitable(const Kind& kind, const Case& c, bool is_first) {
    if (kind.only_first && !is_first)
        return false;
    return c.mode.real ? real_mode::is_suitable(kind) : !kind.name.starts_with("real-");
}

const Kind& any_kind(Random& random, const Case& c, bool is_first) {
    for (;;) {
        const std::span<const Kind> group = any_group(random);
        const Kind& kind = group[random.below(group.size())];
        if (is_suitable(kind, c, is_first))
            return kind;
    }
}

/// What blocks interrupts or debug exceptions for one instruction, or lets them in.
void add_opener(Case& c, Random& random) {
    const std::uint64_t choice = random.below(4);
    if (!random.chance(20) || !c.takes(feature_opener))
        return;
    const auto put = [&c](std::uint8_t value) { c.code[c.code_size++] = value; };
    c.instruction_offsets[c.instruction_count++] = c.code_size;
    if (choice == 0) {
        put(0xFB); // STI
    } else if (choice == 1) {
        put(0x90); // NOP
    } else if (c.mode.real) {
        put(0x16); // PUSH SS
        put(0x17); // POP SS
    } else {
        // MOV SS, AX: the register must hold the selector, so no instruction may need another value
        c.general[rax] = c.ss;
        put(0x8E);
        put(0xD0);
    }
}

} // namespace

void add_code(Case& c, Random opener, Random random, Random more) {
    const bool at_page_end = opener.chance(12) && c.takes(feature_page_end);
    const std::uint64_t before_end = 1 + opener.below(24);
    const std::uint64_t page = c.mode.real ? real_mode::code_base : slot_address(slot_code);
    c.code_begin = page + (at_page_end ? page_size - before_end : code_offset);
    add_opener(c, opener);
    const std::uint64_t wanted = more.chance(55) ? 1 : 2 + more.below(2);
    for (std::uint64_t number = 0; number < wanted; ++number) {
        if (number > 0 && !c.takes(feature_more_instructions))
            break;
        Random& source = number == 0 ? random : more;
        const Kind& kind = any_kind(source, c, number == 0);
        Assembler assembler(c, source, number == 0);
        assembler.begin_instruction();
        kind.emit(assembler);
        if (!assembler.finish_instruction())
            break;
        c.kinds[c.kind_count++] = &kind;
        if (c.ignored_registers != 0)
            break; // what RDTSC read must not become an address, nor lie in memory
    }
    c.end_offset = c.code_size;
    if (c.instruction_count < c.instruction_offsets.size())
        c.instruction_offsets[c.instruction_count++] = c.code_size;
    c.code[c.code_size++] = 0xCD;
    c.code[c.code_size++] = end_vector;
}

} // namespace fidelity

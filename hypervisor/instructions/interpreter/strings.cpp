// String instructions. With REP, each run handles some elements and leaves RIP where it is until no
// element is left: the state is exact between any two elements, and the budget bounds them.

#include "hypervisor/instructions/interpreter/handlers.h"
#include "hypervisor/instructions/interpreter/processor.h"
#include "hypervisor/x86/status_flags.h"

namespace hv::startup {

namespace {

constexpr std::uint32_t accumulator = 0;
constexpr std::uint32_t counter = 1;
constexpr std::uint32_t source_index = 6;
constexpr std::uint32_t destination_index = 7;
constexpr std::uint32_t elements_per_run = 256;
constexpr std::uint64_t repeated =
    ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;

std::uint32_t address_size(const Processor& processor) {
    return processor.instruction.address_width / 8U;
}

std::uint32_t address(const Processor& processor, std::uint32_t number) {
    const std::uint32_t whole = processor.general(number);
    return address_size(processor) == 2 ? whole & 0xFFFF : whole;
}

/// The source segment: DS, or the one a prefix names. The destination segment is always ES.
SegmentNumber source_segment(const Processor& processor) {
    const std::uint64_t attributes = processor.instruction.attributes;
    if ((attributes & ZYDIS_ATTRIB_HAS_SEGMENT_ES) != 0)
        return SegmentNumber::es;
    if ((attributes & ZYDIS_ATTRIB_HAS_SEGMENT_CS) != 0)
        return SegmentNumber::cs;
    if ((attributes & ZYDIS_ATTRIB_HAS_SEGMENT_SS) != 0)
        return SegmentNumber::ss;
    if ((attributes & ZYDIS_ATTRIB_HAS_SEGMENT_FS) != 0)
        return SegmentNumber::fs;
    if ((attributes & ZYDIS_ATTRIB_HAS_SEGMENT_GS) != 0)
        return SegmentNumber::gs;
    return SegmentNumber::ds;
}

/// Moves an index register by one element.
void step(Processor& processor, std::uint32_t number, std::uint32_t size) {
    const bool down = (processor.state.rflags & rflags::direction) != 0;
    const std::uint32_t whole = processor.general(number);
    processor.set_general(number, address_size(processor), down ? whole - size : whole + size);
}

/// Executes one element, or with REP those of one run. After an element that leaves ZF other than
/// REPE or REPNE wants, the instruction is complete; `compares` says whether it looks at ZF.
template <typename Element>
void for_elements(Processor& processor, bool compares, Element element) {
    const std::uint64_t attributes = processor.instruction.attributes;
    if ((attributes & repeated) == 0)
        return element();
    const bool wants_zero = (attributes & ZYDIS_ATTRIB_HAS_REPNE) == 0;
    StartupState& state = processor.state;
    for (; address(processor, counter) != 0; ++processor.elements) {
        if (processor.elements == elements_per_run)
            return processor.repeat();
        const GuestRegisters before = state.general;
        const std::uint64_t flags_before = state.rflags;
        processor.set_general(counter, address_size(processor), processor.general(counter) - 1);
        element();
        if (processor.refusal != nullptr && processor.elements != 0) {
            // The next run begins with this element, and is refused.
            processor.refusal = nullptr;
            state.general = before;
            state.rflags = flags_before;
            return processor.repeat();
        }
        if (processor.refusal != nullptr)
            return;
        if (compares && ((state.rflags & status_flag::zero) != 0) != wants_zero) {
            ++processor.elements;
            return;
        }
    }
}

/// CMPS and SCAS set the flags of first - second.
void compare(Processor& processor, std::uint32_t first, std::uint32_t second, std::uint32_t size) {
    const std::uint64_t mask = status_flag::operand_mask(size);
    const std::uint64_t result = (std::uint64_t{first} - second) & mask;
    std::uint64_t& rflags = processor.state.rflags;
    rflags = (rflags & ~status_flag::all) |
             status_flag::of_subtraction(first & mask, second & mask, result, size);
}

std::uint32_t read_source(Processor& processor, std::uint32_t size) {
    const std::uint32_t from = address(processor, source_index);
    return processor.read_memory(source_segment(processor), from, size);
}

std::uint32_t read_destination(Processor& processor, std::uint32_t size) {
    return processor.read_memory(SegmentNumber::es, address(processor, destination_index), size);
}

void write_destination(Processor& processor, std::uint32_t size, std::uint32_t value) {
    const std::uint32_t to = address(processor, destination_index);
    processor.write_memory(SegmentNumber::es, to, size, value);
    step(processor, destination_index, size);
}

} // namespace

void move_string(Processor& processor, std::uint32_t size) {
    for_elements(processor, false, [&] {
        write_destination(processor, size, read_source(processor, size));
        step(processor, source_index, size);
    });
}

void store_string(Processor& processor, std::uint32_t size) {
    for_elements(processor, false,
                 [&] { write_destination(processor, size, processor.general(accumulator)); });
}

void load_string(Processor& processor, std::uint32_t size) {
    for_elements(processor, false, [&] {
        processor.set_general(accumulator, size, read_source(processor, size));
        step(processor, source_index, size);
    });
}

void compare_strings(Processor& processor, std::uint32_t size) {
    for_elements(processor, true, [&] {
        const std::uint32_t first = read_source(processor, size);
        compare(processor, first, read_destination(processor, size), size);
        step(processor, source_index, size);
        step(processor, destination_index, size);
    });
}

void scan_string(Processor& processor, std::uint32_t size) {
    for_elements(processor, true, [&] {
        const std::uint32_t first = processor.general(accumulator);
        compare(processor, first, read_destination(processor, size), size);
        step(processor, destination_index, size);
    });
}

} // namespace hv::startup

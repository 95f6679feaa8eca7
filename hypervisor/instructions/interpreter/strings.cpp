// String instructions. With REP, each run handles one element and leaves RIP where it is until no
// element is left, so that the budget of instructions bounds them.

#include "hypervisor/instructions/interpreter/handlers.h"
#include "hypervisor/instructions/interpreter/processor.h"

namespace hv::startup {

namespace {

constexpr std::uint32_t accumulator = 0;
constexpr std::uint32_t counter = 1;
constexpr std::uint32_t source_index = 6;
constexpr std::uint32_t destination_index = 7;
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

/// Counts one element; false when there was none left.
bool begin_element(Processor& processor) {
    if ((processor.instruction.attributes & repeated) == 0)
        return true;
    if (address(processor, counter) == 0)
        return false;
    processor.set_general(counter, address_size(processor), processor.general(counter) - 1);
    processor.next = static_cast<std::uint32_t>(processor.state.rip);
    return true;
}

std::uint32_t read_source(Processor& processor, std::uint32_t size) {
    const std::uint32_t from = address(processor, source_index);
    return processor.read_memory(source_segment(processor), from, size);
}

void write_destination(Processor& processor, std::uint32_t size, std::uint32_t value) {
    const std::uint32_t to = address(processor, destination_index);
    processor.write_memory(SegmentNumber::es, to, size, value);
    step(processor, destination_index, size);
}

} // namespace

void move_string(Processor& processor, std::uint32_t size) {
    if (!begin_element(processor))
        return;
    write_destination(processor, size, read_source(processor, size));
    step(processor, source_index, size);
}

void store_string(Processor& processor, std::uint32_t size) {
    if (begin_element(processor))
        write_destination(processor, size, processor.general(accumulator));
}

void load_string(Processor& processor, std::uint32_t size) {
    if (!begin_element(processor))
        return;
    processor.set_general(accumulator, size, read_source(processor, size));
    step(processor, source_index, size);
}

} // namespace hv::startup

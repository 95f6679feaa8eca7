// Instructions that move words: between registers and memory, and to and from the stack.

#include "hypervisor/instructions/interpreter/handlers.h"
#include "hypervisor/instructions/interpreter/processor.h"
#include "hypervisor/x86/status_flags.h"

namespace hv::startup {

namespace {

// What POPF changes in ring 0: the status flags, TF, IF, DF, IOPL, NT; and with 32 bits AC and ID.
constexpr std::uint64_t popped_flags = status_flag::all | rflags::trap | rflags::interrupt_enable |
                                       rflags::direction | rflags::io_privilege_level |
                                       rflags::nested_task;
constexpr std::uint64_t popped_upper_flags = 1 << 18 | 1 << 21;

} // namespace

void move(Processor& processor, std::uint32_t) {
    const Place target = processor.place(0);
    processor.write(target, processor.value(1));
}

void move_sign_extended(Processor& processor, std::uint32_t) {
    const Place source = processor.place(1);
    const unsigned unused = 32 - source.size * 8;
    const auto value = static_cast<std::int32_t>(processor.read(source) << unused) >> unused;
    processor.write(processor.place(0), static_cast<std::uint32_t>(value));
}

void load_address(Processor& processor, std::uint32_t) {
    const std::uint32_t address = processor.offset(processor.operands[1].mem);
    processor.write(processor.place(0), address);
}

void exchange(Processor& processor, std::uint32_t) {
    const Place first = processor.place(0);
    const Place second = processor.place(1);
    const std::uint32_t from_first = processor.read(first);
    const std::uint32_t from_second = processor.read(second);
    processor.replace(first, from_first, from_second);
    processor.write(second, from_first);
}

// Memory is read even if the condition does not hold.
void move_if(Processor& processor, std::uint32_t condition) {
    const std::uint32_t value = processor.value(1);
    if (status_flag::condition(processor.state.rflags, condition))
        processor.write(processor.place(0), value);
}

void set_if(Processor& processor, std::uint32_t condition) {
    const bool holds = status_flag::condition(processor.state.rflags, condition);
    processor.write(processor.place(0), holds ? 1 : 0);
}

// The result is undefined for 16 bits; processors store 0.
void swap_bytes(Processor& processor, std::uint32_t) {
    const Place place = processor.place(0);
    processor.write(place, place.size == 4 ? __builtin_bswap32(processor.read(place)) : 0);
}

void push_operand(Processor& processor, std::uint32_t) {
    const std::uint32_t value = processor.value(0);
    processor.push(value, processor.width());
}

void pop_operand(Processor& processor, std::uint32_t) {
    // After the pop: an address that uses ESP is computed with the new ESP.
    const std::uint32_t value = processor.pop(processor.width());
    processor.write(processor.place(0), value);
}

void push_flags(Processor& processor, std::uint32_t) {
    processor.push(static_cast<std::uint32_t>(processor.state.rflags), processor.width());
}

void pop_flags(Processor& processor, std::uint32_t) {
    const std::uint64_t value = processor.pop(processor.width());
    const std::uint64_t changed = popped_flags | (processor.width() == 4 ? popped_upper_flags : 0);
    std::uint64_t& flags = processor.state.rflags;
    flags = (flags & ~changed) | (value & changed);
    if ((flags & rflags::trap) != 0)
        processor.refuse("single steps");
}

} // namespace hv::startup

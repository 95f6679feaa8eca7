// The stack, by SP or ESP as SS says.

#include "hypervisor/instructions/interpreter/processor.h"

namespace hv::startup {

namespace {

std::uint32_t pointer_size(const StartupState& state) {
    return state.segment(SegmentNumber::ss).access_rights.default_operation_size() ? 4 : 2;
}

std::uint32_t top(const Processor& processor, std::uint32_t pointer) {
    return pointer_size(processor.state) == 4 ? pointer : pointer & 0xFFFF;
}

} // namespace

void Processor::push(std::uint32_t value, std::uint32_t size) {
    const std::uint32_t pointer = top(*this, general(rsp_number) - size);
    write_memory(SegmentNumber::ss, pointer, size, value);
    set_general(rsp_number, pointer_size(state), pointer);
}

std::uint32_t Processor::pop(std::uint32_t size) {
    const std::uint32_t pointer = top(*this, general(rsp_number));
    const std::uint32_t value = read_memory(SegmentNumber::ss, pointer, size);
    discard(size);
    return value;
}

void Processor::discard(std::uint32_t size) {
    set_general(rsp_number, pointer_size(state), general(rsp_number) + size);
}

} // namespace hv::startup

#include "hypervisor/host/processor/debug_console.h"

#include "shared/trace_record.h"

namespace hv::cpu {

void write_debug_console(const std::uint8_t* bytes, std::size_t size) {
    asm volatile("rep outsb" : "+S"(bytes), "+c"(size) : "d"(abi::trace_port) : "memory");
}

} // namespace hv::cpu

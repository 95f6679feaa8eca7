// The entries for 32-bit kernels, by the number of the call (abi::has_entry_32).

#include "vmi_rom/entries.h"

// return_entries.S. They are no functions: a kernel jumps to them with a frame of its own.
extern "C" const std::uint8_t lazyhv_iret;
extern "C" const std::uint8_t lazyhv_sysexit;

namespace rom {

const void* entry_of(abi::Call call) {
    switch (call) {
    case abi::Call::iret:
        return &lazyhv_iret;
    case abi::Call::sysexit:
        return &lazyhv_sysexit;
    case abi::Call::halt:
        return reinterpret_cast<const void*>(halt);
    case abi::Call::reboot:
        return reinterpret_cast<const void*>(reboot);
    case abi::Call::shutdown:
        return reinterpret_cast<const void*>(shutdown);
    default:
        return nullptr;
    }
}

} // namespace rom

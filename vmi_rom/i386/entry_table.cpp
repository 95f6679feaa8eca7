// The entries for 32-bit kernels, by the number of the call.

#include "vmi_rom/i386/page_tables.h"

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
        return code(halt);
    case abi::Call::reboot:
        return code(reboot);
    case abi::Call::shutdown:
        return code(shutdown);
    case abi::Call::set_cr3:
        return code(set_cr3);
    case abi::Call::get_cr3:
        return code(get_cr3);
    case abi::Call::set_pxe:
        return code(set_pxe);
    case abi::Call::set_pxe_long:
        return code(set_pxe_long);
    case abi::Call::inval_page:
        return code(inval_page);
    case abi::Call::flush_tlb:
        return code(flush_tlb);
    case abi::Call::set_linear_mapping:
        return code(set_linear_mapping);
    case abi::Call::set_lazy_mode:
        return code(set_lazy_mode);
    default:
        return nullptr;
    }
}

} // namespace rom

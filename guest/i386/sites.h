#pragma once
// The call sites of the conformance guest (sites.S), and how it calls them.

#include "guest/kernel/paravirt/call_site.h"

#include <cstdint>

using Site = std::uint8_t[guest::paravirt::min_site_length];

// NOLINTBEGIN(bugprone-dynamic-static-initializers): nothing initialises them dynamically.
extern "C" {
extern Site site_iret, site_sysexit, site_shutdown, site_halt, site_io_delay,
    site_machine_to_physical, site_set_lazy_mode, site_set_cr3, site_get_cr3, site_inval_page,
    site_flush_tlb;
/// Calls code with the arguments where VMI has them. Returns EAX.
std::uint32_t call_with(const void* code, std::uint32_t a, std::uint32_t b, std::uint32_t c,
                        std::uint32_t d);
/// Not 0 once a call has lost a register that it must keep.
extern std::uint32_t lost_registers;
/// Native code of the calls below.
void native_set_pxe();
void native_set_pxe_long();
void native_set_linear_mapping();
}

namespace guest::i386 {

inline std::uint32_t call(const void* code, std::uint32_t a = 0, std::uint32_t b = 0,
                          std::uint32_t c = 0, std::uint32_t d = 0) {
    return call_with(code, a, b, c, d);
}

/// Calls that kernels make through a pointer, some with an argument on the stack: the ROM's entry,
/// or native code.
struct PointerCalls {
    const void* set_pxe;
    const void* set_pxe_long;
    const void* set_linear_mapping;
};
extern PointerCalls pointer_calls;
// NOLINTEND(bugprone-dynamic-static-initializers)

} // namespace guest::i386

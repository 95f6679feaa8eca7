#pragma once
// The calls of a guest outside IA-32e mode that differ from those of a 64-bit kernel: registers
// have 32 bits, CR3 is loaded in the guest's paging mode, and no page table is registered.

#include "hypervisor/calls/call_handlers.h"

namespace hv {

CallFunction legacy_set_cr3;      ///< CR3
CallFunction legacy_set_pxe;      ///< the entry, of 4 bytes; its guest-physical address
CallFunction legacy_set_pxe_long; ///< the low half of the entry; its address; the high half
CallFunction legacy_inval_page;   ///< linear address

} // namespace hv

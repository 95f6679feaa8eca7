#pragma once
// The monitor's side of each call; calls/call_dispatch.cpp has the table.

#include "shared/error.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Takes the arguments of a call: RDI, RSI, RDX, or a ring entry's, read once. Judges all it was
/// given before it changes anything.
using CallFunction = abi::Error(Vcpu& vcpu, std::uint64_t first, std::uint64_t second,
                                std::uint64_t third);
using CallHandler = CallFunction*;

// calls/call_dispatch.cpp: what stands where no call may.
CallFunction call_unknown;
CallFunction call_not_queueable;

// calls/control_register_calls.cpp
CallFunction call_set_cr0;
CallFunction call_set_cr3;
CallFunction call_set_cr4;
CallFunction call_clts;

// calls/descriptor_calls.cpp
CallFunction call_set_gdt;
CallFunction call_set_idt;
CallFunction call_set_ldt;
CallFunction call_set_tr;
CallFunction call_write_gdt_entry;
CallFunction call_write_ldt_entry;
CallFunction call_write_idt_entry;
CallFunction call_update_kernel_stack;
CallFunction call_write_tss_word;

// calls/page_table_calls.cpp
CallFunction call_set_pxe;
CallFunction call_update_pxe;
CallFunction call_allocate_page;
CallFunction call_release_page;
CallFunction call_inval_page;
CallFunction call_flush_tlb;

// calls/processor_calls.cpp
CallFunction call_shootdown;
CallFunction call_set_initial_ap_state;

// calls/machine_calls.cpp
CallFunction call_flush;
CallFunction call_empty;
CallFunction call_vmi_init;
CallFunction call_reboot;
CallFunction call_shutdown;

} // namespace hv

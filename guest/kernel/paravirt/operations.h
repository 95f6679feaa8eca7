#pragma once
// The paravirt operations. Every place where the kernel does one of these things does it through
// here: natively each is its one instruction, inline; with a ROM, what get_reloc answered.
// Numbers and arguments: shared/call_table.h. How a site is recorded: call_site.h.

#include "guest/kernel/paravirt/control_register_operations.h"
#include "guest/kernel/paravirt/debug_register_operations.h"
#include "guest/kernel/paravirt/descriptor_operations.h"
#include "guest/kernel/paravirt/interrupt_operations.h"
#include "guest/kernel/paravirt/lazy_mode_operations.h"
#include "guest/kernel/paravirt/machine_operations.h"
#include "guest/kernel/paravirt/page_table_operations.h"
#include "guest/kernel/paravirt/table_register_operations.h"

#pragma once
// The paravirt operations. The kernel does each of these things through its operation only.
// Natively an operation is one inline instruction; with a ROM it is what get_reloc answered.
// Numbers and arguments: shared/call_table.h. How a site is recorded: call_site.h.

#include "guest/kernel/paravirt/control_register_operations.h"
#include "guest/kernel/paravirt/debug_register_operations.h"
#include "guest/kernel/paravirt/descriptor_operations.h"
#include "guest/kernel/paravirt/interrupt_operations.h"
#include "guest/kernel/paravirt/lazy_mode_operations.h"
#include "guest/kernel/paravirt/machine_operations.h"
#include "guest/kernel/paravirt/page_table_operations.h"
#include "guest/kernel/paravirt/table_register_operations.h"

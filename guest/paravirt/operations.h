#pragma once
// The paravirt operations. Every place where the kernel does one of these things does it through
// here: natively each is its one instruction, inline; with a ROM, what get_reloc answered.
// Numbers and arguments: shared/call_table.h. How a site is recorded: call_site.h.

#include "guest/paravirt/control_register_operations.h"
#include "guest/paravirt/debug_register_operations.h"
#include "guest/paravirt/descriptor_operations.h"
#include "guest/paravirt/interrupt_operations.h"
#include "guest/paravirt/lazy_mode_operations.h"
#include "guest/paravirt/machine_operations.h"
#include "guest/paravirt/page_table_operations.h"
#include "guest/paravirt/table_register_operations.h"

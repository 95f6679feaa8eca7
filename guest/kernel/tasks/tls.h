#pragma once
// Thread-local storage: three entries of the GDT that are the current task's, as on Linux i386.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/task.h"

namespace guest::tls {

/// Writes the entries that differ from what the GDT holds. The accessed bit is the processor's or
/// the monitor's business and no difference.
inline void load(Cpu& cpu, const Task& next) {
    for (std::uint32_t i = 0; i < tls_slots; ++i)
        if (((cpu.gdt[gdt_first_tls + i] ^ next.tls[i]) & ~descriptor_accessed) != 0)
            paravirt::write_gdt_entry(cpu.gdt, gdt_first_tls + i, next.tls[i]);
}

} // namespace guest::tls

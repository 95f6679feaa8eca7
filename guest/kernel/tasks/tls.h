#pragma once
// Thread-local storage: three entries of the GDT that belong to the current task, as in Linux for
// i386.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/task.h"

namespace guest::tls {

/// Writes the entries that differ from what the GDT holds. A different accessed bit does not count:
/// the processor or the monitor sets it.
inline void load(Cpu& cpu, const Task& next) {
    for (std::uint32_t i = 0; i < tls_slots; ++i)
        if (((cpu.gdt[gdt_first_tls + i] ^ next.tls[i]) & ~descriptor_accessed) != 0)
            paravirt::write_gdt_entry(cpu.gdt, gdt_first_tls + i, next.tls[i]);
}

} // namespace guest::tls

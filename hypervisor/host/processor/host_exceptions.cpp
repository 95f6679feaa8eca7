// What an exception in the monitor does: an NMI for the guest is kept until the guest can take it,
// an expected fault continues at its recovery, and every other exception is printed and ends the
// run.

#include "hypervisor/host/console.h"
#include "hypervisor/host/processor/host_tables.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/msr.h"

#include <cstddef>

namespace hv::cpu {

namespace {

struct ExceptionFrame {
    std::uint64_t vector;
    std::uint64_t error_code;
    std::uint64_t rip;
    std::uint64_t cs;
    std::uint64_t rflags;
    std::uint64_t rsp;
    std::uint64_t ss;
};

/// A row of the exception table, left by try_read_msr() and similar
/// (host/processor/instructions.h).
struct ExceptionRow {
    std::uint64_t instruction;
    std::uint64_t recovery;
};

std::uint64_t address(const std::uint8_t* code) { return reinterpret_cast<std::uint64_t>(code); }

} // namespace

extern "C" {
extern const ExceptionRow exception_table_begin[];
extern const ExceptionRow exception_table_end[];
// exits/vm_exit.S
extern const std::uint8_t entry_window_begin[];
extern const std::uint8_t entry_window_end[];
extern const std::uint8_t entry_restart[];

namespace {

HostTables& this_processors_tables() {
    const std::uint64_t block = read_msr(number(Msr::ia32_fs_base));
    return *reinterpret_cast<HostTables*>(block - offsetof(HostTables, stack_protector));
}

// A kick only has to bring the processor into the monitor, which is running. But if it came after
// the last check for requests before VM entry, the processor must check again.
void handle_nmi(ExceptionFrame& frame) {
    NmiState& nmi = *this_processors_tables().nmi;
    if (__atomic_exchange_n(&nmi.kick_in_flight, 0, __ATOMIC_SEQ_CST) == 0)
        nmi.pending = 1;
    if (frame.rip >= address(entry_window_begin) && frame.rip < address(entry_window_end)) {
        frame.rip = address(entry_restart);
        frame.rsp = nmi.entry_stack;
    }
}

} // namespace

void handle_host_exception(ExceptionFrame& frame) {
    if (frame.vector == vector::nmi) {
        return handle_nmi(frame);
    }
    for (const ExceptionRow* row = exception_table_begin; row != exception_table_end; ++row) {
        if (row->instruction == frame.rip) {
            frame.rip = row->recovery;
            return;
        }
    }
    using console::Hex;
    console::fail("exception ", frame.vector, " in the monitor: error code ", Hex{frame.error_code},
                  " RIP ", Hex{frame.rip}, " RSP ", Hex{frame.rsp}, " CR2 ", Hex{read_cr2()});
}
}

} // namespace hv::cpu

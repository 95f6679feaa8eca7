// What an exception in the monitor does: NMIs wait for the guest, expected faults go to their
// recovery, all others are the end, in words.

#include "hypervisor/console/console.h"
#include "hypervisor/cpu/host_tables.h"
#include "hypervisor/cpu/instructions.h"
#include "hypervisor/vmx/interruption_information.h"

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

/// A row that try_read_msr and its kin leave (cpu/instructions.h).
struct ExceptionRow {
    std::uint64_t instruction;
    std::uint64_t recovery;
};

} // namespace

volatile bool nmi_pending = false;

extern "C" {
extern const ExceptionRow exception_table_begin[];
extern const ExceptionRow exception_table_end[];

void handle_host_exception(ExceptionFrame& frame) {
    if (frame.vector == vector::nmi) {
        nmi_pending = true;
        return;
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

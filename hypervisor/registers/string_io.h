#pragma once
// INS and OUTS on ports that exit: the memory operand is the monitor's to access, too.

#include "hypervisor/vmx/exit_qualification.h"

namespace hv {

struct Vcpu;

/// Carries out the instruction, or one repetition of it: then it exits again for the next one, as
/// it can be interrupted there. A fault of the memory operand comes before the access to the port.
void run_string_io(Vcpu& vcpu, IoInstruction access);

} // namespace hv

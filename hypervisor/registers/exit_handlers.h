#pragma once
// Exits of instructions that read or write a register which is not the guest's alone. Each handler
// leaves the vCPU ready for VM entry: instruction skipped, or exception injected.

namespace hv {

struct Vcpu;

void handle_gdtr_idtr(Vcpu& vcpu);
void handle_ldtr_tr(Vcpu& vcpu);
void handle_cpuid(Vcpu& vcpu);
void handle_msr_read(Vcpu& vcpu);
void handle_msr_write(Vcpu& vcpu);
void handle_io_instruction(Vcpu& vcpu);
void handle_task_switch(Vcpu& vcpu);

} // namespace hv

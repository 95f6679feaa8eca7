#include "guest/kernel/boot/initial_state.h"

#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/msr.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/operations.h"

extern "C" void secondary_entry();

namespace guest {

abi::InitialState initial_state(const Cpu& cpu) {
    abi::InitialState state{};
    state.cr0 = cpu.cr0 | cr0_ts;
    state.cr3 = address_spaces::kernel().root;
    state.cr4 = paravirt::get_cr4();
    state.efer = paravirt::rdmsr(msr::efer);
    state.rip = reinterpret_cast<std::uint64_t>(&secondary_entry);
    state.rflags = rflags_fixed;
    state.general[initial_rsp] = cpu.kernel_stack;
    state.general[initial_rdi] = address_of(&cpu);
    state.gs_base = address_of(&cpu);
    state.gdt_base = address_of(cpu.gdt);
    state.gdt_limit = gdt_limit;
    state.idt_base = address_of(cpu.idt);
    state.idt_limit = idt_limit;
    state.cs = kernel_code_selector;
    state.ss = kernel_data_selector;
    state.ds = kernel_data_selector;
    state.es = kernel_data_selector;
    return state;
}

} // namespace guest

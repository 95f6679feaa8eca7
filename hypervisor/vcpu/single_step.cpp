#include "hypervisor/vcpu/single_step.h"

#include "hypervisor/vcpu/pending.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/controls.h"

namespace hv {

namespace {

void set_monitor_trap_flag(Vcpu& vcpu, bool on) {
    const std::uint32_t controls = vcpu.machine->controls.primary;
    vcpu.vmcs.write(Field::primary_processor_based_controls,
                    on ? controls | primary_processor_based::monitor_trap_flag : controls);
}

bool has_monitor_trap_flag(const VirtualMachine& machine) {
    return (machine.capabilities.primary_processor_based >> 32 &
            primary_processor_based::monitor_trap_flag) != 0;
}

} // namespace

bool begin_single_step(Vcpu& vcpu, std::uint64_t gpa) {
    if (vcpu.stepped.active || !has_monitor_trap_flag(*vcpu.machine))
        return false;
    vcpu.stepped = {true, align_down(gpa, page_size)};
    for (std::uint64_t offset = 0; offset < page_size; ++offset)
        vcpu.stepped_copy[offset] = direct_word<std::uint8_t>(vcpu.stepped.page + offset);
    vcpu.machine->protected_pages.open(gpa);
    set_monitor_trap_flag(vcpu, true);
    return true;
}

void end_single_step(Vcpu& vcpu) {
    ProtectedPages& pages = vcpu.machine->protected_pages;
    const std::uint64_t page = vcpu.stepped.page;
    vcpu.stepped.active = false;
    set_monitor_trap_flag(vcpu, false);
    pages.close(page);
    if (pages.take_rights_reduced())
        drop_ept_translations(vcpu);
    const abi::Error error = vcpu.tables.judge_page(page, vcpu.stepped_copy);
    if (error != abi::Error::none)
        refuse_instruction(vcpu, error, "EPT_VIOLATION", page);
}

} // namespace hv

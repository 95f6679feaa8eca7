// MSR_READ and MSR_WRITE. vcpu/msr_bitmaps.h lists the MSRs that do not exit.

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/registers/exit_handlers.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/vcpu/counters.h"
#include "hypervisor/vcpu/pause.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"

#include <algorithm>

namespace hv {

namespace {

// For an unaware kernel, each MSR that it is refused is named once, even if another MSR was named
// with the same error before.
void refuse(Vcpu& vcpu, abi::Error error, std::string_view what, std::uint32_t msr) {
    auto& named = vcpu.named_msrs;
    const bool is_new = std::find(named.begin(), named.end(), msr) == named.end();
    if (!vcpu.machine->protects && is_new && named.size() < named.capacity()) {
        named.push_back(msr);
        vcpu.refusals_named &= ~(std::uint64_t{1} << static_cast<std::uint32_t>(error));
    }
    refuse_instruction(vcpu, error, what, msr);
}

} // namespace

void handle_msr_read(Vcpu& vcpu) {
    GuestRegisters& registers = vcpu.registers;
    const auto msr = static_cast<std::uint32_t>(registers.rcx);
    count_key(vcpu.statistics.msr, msr);
    const auto value = read_guest_msr(vcpu, msr);
    if (!value)
        return refuse(vcpu, abi::Error::bad_register, "MSR_READ", msr);
    registers.rax = *value & 0xFFFFFFFF;
    registers.rdx = *value >> 32;
    skip_instruction(vcpu);
}

void handle_msr_write(Vcpu& vcpu) {
    const GuestRegisters& registers = vcpu.registers;
    const auto msr = static_cast<std::uint32_t>(registers.rcx);
    count_key(vcpu.statistics.msr, msr);
    const std::uint64_t value = registers.rdx << 32 | (registers.rax & 0xFFFFFFFF);
    if (!prepare_msr_write(vcpu, msr, value))
        return (void)execute_again(vcpu);
    if (!write_guest_msr(vcpu, msr, value))
        return refuse(vcpu, abi::Error::bad_value, "MSR_WRITE", msr);
    skip_instruction(vcpu);
}

} // namespace hv

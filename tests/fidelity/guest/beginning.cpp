#include "tests/fidelity/guest/beginning.h"

#include "guest/kernel/cpu/msr.h"
#include "tests/fidelity/guest/processor.h"
#include "tests/fidelity/guest/tables.h"

extern "C" const char syscall_landing[];
extern "C" const char sysenter_landing[];

namespace fidelity {
namespace {

constexpr std::uint32_t msr_sysenter_cs = 0x174;
constexpr std::uint32_t msr_sysenter_esp = 0x175;
constexpr std::uint32_t msr_sysenter_eip = 0x176;
constexpr std::uint32_t msr_pat = 0x277;
constexpr std::uint32_t msr_cstar = 0xC0000083;

std::array<MsrValue, 9> msrs;
FloatState float_state;

} // namespace

void initialise_beginning() {
    msrs = {{{msr_sysenter_cs, kernel_code},
             {msr_sysenter_esp, slot_address(slot_stack) + 0x800},
             {msr_sysenter_eip, address_of(sysenter_landing)},
             {guest::msr::star, std::uint64_t{0x18} << 48 | std::uint64_t{kernel_code} << 32},
             {guest::msr::lstar, address_of(syscall_landing)},
             {msr_cstar, address_of(syscall_landing)},
             {guest::msr::fmask, 0},
             {guest::msr::kernel_gs_base, slot_address(slot_data_1)},
             {msr_pat, read_msr(msr_pat)}}};
    asm volatile("fninit; fxsave64 %0" : "=m"(float_state));
    // The XMM registers.
    for (std::size_t offset = 160; offset < 416; ++offset)
        float_state.bytes[offset] = static_cast<std::uint8_t>(offset * 7);
}

void restore_msrs(std::uint64_t flag_mask) {
    for (MsrValue& msr : msrs) {
        if (msr.number == guest::msr::fmask)
            msr.value = flag_mask;
        if (read_msr(msr.number) != msr.value)
            write_msr(msr.number, msr.value);
    }
}

std::span<const MsrValue> msrs_at_beginning() { return msrs; }
const FloatState& float_state_at_beginning() { return float_state; }

} // namespace fidelity

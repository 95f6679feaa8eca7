#include "tests/fidelity/guest/beginning.h"

#include "guest/kernel/cpu/msr.h"
#include "tests/fidelity/guest/processor.h"
#include "tests/fidelity/guest/tables.h"
#include "tests/fidelity/guest/test_case.h"

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
    asm volatile("fninit");
    float_state.store();
    constexpr std::size_t xmm_begin = 160;
    constexpr std::size_t header = 512;
    for (std::size_t offset = xmm_begin; offset < legacy_state_size; ++offset)
        float_state.bytes[offset] = static_cast<std::uint8_t>(offset * 7);
    if (processor.baseline_xcr0 != xcr0_avx)
        return;
    for (std::size_t offset = upper_halves_begin; offset < float_state.bytes.size(); ++offset)
        float_state.bytes[offset] = static_cast<std::uint8_t>(offset * 11);
    float_state.bytes[header] = xcr0_avx;
}

void FloatState::load() const {
    if (processor.baseline_xcr0 == xcr0_avx)
        asm volatile("xrstor64 %0" : : "m"(*this), "a"(xcr0_avx), "d"(0));
    else
        asm volatile("fxrstor64 %0" : : "m"(*this));
}

void FloatState::store() {
    if (processor.baseline_xcr0 == xcr0_avx)
        asm volatile("xsave64 %0" : "+m"(*this) : "a"(xcr0_avx), "d"(0));
    else
        asm volatile("fxsave64 %0" : "=m"(*this));
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

#pragma once
// Paravirt operations (operations.h): CPUID, MSRs, TSC, caches, delay, and the end of the machine.

#include "guest/kernel/paravirt/call_site.h"
#include "shared/processors.h"

#include <cstdint>

namespace guest::paravirt {

struct CpuidResult {
    std::uint32_t eax;
    std::uint32_t ebx;
    std::uint32_t ecx;
    std::uint32_t edx;
};

/// Keeps the registers of the instruction.
inline CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
    CpuidResult result{leaf, 0, subleaf, 0};
    asm volatile(PARAVIRT_SITE(cpuid, PARAVIRT_PAD_4, "cpuid")
                 : "+a"(result.eax), "=b"(result.ebx), "+c"(result.ecx), "=d"(result.edx)
                 :
                 : "rdi", "rsi", "r8", "r9", "r10", "r11", "cc", "memory");
    return result;
}

/// Keeps the registers of the instruction. The MSR must exist.
inline std::uint64_t rdmsr(std::uint32_t msr) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile(PARAVIRT_SITE(rdmsr, PARAVIRT_PAD_4, "rdmsr")
                 : "=a"(low), "=d"(high), "+c"(msr)
                 :
                 : "rdi", "rsi", "r8", "r9", "r10", "r11", "cc", "memory");
    return std::uint64_t{high} << 32 | low;
}

/// Keeps the registers of the instruction. The processor must accept the MSR and the value.
inline void wrmsr(std::uint32_t msr, std::uint64_t value) {
    auto low = static_cast<std::uint32_t>(value);
    auto high = static_cast<std::uint32_t>(value >> 32);
    asm volatile(PARAVIRT_SITE(wrmsr, PARAVIRT_PAD_4, "wrmsr")
                 : "+a"(low), "+d"(high), "+c"(msr)
                 :
                 : "rdi", "rsi", "r8", "r9", "r10", "r11", "cc", "memory");
}

/// Keeps the registers of the instruction. In Bochs the counter counts instructions.
inline std::uint64_t rdtsc() {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile(PARAVIRT_SITE(rdtsc, PARAVIRT_PAD_4, "rdtsc")
                 : "=a"(low), "=d"(high)
                 :
                 : "rcx", "rdi", "rsi", "r8", "r9", "r10", "r11", "cc", "memory");
    return std::uint64_t{high} << 32 | low;
}

inline void wbinvd() {
    asm volatile(PARAVIRT_SITE(wbinvd, PARAVIRT_PAD_4, "wbinvd") : : : PARAVIRT_LOSES_0);
}

/// A short delay between two accesses to a slow device: a write to the unused port 0x80.
inline void io_delay() {
    asm volatile(PARAVIRT_SITE(io_delay, PARAVIRT_PAD_4, "out %%al, $0x80") : : : PARAVIRT_LOSES_0);
}

/// Sets the state with which another processor will start. Only where the monitor offers it;
/// natively it does nothing. Returns an abi::Error.
[[nodiscard]] inline std::uint32_t set_initial_ap_state(const abi::InitialState* state,
                                                        std::uint64_t processor) {
    std::uint32_t error = 0;
    asm volatile(PARAVIRT_SITE(set_initial_ap_state, PARAVIRT_PAD_0, PARAVIRT_NOP)
                 : "+a"(error), "+D"(state), "+S"(processor)
                 :
                 : "rdx", PARAVIRT_LOSES);
    return error;
}

/// Powers the machine off; `status` is the run's, 0 for success. Native: kernel/boot/power.cpp.
[[noreturn]] inline void shutdown(std::uint64_t status) {
    asm volatile(PARAVIRT_SITE(shutdown, PARAVIRT_PAD_1, "call native_shutdown")
                 : "+D"(status)
                 :
                 : PARAVIRT_LOSES_1);
    __builtin_unreachable();
}

/// Resets the machine. Native: kernel/boot/power.cpp.
[[noreturn]] inline void reboot() {
    asm volatile(PARAVIRT_SITE(reboot, PARAVIRT_PAD_1, "call native_reboot")
                 :
                 :
                 : PARAVIRT_LOSES_0);
    __builtin_unreachable();
}

} // namespace guest::paravirt

#pragma once
// The privileged instructions the monitor uses, one function each. Unit tests replace this folder
// at link time (tests/unit/fake/).

#include <cstdint>

namespace hv::cpu {

struct CpuidResult {
    std::uint32_t eax;
    std::uint32_t ebx;
    std::uint32_t ecx;
    std::uint32_t edx;
};

#ifdef LAZYHV_UNIT_TEST

CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf);
std::uint64_t read_msr(std::uint32_t msr);
void write_msr(std::uint32_t msr, std::uint64_t value);
bool try_read_msr(std::uint32_t msr, std::uint64_t& value);
bool try_write_msr(std::uint32_t msr, std::uint64_t value);
bool try_xsetbv(std::uint32_t index, std::uint64_t value);
void write_port8(std::uint16_t port, std::uint8_t value);
std::uint8_t read_port8(std::uint16_t port);
void write_port16(std::uint16_t port, std::uint16_t value);
std::uint16_t read_port16(std::uint16_t port);
void write_port32(std::uint16_t port, std::uint32_t value);
std::uint32_t read_port32(std::uint16_t port);
std::uint64_t read_cr0();
std::uint64_t read_cr2();
std::uint64_t read_breakpoint_address(std::uint32_t number);
std::uint64_t read_cr3();
std::uint64_t read_cr4();
void write_cr2(std::uint64_t value);
std::uint32_t read_pkru();
std::uint64_t read_tsc();
[[noreturn]] void stop();
void write_back_caches();

#else

inline CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf) {
    CpuidResult result{};
    asm volatile("cpuid"
                 : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                 : "a"(leaf), "c"(subleaf));
    return result;
}

inline std::uint64_t read_msr(std::uint32_t msr) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return std::uint64_t{high} << 32 | low;
}

inline void write_msr(std::uint32_t msr, std::uint64_t value) {
    asm volatile("wrmsr"
                 :
                 : "c"(msr), "a"(static_cast<std::uint32_t>(value)),
                   "d"(static_cast<std::uint32_t>(value >> 32))
                 : "memory");
}

// An instruction that may fault. A row in the exception table sends its fault to label 2
// (host/processor/host_exceptions.cpp); operand 0 becomes 1 if it has faulted, else 0.
#define LAZYHV_TRY(instruction)                                                                    \
    "1: " instruction "\n\t"                                                                       \
    "xorl %k0, %k0\n\t"                                                                            \
    "jmp 3f\n"                                                                                     \
    "2: movl $1, %k0\n"                                                                            \
    "3:\n\t"                                                                                       \
    ".pushsection .exception_table, \"a\"\n\t"                                                     \
    ".quad 1b, 2b\n\t"                                                                             \
    ".popsection"

/// As read_msr, but false where the processor answers with #GP; `value` is then undefined.
inline bool try_read_msr(std::uint32_t msr, std::uint64_t& value) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    bool fault = false;
    asm volatile(LAZYHV_TRY("rdmsr") : "=&r"(fault), "=a"(low), "=d"(high) : "c"(msr));
    value = std::uint64_t{high} << 32 | low;
    return !fault;
}

/// As write_msr, but false where the processor answers with #GP.
inline bool try_write_msr(std::uint32_t msr, std::uint64_t value) {
    bool fault = false;
    asm volatile(LAZYHV_TRY("wrmsr")
                 : "=&r"(fault)
                 : "c"(msr), "a"(static_cast<std::uint32_t>(value)),
                   "d"(static_cast<std::uint32_t>(value >> 32))
                 : "memory");
    return !fault;
}

/// XSETBV, or false where the processor answers with #GP or #UD.
inline bool try_xsetbv(std::uint32_t index, std::uint64_t value) {
    bool fault = false;
    asm volatile(LAZYHV_TRY("xsetbv")
                 : "=&r"(fault)
                 : "c"(index), "a"(static_cast<std::uint32_t>(value)),
                   "d"(static_cast<std::uint32_t>(value >> 32)));
    return !fault;
}

#undef LAZYHV_TRY

inline void write_port8(std::uint16_t port, std::uint8_t value) {
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
inline std::uint8_t read_port8(std::uint16_t port) {
    std::uint8_t value = 0;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
inline void write_port16(std::uint16_t port, std::uint16_t value) {
    asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}
inline std::uint16_t read_port16(std::uint16_t port) {
    std::uint16_t value = 0;
    asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
inline void write_port32(std::uint16_t port, std::uint32_t value) {
    asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}
inline std::uint32_t read_port32(std::uint16_t port) {
    std::uint32_t value = 0;
    asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

inline std::uint64_t read_cr0() {
    std::uint64_t value = 0;
    asm volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}
/// DR0 to DR3.
inline std::uint64_t read_breakpoint_address(std::uint32_t number) {
    std::uint64_t value = 0;
    switch (number) {
    case 0:
        asm volatile("mov %%dr0, %0" : "=r"(value));
        break;
    case 1:
        asm volatile("mov %%dr1, %0" : "=r"(value));
        break;
    case 2:
        asm volatile("mov %%dr2, %0" : "=r"(value));
        break;
    default:
        asm volatile("mov %%dr3, %0" : "=r"(value));
        break;
    }
    return value;
}
inline std::uint64_t read_cr2() {
    std::uint64_t value = 0;
    asm volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}
inline std::uint64_t read_cr3() {
    std::uint64_t value = 0;
    asm volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}
inline std::uint64_t read_cr4() {
    std::uint64_t value = 0;
    asm volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}
inline void write_cr0(std::uint64_t value) {
    asm volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}
inline void write_cr2(std::uint64_t value) { asm volatile("mov %0, %%cr2" : : "r"(value)); }
inline void write_cr3(std::uint64_t value) {
    asm volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}
inline void write_cr4(std::uint64_t value) {
    asm volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

/// The guest's rights for each protection key. The processor must have them, and the host's CR4.PKE
/// must be set.
inline std::uint32_t read_pkru() {
    std::uint32_t value = 0;
    asm volatile("rdpkru" : "=a"(value) : "c"(0) : "edx");
    return value;
}

/// Ticks of the time-stamp counter: in Bochs one an instruction.
inline std::uint64_t read_tsc() {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return std::uint64_t{high} << 32 | low;
}

inline void write_back_caches() { asm volatile("wbinvd" : : : "memory"); }

[[noreturn]] inline void stop() {
    for (;;)
        asm volatile("cli; hlt");
}

#endif

} // namespace hv::cpu

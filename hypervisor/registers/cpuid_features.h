#pragma once
// The allow-list of CPUID (SDM vol. 2, "CPUID"): each bit of each leaf that is passed on to the
// guest, and what the guest needs in order to use it. Whatever is not listed reads as 0, so that a
// feature that the monitor does not know is not offered.

#include "hypervisor/vmx/controls.h"
#include "hypervisor/x86/control_register.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace hv {

enum class CpuidRegister : std::uint8_t { eax, ebx, ecx, edx };

/// What software needs in order to use a feature. One that cannot have it is not offered it.
struct FeatureNeeds {
    std::uint64_t cr4 = 0;     ///< the bits of CR4 that the feature adds
    std::uint64_t xcr0 = 0;    ///< the state components that the feature adds
    std::uint32_t control = 0; ///< secondary control without which its instruction causes #UD
};

/// A bit that says that the processor has a feature.
struct CpuidFeature {
    std::uint32_t leaf;
    std::uint32_t subleaf; ///< 0 where the leaf has no subleaves
    CpuidRegister in;
    std::uint8_t bit;
    std::string_view name; ///< the manual's
    FeatureNeeds needs{};
};

namespace cpuid_list {

using enum CpuidRegister;
namespace secondary = secondary_processor_based;

// Absent on purpose, because the monitor manages neither state nor MSRs of theirs: performance
// monitoring (PDCM, leaf 0xA), the debug store, thermal and power management (EIST, TM, TM2, ACPI,
// leaf 6 but for two bits), VT-x, SMX, SGX, MPX, resource control (PQM, PQE), processor trace,
// WAITPKG, CET, LA57, TME, key locker, bus-lock detection, ENQCMD, PKS, user interrupts, PCONFIG,
// architectural LBRs, AMX, the MSRs IA32_MCU_OPT_CTRL and IA32_CORE_CAPABILITIES, FRED, WRMSRNS,
// LASS, LAM.
// clang-format off
inline constexpr auto features = std::to_array<CpuidFeature>({
    {1, 0, ecx, 0, "SSE3"},
    {1, 0, ecx, 1, "PCLMULQDQ"},
    {1, 0, ecx, 3, "MONITOR"},
    {1, 0, ecx, 9, "SSSE3"},
    {1, 0, ecx, 12, "FMA"},
    {1, 0, ecx, 13, "CMPXCHG16B"},
    {1, 0, ecx, 14, "xTPR Update Control"},
    {1, 0, ecx, 17, "PCID", {.cr4 = cr4::pcid_enable}},
    {1, 0, ecx, 19, "SSE4_1"},
    {1, 0, ecx, 20, "SSE4_2"},
    {1, 0, ecx, 21, "x2APIC"},
    {1, 0, ecx, 22, "MOVBE"},
    {1, 0, ecx, 23, "POPCNT"},
    {1, 0, ecx, 24, "TSC-Deadline"},
    {1, 0, ecx, 25, "AESNI"},
    {1, 0, ecx, 26, "XSAVE", {.cr4 = cr4::osxsave, .xcr0 = xcr0::x87 | xcr0::sse}},
    {1, 0, ecx, 28, "AVX", {.xcr0 = xcr0::avx}},
    {1, 0, ecx, 29, "F16C"},
    {1, 0, ecx, 30, "RDRAND"},
    {1, 0, edx, 0, "FPU"},
    {1, 0, edx, 1, "VME", {.cr4 = cr4::virtual_8086_mode_extensions |
                                  cr4::protected_mode_virtual_interrupts}},
    {1, 0, edx, 2, "DE", {.cr4 = cr4::debugging_extensions}},
    {1, 0, edx, 3, "PSE", {.cr4 = cr4::page_size_extensions}},
    {1, 0, edx, 4, "TSC", {.cr4 = cr4::time_stamp_disable}},
    {1, 0, edx, 5, "MSR"},
    {1, 0, edx, 6, "PAE", {.cr4 = cr4::physical_address_extension}},
    {1, 0, edx, 7, "MCE", {.cr4 = cr4::machine_check_enable}},
    {1, 0, edx, 8, "CX8"},
    {1, 0, edx, 9, "APIC"},
    {1, 0, edx, 11, "SEP"},
    {1, 0, edx, 12, "MTRR"},
    {1, 0, edx, 13, "PGE", {.cr4 = cr4::page_global_enable}},
    {1, 0, edx, 14, "MCA"},
    {1, 0, edx, 15, "CMOV"},
    {1, 0, edx, 16, "PAT"},
    {1, 0, edx, 17, "PSE-36"},
    {1, 0, edx, 19, "CLFSH"},
    {1, 0, edx, 23, "MMX"},
    {1, 0, edx, 24, "FXSR", {.cr4 = cr4::operating_system_fxsave}},
    {1, 0, edx, 25, "SSE", {.cr4 = cr4::operating_system_xmm_exceptions}},
    {1, 0, edx, 26, "SSE2"},
    {1, 0, edx, 27, "SS"},
    {1, 0, edx, 28, "HTT"},
    {1, 0, edx, 31, "PBE"},
    {6, 0, eax, 2, "ARAT"},
    {6, 0, ecx, 0, "Hardware Coordination Feedback Capability"}, // IA32_APERF, IA32_MPERF
    {7, 0, ebx, 0, "FSGSBASE", {.cr4 = cr4::fsgsbase}},
    {7, 0, ebx, 1, "IA32_TSC_ADJUST"},
    {7, 0, ebx, 3, "BMI1"},
    {7, 0, ebx, 4, "HLE"},
    {7, 0, ebx, 5, "AVX2"},
    {7, 0, ebx, 6, "FDP_EXCPTN_ONLY"},
    {7, 0, ebx, 7, "SMEP", {.cr4 = cr4::supervisor_execution_prevention}},
    {7, 0, ebx, 8, "BMI2"},
    {7, 0, ebx, 9, "Enhanced REP MOVSB/STOSB"},
    {7, 0, ebx, 10, "INVPCID", {.control = secondary::enable_invpcid}},
    {7, 0, ebx, 11, "RTM"},
    {7, 0, ebx, 13, "Deprecates FPU CS and FPU DS"},
    {7, 0, ebx, 16, "AVX512F", {.xcr0 = xcr0::avx_512}},
    {7, 0, ebx, 17, "AVX512DQ"},
    {7, 0, ebx, 18, "RDSEED"},
    {7, 0, ebx, 19, "ADX"},
    {7, 0, ebx, 20, "SMAP", {.cr4 = cr4::supervisor_access_prevention}},
    {7, 0, ebx, 21, "AVX512_IFMA"},
    {7, 0, ebx, 23, "CLFLUSHOPT"},
    {7, 0, ebx, 24, "CLWB"},
    {7, 0, ebx, 26, "AVX512PF"},
    {7, 0, ebx, 27, "AVX512ER"},
    {7, 0, ebx, 28, "AVX512CD"},
    {7, 0, ebx, 29, "SHA"},
    {7, 0, ebx, 30, "AVX512BW"},
    {7, 0, ebx, 31, "AVX512VL"},
    {7, 0, ecx, 0, "PREFETCHWT1"},
    {7, 0, ecx, 1, "AVX512_VBMI"},
    {7, 0, ecx, 2, "UMIP", {.cr4 = cr4::user_mode_instruction_prevention}},
    {7, 0, ecx, 3, "PKU", {.cr4 = cr4::protection_key_enable, .xcr0 = xcr0::pkru}},
    {7, 0, ecx, 6, "AVX512_VBMI2"},
    {7, 0, ecx, 8, "GFNI"},
    {7, 0, ecx, 9, "VAES"},
    {7, 0, ecx, 10, "VPCLMULQDQ"},
    {7, 0, ecx, 11, "AVX512_VNNI"},
    {7, 0, ecx, 12, "AVX512_BITALG"},
    {7, 0, ecx, 14, "AVX512_VPOPCNTDQ"},
    {7, 0, ecx, 22, "RDPID", {.control = secondary::enable_rdtscp}},
    {7, 0, ecx, 25, "CLDEMOTE"},
    {7, 0, ecx, 27, "MOVDIRI"},
    {7, 0, ecx, 28, "MOVDIR64B"},
    {7, 0, edx, 2, "AVX512_4VNNIW"},
    {7, 0, edx, 3, "AVX512_4FMAPS"},
    {7, 0, edx, 4, "Fast Short REP MOV"},
    {7, 0, edx, 8, "AVX512_VP2INTERSECT"},
    {7, 0, edx, 10, "MD_CLEAR"},
    {7, 0, edx, 11, "RTM_ALWAYS_ABORT"},
    {7, 0, edx, 14, "SERIALIZE"},
    {7, 0, edx, 15, "Hybrid"},
    {7, 0, edx, 16, "TSXLDTRK"},
    {7, 0, edx, 23, "AVX512_FP16"},
    {7, 0, edx, 26, "IBRS and IBPB"},
    {7, 0, edx, 27, "STIBP"},
    {7, 0, edx, 28, "L1D_FLUSH"},
    {7, 0, edx, 29, "IA32_ARCH_CAPABILITIES"},
    {7, 0, edx, 31, "SSBD"},
    {7, 1, eax, 0, "SHA512"},
    {7, 1, eax, 1, "SM3"},
    {7, 1, eax, 2, "SM4"},
    {7, 1, eax, 3, "RAO-INT"},
    {7, 1, eax, 4, "AVX-VNNI"},
    {7, 1, eax, 5, "AVX512_BF16"},
    {7, 1, eax, 7, "CMPCCXADD"},
    {7, 1, eax, 10, "Fast Zero-Length REP MOVSB"},
    {7, 1, eax, 11, "Fast Short REP STOSB"},
    {7, 1, eax, 12, "Fast Short REP CMPSB and SCASB"},
    {7, 1, eax, 23, "AVX-IFMA"},
    {7, 1, edx, 4, "AVX-VNNI-INT8"},
    {7, 1, edx, 5, "AVX-NE-CONVERT"},
    {7, 1, edx, 10, "AVX-VNNI-INT16"},
    {7, 1, edx, 14, "PREFETCHI"},
    {7, 2, edx, 0, "PSFD"}, // this and the next four: further bits of IA32_SPEC_CTRL
    {7, 2, edx, 1, "IPRED_CTRL"},
    {7, 2, edx, 2, "RRSBA_CTRL"},
    {7, 2, edx, 3, "DDPD_U"},
    {7, 2, edx, 4, "BHI_CTRL"},
    {7, 2, edx, 5, "MCDT_NO"},
    {0xD, 1, eax, 0, "XSAVEOPT"},
    {0xD, 1, eax, 1, "XSAVEC"},
    {0xD, 1, eax, 2, "XGETBV with ECX = 1"},
    {0xD, 1, eax, 3, "XSAVES", {.control = secondary::enable_xsaves_xrstors}},
    {0x80000001, 0, ecx, 0, "LAHF/SAHF in 64-bit mode"},
    {0x80000001, 0, ecx, 5, "LZCNT"},
    {0x80000001, 0, ecx, 8, "PREFETCHW"},
    {0x80000001, 0, edx, 11, "SYSCALL"},
    {0x80000001, 0, edx, 20, "Execute Disable Bit"},
    {0x80000001, 0, edx, 26, "1-GByte pages"},
    {0x80000001, 0, edx, 27, "RDTSCP", {.control = secondary::enable_rdtscp}},
    {0x80000001, 0, edx, 29, "Intel 64 Architecture"},
    {0x80000007, 0, edx, 8, "Invariant TSC"},
    {0x80000008, 0, ebx, 9, "WBNOINVD"},
});
// clang-format on

inline constexpr std::uint32_t every_subleaf = ~std::uint32_t{0};
inline constexpr std::uint32_t whole = ~std::uint32_t{0};

/// Bits that are numbers: no feature depends on them alone.
struct CpuidNumbers {
    std::uint32_t leaf;
    std::uint32_t subleaf;
    std::array<std::uint32_t, 4> bits; ///< of EAX, EBX, ECX and EDX
    std::string_view what;
};

inline constexpr auto numbers = std::to_array<CpuidNumbers>({
    {0, every_subleaf, {whole, whole, whole, whole}, "highest leaf, vendor"},
    {1, every_subleaf, {whole, whole, 0, 0}, "signature, brand index, CLFLUSH size, APIC ID"},
    {2, every_subleaf, {whole, whole, whole, whole}, "caches and TLBs, by descriptor"},
    {4, every_subleaf, {whole, whole, whole, whole}, "caches"},
    {5, every_subleaf, {whole, whole, whole, whole}, "MONITOR and MWAIT"},
    {7, 0, {whole, 0, 0, 0}, "highest subleaf"},
    {0xB, every_subleaf, {whole, whole, whole, whole}, "topology"},
    {0xD, 0, {whole, whole, whole, whole}, "state components and sizes (cpuid.cpp)"},
    {0xD, 1, {0, whole, 0, 0}, "size of the XSAVE area in use"},
    {0xD, every_subleaf, {whole, whole, whole, 0}, "one state component"},
    {0x15, every_subleaf, {whole, whole, whole, 0}, "frequency of the TSC"},
    {0x16, every_subleaf, {whole, whole, whole, 0}, "frequencies of processor and bus"},
    {0x1A, every_subleaf, {whole, 0, 0, 0}, "kind of core"},
    {0x1F, every_subleaf, {whole, whole, whole, whole}, "topology with further levels"},
    {0x80000000, every_subleaf, {whole, 0, 0, 0}, "highest extended leaf"},
    {0x80000002, every_subleaf, {whole, whole, whole, whole}, "brand string"},
    {0x80000003, every_subleaf, {whole, whole, whole, whole}, "brand string"},
    {0x80000004, every_subleaf, {whole, whole, whole, whole}, "brand string"},
    {0x80000006, every_subleaf, {0, 0, whole, 0}, "L2 cache"},
    {0x80000008, every_subleaf, {whole, 0, 0, 0}, "address widths"},
});

} // namespace cpuid_list

} // namespace hv

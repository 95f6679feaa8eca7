#pragma once
// The VMX instructions, one function each (SDM vol. 3, chapter 31). Whether one succeeded is taken
// from RFLAGS: CF is VMfailInvalid, ZF is VMfailValid.

#include "hypervisor/vmx/field.h"

#include <cstdint>

namespace hv::cpu {

/// The operand of INVVPID.
struct InvvpidDescriptor {
    std::uint16_t vpid;
    std::uint16_t reserved[3];
    std::uint64_t linear_address;
};
static_assert(sizeof(InvvpidDescriptor) == 16);

/// The operand of INVEPT.
struct InveptDescriptor {
    std::uint64_t ept_pointer;
    std::uint64_t reserved;
};
static_assert(sizeof(InveptDescriptor) == 16);

enum class InvvpidType : std::uint64_t {
    individual_address = 0,
    single_context = 1,
    all_contexts = 2,
    single_context_retaining_globals = 3,
};

enum class InveptType : std::uint64_t { single_context = 1, all_contexts = 2 };

/// A VMREAD or VMWRITE failed, which is a bug in the monitor: prints the field and ends the run.
[[noreturn, gnu::cold]] void vmcs_access_failed(Field field);

#ifdef LAZYHV_UNIT_TEST

std::uint64_t vmread(Field field);
void vmwrite(Field field, std::uint64_t value);
void invvpid(InvvpidType type, const InvvpidDescriptor& descriptor);
void invept(InveptType type, std::uint64_t ept_pointer);

#else

inline std::uint64_t vmread(Field field) {
    std::uint64_t value = 0;
    asm goto("vmread %1, %0\n\tjna %l2"
             : "=r"(value)
             : "r"(std::uint64_t{encoding(field)})
             : "cc"
             : failed);
    return value;
failed:
    vmcs_access_failed(field);
}

inline void vmwrite(Field field, std::uint64_t value) {
    asm goto("vmwrite %0, %1\n\tjna %l2"
             :
             : "r"(value), "r"(std::uint64_t{encoding(field)})
             : "cc", "memory"
             : failed);
    return;
failed:
    vmcs_access_failed(field);
}

/// The caller has checked that the type is supported and the operand valid, so this cannot fail.
inline void invvpid(InvvpidType type, const InvvpidDescriptor& descriptor) {
    asm volatile("invvpid %0, %1" : : "m"(descriptor), "r"(type) : "cc", "memory");
}

/// As invvpid.
inline void invept(InveptType type, std::uint64_t ept_pointer) {
    const InveptDescriptor descriptor{ept_pointer, 0};
    asm volatile("invept %0, %1" : : "m"(descriptor), "r"(type) : "cc", "memory");
}

/// Each takes the physical address of a region and returns whether it succeeded.
inline bool vmxon(std::uint64_t region) {
    bool success = false;
    asm volatile("vmxon %1\n\tseta %0" : "=rm"(success) : "m"(region) : "cc", "memory");
    return success;
}
inline bool vmclear(std::uint64_t region) {
    bool success = false;
    asm volatile("vmclear %1\n\tseta %0" : "=rm"(success) : "m"(region) : "cc", "memory");
    return success;
}
inline bool vmptrld(std::uint64_t region) {
    bool success = false;
    asm volatile("vmptrld %1\n\tseta %0" : "=rm"(success) : "m"(region) : "cc", "memory");
    return success;
}

#endif

} // namespace hv::cpu

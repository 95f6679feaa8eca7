#pragma once
// What the monitor says of each VM exit while a run is traced (docs/tracing.md). The records leave
// the machine through a port that emulators pass on, one after another, each followed by the
// numbers of the calls that it drained.

#include <cstddef>
#include <cstdint>

namespace abi {

/// Bochs prints what is written to this port; QEMU's isa-debugcon does.
inline constexpr std::uint16_t trace_port = 0xE9;

/// The first word of a record, by which a reader finds it again among other bytes.
inline constexpr std::uint32_t trace_magic = 0x5443'561A;

/// One VM exit. Times are those of the TSC.
struct TraceRecord {
    std::uint32_t magic;
    std::uint16_t size; ///< in bytes, with the calls that follow
    std::uint8_t vcpu;
    std::uint8_t unused;
    std::uint64_t exit_time;  ///< as soon as the registers were saved
    std::uint64_t entry_time; ///< when the exit had been handled
    std::uint64_t own_time;   ///< that tracing has taken on this vCPU so far, in no other record
    std::uint64_t rip;        ///< of the instruction that exited
    std::uint64_t cr3;        ///< as the guest has it
    std::uint64_t qualification;
    std::uint64_t rax;               ///< of a VMCALL: the call
    std::uint32_t ecx;               ///< of RDMSR and WRMSR: the MSR
    std::uint32_t reason;            ///< the VMCS field
    std::uint32_t interruption;      ///< the VM-exit interruption-information field
    std::uint16_t control_registers; ///< bit n: a ControlRegisterAccess was counted
    std::uint16_t memory;            ///< bit n: a MemoryAccess was counted
    std::uint16_t counted_call;      ///< 1: the VMCALL was counted as a hypercall
    std::uint16_t calls;             ///< how many follow, one byte each, in the order of the ring
    std::uint32_t begin_time;        ///< that tracing has taken between exit_time and the handling
};
static_assert(sizeof(TraceRecord) == 88);
static_assert(offsetof(TraceRecord, ecx) == 64);

} // namespace abi

#pragma once
// Filling a VMCS: controls, host state, and the state in which a guest starts.

#include "hypervisor/boot/loader/boot_area.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// What the processor goes back to at a VM exit; addresses are linear.
struct HostState {
    std::uint64_t cr0;
    std::uint64_t cr3;
    std::uint64_t cr4;
    std::uint64_t gdt_base;
    std::uint64_t idt_base;
    std::uint64_t tr_base;
    std::uint64_t fs_base;
    std::uint64_t rip;
    std::uint64_t pat;
    std::uint64_t efer;
    std::uint16_t code_selector;
    std::uint16_t data_selector;
    std::uint16_t tss_selector;
};

/// VM-execution, VM-exit and VM-entry controls of the vCPU's machine; sets the vCPU's masks.
void write_controls(Vcpu& vcpu);

/// Host state; RSP is the end of the vCPU's register area, as the exit stub demands.
void write_host_state(Vcpu& vcpu, const HostState& host);

/// The guest in 64-bit mode where it starts, on the loader's page tables and descriptors
/// (docs/guests.md).
void write_guest_state(Vcpu& vcpu, const LoadedGuest& guest);

} // namespace hv

#pragma once
// An interpreter for what a processor runs between its SIPI and 64-bit mode, or protected mode
// where a vCPU may be in it: without "unrestricted guest" no vCPU can be in real-address mode.
//
// The code is the guest's, and other vCPUs may change it meanwhile: every word is read once, and
// what was read is used. Memory is the guest's RAM and nothing else. Whatever ordinary start-up
// code does not do ends the interpretation, exceptions, interrupts and rings other than 0 included.

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/instructions/decoder/store_decoder.h"
#include "hypervisor/instructions/decoder/vector_state.h"
#include "hypervisor/instructions/interpreter/startup_state.h"
#include "hypervisor/memory/guest_memory.h"
#include "shared/error.h"

#include <array>
#include <cstdint>
#include <optional>

namespace hv {

struct Vcpu;

/// What the code may ask for. The interpreter only passes `vcpu` on.
struct StartupEnvironment {
    const GuestMemory& memory;
    Vcpu& vcpu;
    cpu::CpuidResult (*cpuid)(Vcpu& vcpu, const StartupState& state, std::uint32_t leaf,
                              std::uint32_t subleaf);
    /// RDMSR and WRMSR, except of EFER, FS.base and GS.base, which are in the state. An empty value
    /// and false mean #GP.
    std::optional<std::uint64_t> (*read_msr)(Vcpu& vcpu, std::uint32_t msr);
    bool (*write_msr)(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value);
    /// IN and OUT of 1, 2 or 4 bytes. OUT may end the run.
    std::uint32_t (*read_port)(Vcpu& vcpu, std::uint16_t port, std::uint32_t size);
    void (*write_port)(Vcpu& vcpu, std::uint16_t port, std::uint32_t size, std::uint32_t value);
    /// Whether the guest may write these bytes of its RAM, all on one page: false where the page is
    /// write-protected, since no exit will judge the store.
    bool (*may_write)(Vcpu& vcpu, std::uint64_t gpa, std::uint32_t size);
    /// The vCPU may go on in protected mode, and need not reach 64-bit mode.
    bool ends_in_protected_mode = false;
};

/// How an interpretation ended.
struct StartupEnd {
    abi::Error error = abi::Error::none; ///< or bad_start, and then:
    const char* reason = "";
    std::uint64_t address = 0; ///< linear, of the instruction that did not complete
    std::array<std::uint8_t, longest_instruction> code{};
    std::uint32_t code_size = 0; ///< bytes of `code` that could be read
};

/// What a start may take; code that takes more is waiting for something.
struct StartupBudget {
    std::uint32_t instructions = 20'000; ///< with REP too, a string instruction counts as one
    /// That string instructions with REP may move, store, load or compare, all together.
    std::uint32_t elements = 1'000'000;
};

/// Runs at most what `budget` says. Afterwards `state` is in 64-bit mode, or in protected mode if
/// that ends it, or it is the state before the instruction that could not be executed. The caller
/// judges the reserved bits of CR0, CR4 and EFER before it gives the state to a vCPU.
StartupEnd run_startup(StartupState& state, const StartupEnvironment& environment,
                       StartupBudget budget = {});

/// run_startup() with the guest's vector registers saved and restored; the caller must provide what
/// hypervisor/instructions/decoder/vector_state.h says.
inline StartupEnd run_guest_startup(StartupState& state, const StartupEnvironment& environment) {
    const VectorStateSaver saver;
    return run_startup(state, environment);
}

} // namespace hv

#pragma once
// What RDMSR and WRMSR do where they exit (vcpu/msr_bitmaps.h says which do not).

#include <cstdint>
#include <optional>

namespace hv {

struct Vcpu;

/// RDMSR of an MSR that exits; nothing where the processor would raise #GP.
std::optional<std::uint64_t> read_guest_msr(Vcpu& vcpu, std::uint32_t msr);

/// To be called before write_guest_msr(), for what takes long. False: this exit has no time for all
/// of it; the guest must execute the instruction again.
bool prepare_msr_write(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value);

/// WRMSR of an MSR that exits; false where the guest takes #GP.
bool write_guest_msr(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value);

/// The EFER that the processor has while the guest runs. Under shadow paging NXE is always set, so
/// that the monitor can make pages non-executable even if the guest has NXE clear.
std::uint64_t real_efer(const Vcpu& vcpu);

/// Gives the processor this EFER while the guest runs.
void write_real_efer(Vcpu& vcpu, std::uint64_t value);

} // namespace hv

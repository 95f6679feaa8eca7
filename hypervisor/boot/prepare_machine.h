#pragma once
// The virtual machine and its vCPUs, made by the boot processor before any of them runs.

#include "hypervisor/boot/options.h"
#include "hypervisor/host/console.h"
#include "hypervisor/host/processor/host_tables.h"
#include "hypervisor/vcpu/vcpu.h"

#include <cstdint>
#include <new>
#include <span>

namespace hv {

/// Zeroed pages of the monitor's memory, by physical address; ends the run when there are none.
std::uint64_t take_pages(PageAllocator& pages, std::uint64_t count);

/// A zeroed object in the monitor's memory, for the life of the machine.
template <typename T>
T& make_object(PageAllocator& pages) {
    const std::uint64_t physical = take_pages(pages, align_up(sizeof(T), page_size) / page_size);
    return *new (direct_pointer(physical)) T();
}

/// Controls, bitmaps, frames, EPT, registered tables; profile, memory and vcpu_count are there.
void prepare_machine(VirtualMachine& machine, std::uint64_t memory_end);

/// All vCPUs, for the processors with these APIC IDs, with their areas; and the shadow tables.
void prepare_vcpus(VirtualMachine& machine, const Options& options, std::uint64_t memory_end,
                   std::span<const std::uint32_t> apic_ids, const MonitorPages& rom);

/// On the vCPU's own processor: the monitor's descriptor tables, VMX operation, and all of the VMCS
/// but the guest's state.
void enter_monitor(Vcpu& vcpu);

/// From here on the statistics count what the guest does.
void reset_statistics(Vcpu& vcpu);

} // namespace hv

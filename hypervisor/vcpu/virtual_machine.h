#pragma once
// What all vCPUs of the one virtual machine share, in parts that say who may touch them.

#include "hypervisor/descriptors/all_tables.h"
#include "hypervisor/host/spin_lock.h"
#include "hypervisor/memory/frame_table.h"
#include "hypervisor/memory/guest_memory.h"
#include "hypervisor/memory/memory_map.h"
#include "hypervisor/memory/page_allocator.h"
#include "hypervisor/page_tables/registered_tables.h"
#include "hypervisor/translation/ept.h"
#include "hypervisor/translation/shadow/shadow_tables.h"
#include "hypervisor/translation/translation.h"
#include "hypervisor/vcpu/chipset.h"
#include "hypervisor/vmx/capability.h"
#include "hypervisor/vmx/controls.h"
#include "shared/processors.h"
#include "shared/profile.h"

#include <array>
#include <cstdint>

namespace hv {

struct CallDispatch;
struct Vcpu;

/// The controls in force, as negotiated.
struct Controls {
    std::uint32_t pin_based = 0;
    std::uint32_t primary = 0;
    std::uint32_t secondary = 0;
    std::uint32_t exit = 0;
    std::uint32_t entry = 0;
};

/// Set while the machine is prepared and its processors start, and constant from then on.
struct MachineSettings {
    abi::Profile profile = abi::Profile::hardened;
    abi::Interface interface = abi::Interface::native;
    bool protects = true; ///< protects what the profile says; cleared by protect=0 (boot/options.h)
    /// The kernel was not written for lazyhv. Descriptor tables that it uses before it has its own
    /// in the upper half are its boot loader's, and are not protected (docs/profiles.md,
    /// "hardened").
    bool is_kernel_unaware = false;
    Capabilities capabilities;
    Controls controls;
    std::uint8_t physical_address_bits = 36;
    MemoryMap ram;         ///< the guest's; the monitor's own memory is not in it
    PhysicalRange monitor; ///< the monitor's own memory
    GuestMemory memory;
    ShadowPagingDemands demands;    ///< as Translation has them
    std::uint64_t offered_cr4 = 0;  ///< bits that a guest may set (registers/cpuid.h)
    std::uint64_t offered_xcr0 = 0; ///< likewise
    std::uint64_t msr_bitmaps = 0;  ///< physical
    std::uint64_t io_bitmaps = 0;   ///< physical, A then B
    Chipset chipset;
    std::array<Vcpu*, abi::max_vcpus> vcpus{};
    std::uint32_t vcpu_count = 0;
};

/// What vCPUs share of page tables, shadow page tables, EPT rights and descriptor tables: guarded
/// by VirtualMachine::page_table_lock (address_space/page_table_lock.h), but for members that are
/// read without it, which say so here or in their class.
struct SharedPaging {
    PagingFeatures features; ///< as the guest has set them
    FrameTable frames;       ///< a frame's level and flags are read without the lock
    StaleTranslations stale; ///< what is left to the guest: also without the lock, atomically
    Ept ept;                 ///< of profiles with EPT
    ShadowTables shadows;    ///< of profile classic
    Translation translation;
    RegisteredTables page_tables;
    AllTables tables; ///< descriptor tables of all vCPUs
    /// A registered root has been loaded: from then on no other kind may be (hardened). Read
    /// without the lock, atomically.
    bool roots_are_registered = false;
    /// Whether INIT and SIPI commands exit: some vCPU waits for one. Read without the lock: when it
    /// changes, no vCPU is in the guest with the old setting any longer before the lock is free.
    bool commands_exit = false;
    PciConfiguration pci;
    std::uint32_t acting = 0; ///< number of the vCPU that holds the lock
};

struct VirtualMachine : MachineSettings, SharedPaging {
    /// Guards SharedPaging, Vcpu::tables of every vCPU, and, once they have started, `pages`.
    TicketLock page_table_lock;
    /// Guards Vcpu::start_order of every vCPU, and `pages` while processors start.
    SpinLock start_lock;
    PageAllocator pages; ///< EPT takes page tables from it; shadow page tables have a pool
    /// The calls that are accepted in IA-32e mode, and those that are outside it.
    const CallDispatch* calls = nullptr;
    const CallDispatch* legacy_calls = nullptr;
    /// Letters of abi::bochs_exit_word that the guest has spelled, fewer than all; atomically.
    std::uint32_t shutdown_letters = 0;

    /// Bit n: vCPU n.
    std::uint64_t every_vcpu() const {
        return vcpu_count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << vcpu_count) - 1;
    }
    /// The bits of all vCPUs but `number`.
    std::uint64_t every_vcpu_but(std::uint32_t number) const {
        return every_vcpu() & ~(std::uint64_t{1} << number);
    }
    /// Whether descriptor tables, TSS and CR0.TS are the monitor's.
    bool owns_descriptors() const {
        return protects && (profile == abi::Profile::hardened || profile == abi::Profile::classic);
    }
    bool has(std::uint32_t secondary_control) const {
        return (controls.secondary & secondary_control) != 0;
    }
    /// Whether the guest may be in every operating mode of the processor
    /// (registers/operating_mode.h).
    bool runs_in_every_mode() const { return has(secondary_processor_based::unrestricted_guest); }
    /// Whether it may leave IA-32e mode: under shadow paging too, but not for real-address mode.
    bool runs_in_protected_mode() const {
        return runs_in_every_mode() || interprets_real_address_mode();
    }
    /// Whether only real-address mode is interpreted, and all other modes run.
    bool interprets_real_address_mode() const {
        return profile == abi::Profile::classic && !protects;
    }
};

} // namespace hv

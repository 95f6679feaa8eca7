#pragma once
// The guest's paging mode, for what the monitor does on the guest's behalf in a guest that may
// leave IA-32e mode (registers/operating_mode.h).

#include "hypervisor/memory/paging_walk.h"
#include "hypervisor/translation/shadow/pointer_tables.h"
#include "hypervisor/x86/paging_mode.h"

#include <cstdint>
#include <optional>

namespace hv {

struct Vcpu;
struct VirtualMachine;

PagingMode paging_mode(const Vcpu& vcpu);
/// The mode in which a guest with these registers is.
PagingMode paging_mode_of(std::uint64_t cr0, std::uint64_t cr4, std::uint64_t efer);

/// PAE paging: the entry of the highest level for pointer `index` (0 to 3), as MOV to CR3 reads it
/// from `cr3` (4.4.1); 0 where that is not the guest's RAM.
std::uint64_t read_pae_pointer(const VirtualMachine& machine, std::uint64_t cr3,
                               std::uint32_t index);
/// Whether it may be loaded: it is absent, or no reserved bit is set.
bool is_valid_pae_pointer(const VirtualMachine& machine, std::uint64_t entry);
/// Shadow paging, outside IA-32e mode: what the vCPU's pointers stand for when CR3 is `cr3`;
/// nothing where PAE paging may not load one.
std::optional<PointerTables::Pointers> pointers_of(const VirtualMachine& machine, PagingMode mode,
                                                   std::uint64_t cr3);

/// Walks the guest's page tables in the mode in which it is. Without paging every address is
/// mapped, at level 0.
PageWalk walk_in_mode(Vcpu& vcpu, PagingMode mode, std::uint64_t linear);

/// Where `linear` leads, whatever the rights; nothing where it is not mapped.
std::optional<std::uint64_t> translate_in_mode(Vcpu& vcpu, std::uint64_t linear);
/// fetch_guest_code() in the guest's paging mode.
std::uint32_t fetch_code_in_mode(Vcpu& vcpu, std::uint64_t linear, std::uint8_t* bytes,
                                 std::uint32_t size);

/// Sets the accessed bits of the entries on the way, and for a store the dirty bit of the last one,
/// also in the walk's copies of the entries.
void mark_used_in_mode(const Vcpu& vcpu, PagingMode mode, PageWalk& walk, bool write);

/// Shadow paging, outside IA-32e mode: has a walk to `linear`, which ended `mapped`, say what the
/// shadow tables are made from: entries in the format of 4-level paging, those of the root included
/// (translation/shadow/pointer_tables.h).
void widen_walk(Vcpu& vcpu, PagingMode mode, PageWalk& walk, std::uint64_t linear);

} // namespace hv

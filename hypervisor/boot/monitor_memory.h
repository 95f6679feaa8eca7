#pragma once
// How much memory the monitor takes for itself.

#include "hypervisor/boot/options.h"
#include "hypervisor/memory/frame_table.h"
#include "hypervisor/memory/layout.h"
#include "hypervisor/translation/shadow/shadow_tables.h"

#include <algorithm>
#include <cstdint>

namespace hv {

/// Shadow tables get this part of memory unless the command line says otherwise.
inline constexpr std::uint64_t shadow_share = 16;

/// Bytes for shadow tables, in whole pages: never less than they need to work at all.
constexpr std::uint64_t shadow_memory(const Options& options, std::uint64_t memory_end,
                                      std::uint32_t processors) {
    if (options.profile != abi::Profile::classic)
        return 0;
    const std::uint64_t wanted =
        options.shadow_kibibytes != 0 ? options.shadow_kibibytes * 1024 : memory_end / shadow_share;
    return std::max(align_down(wanted, page_size),
                    ShadowPool::bytes_for(min_shadow_tables_of(processors)));
}

/// For each vCPU but the first: itself, its area, its tables, its view of guest-physical memory.
inline constexpr std::uint64_t memory_of_vcpu = 64 * page_size;

constexpr std::uint64_t frame_table_memory(std::uint64_t memory_end) {
    return align_up(memory_end / page_size * sizeof(Frame), page_size);
}

/// All of it, a multiple of 2 MiB. Each 2 MiB of memory may have to be split: in EPT, or in the
/// direct map, for displaced roots.
constexpr std::uint64_t monitor_memory_size(const Options& options, std::uint64_t memory_end,
                                            std::uint32_t processors) {
    if (options.profile == abi::Profile::bare)
        return monitor_base_memory;
    const bool splits_pages = options.profile == abi::Profile::hardened ||
                              (options.profile == abi::Profile::classic && !options.protects);
    const std::uint64_t splits = splits_pages ? memory_end / large_page_size * page_size : 0;
    return align_up(monitor_base_memory + frame_table_memory(memory_end) +
                        shadow_memory(options, memory_end, processors) + splits +
                        (processors - 1) * memory_of_vcpu,
                    large_page_size);
}

} // namespace hv

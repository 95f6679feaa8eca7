#pragma once
// The calls for page tables and address spaces, as a VMI kernel makes them.

#include "guest/i386/paging.h"

#include <cstdint>

namespace guest::i386 {

/// Ends the run if one has another effect than its native instruction. Returns how many VM exits a
/// loop over the 512 entries of a page table took in MMU mode.
std::uint32_t check_page_table_calls(Paging paging);

} // namespace guest::i386

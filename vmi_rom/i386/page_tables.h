#pragma once
// SetPxELong for 32-bit kernels. SetPxE has the declaration of 64-bit ones (entries.h), with
// arguments of 32 bits.

#include "vmi_rom/entries.h"

#pragma GCC visibility push(hidden)

namespace rom {

Result set_pxe_long(std::uint64_t value, Argument entry, Argument flags);

} // namespace rom

#pragma GCC visibility pop

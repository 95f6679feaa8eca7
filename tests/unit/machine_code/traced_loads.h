#pragma once
// Which loads a function makes from an object, found in its machine code: the pointer to the object
// is followed through registers and stack slots, on every path.

#include "tests/unit/machine_code/elf_functions.h"

#include <cstdint>
#include <vector>

namespace hv::test {

/// How a function comes by the pointer to the object: RDI points `from` bytes into a structure that
/// has the pointer at `pointer`.
struct PointerPlace {
    std::int64_t from;
    std::int64_t pointer;
};

/// An instruction that reads from the object.
struct TracedLoad {
    std::int64_t offset; ///< in the object
    bool indexed;        ///< something is added to the offset
    std::uint32_t size;  ///< in bytes

    auto operator<=>(const TracedLoad&) const = default;
};

/// The instructions of a function that read from the object, sorted. `parts` are the function's: it
/// begins with the one that is not ".cold". Code that cannot be followed (an indirect jump) is a
/// failure of the test. Where two paths meet, a register that has the pointer on one has it on
/// both.
std::vector<TracedLoad> traced_loads(const std::vector<ElfFunction>& parts, PointerPlace place);

} // namespace hv::test

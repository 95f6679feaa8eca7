#pragma once
// What a guest does next, on one of its vCPUs.

#include "shared/call_number.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace differential {

enum class What : std::uint8_t {
    call,          ///< a call, with the arguments that the kernel gives
    raw_entry,     ///< a ring entry that the kernel writes itself: call and three arguments
    bad_tail,      ///< a tail beyond the ring's capacity, by so many entries
    set_lazy_mode, ///< the mode's number
    flush,         ///< VMCALL
    empty,         ///< VMCALL
    cpuid,
    move_to_cr3, ///< the value
    clts,
    invlpg, ///< linear address
    store,  ///< by the kernel: guest-physical address, value
    access, ///< linear address, bits of access_kind, value if it is a store that is emulated
};

namespace access_kind {
inline constexpr std::uint64_t write = 1;
inline constexpr std::uint64_t user = 2;
inline constexpr std::uint64_t fetch = 4;
} // namespace access_kind

inline constexpr std::size_t most_arguments = 5;

struct Operation {
    What what = What::call;
    std::uint8_t vcpu = 0;
    abi::Call call = abi::Call::empty;
    std::uint16_t times = 1; ///< with argument[2] one more each time
    std::array<std::uint64_t, most_arguments> argument{};
};

using Sequence = std::vector<Operation>;

/// In one line, for a person.
std::string text(const Operation& operation);

} // namespace differential

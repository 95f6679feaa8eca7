#pragma once
// What the monitor owns of the guest's machine (the profile), and how the guest asks it for changes
// (the interface).

#include <array>
#include <cstdint>
#include <string_view>

namespace abi {

/// docs/profiles.md describes each.
enum class Profile : std::uint8_t {
    /// No monitor at all: the loader jumps to the guest without VMXON, to show what the bare
    /// machine costs.
    bare = 0,
    /// EPT. The monitor owns GDT, LDT, IDT, TSS and CR0.TS, and sees every load of CR3.
    hardened = 1,
    /// EPT. The guest owns everything that a guest may own.
    modern = 2,
    /// Shadow paging, without EPT. The monitor owns what it owns on hardened, and sees every change
    /// of the guest's page tables.
    classic = 3,
};
inline constexpr std::uint32_t profile_count = 4;
inline constexpr std::array<std::string_view, profile_count> profile_names{"bare", "hardened",
                                                                           "modern", "classic"};

/// How a sensitive operation of the guest reaches the monitor.
enum class Interface : std::uint8_t {
    /// No ROM: each sensitive instruction causes a VM exit and is emulated.
    native = 0,
    /// Calls of the ROM, each with a VM exit of its own.
    eager = 1,
    /// Calls of the ROM, which are queued while a lazy mode is set and drained in one VM exit.
    lazy = 2,
};
inline constexpr std::uint32_t interface_count = 3;
inline constexpr std::array<std::string_view, interface_count> interface_names{"native", "eager",
                                                                               "lazy"};

constexpr std::string_view name(Profile profile) {
    return profile_names[static_cast<std::uint32_t>(profile)];
}
constexpr std::string_view name(Interface interface) {
    return interface_names[static_cast<std::uint32_t>(interface)];
}

} // namespace abi

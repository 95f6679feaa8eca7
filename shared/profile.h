#pragma once
// What the monitor owns of the guest's machine (profile), and how the guest asks (interface).

#include <array>
#include <cstdint>
#include <string_view>

namespace abi {

/// docs/profiles.md says what each stands for.
enum class Profile : std::uint8_t {
    /// No monitor at all: the loader jumps to the guest without VMXON. The row of the bare machine.
    bare = 0,
    /// EPT; the monitor owns GDT, LDT, IDT, TSS, CR0.TS and sees every CR3 load.
    hardened = 1,
    /// EPT; the guest owns everything it may own.
    modern = 2,
    /// No EPT: shadow paging; the monitor owns what it owns on hardened, and sees every change of
    /// the guest's page tables.
    classic = 3,
};
inline constexpr std::uint32_t profile_count = 4;
inline constexpr std::array<std::string_view, profile_count> profile_names{"bare", "hardened",
                                                                           "modern", "classic"};

enum class Interface : std::uint8_t {
    /// No ROM: each sensitive instruction traps and is emulated.
    native = 0,
    /// ROM calls, each its own VM exit.
    eager = 1,
    /// ROM calls, queued while a lazy mode is set and drained in one VM exit.
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

#pragma once
// The constants of a Bareflank checkout's headers for Intel's processors, in the shapes of its
// projects.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hv::test {

/// "namespace a { namespace b { constexpr const auto name = 0x1ULL;", or
/// "constexpr auto NAME{0x1_umx};", or "#define NAME 0x1".
struct BareflankConstant {
    std::vector<std::string> namespaces; ///< from the outermost
    std::string name;
    std::uint64_t value;
};

/// What a checkout says, in the terms of the manual.
struct BareflankHeaders {
    struct Named {
        std::string name;
        std::uint32_t number;
    };
    struct ControlBit {
        std::string field; ///< the namespace of the field with the control
        std::string name;
        std::uint32_t position;
    };
    std::vector<Named> fields; ///< VMCS fields and their encodings
    std::vector<Named> exit_reasons;
    std::vector<ControlBit> control_bits;
    std::vector<Named> msrs;
};

/// The constants of one file.
std::vector<BareflankConstant> read_constants(const std::filesystem::path& path);

/// Reads every header for x64 of a checkout.
BareflankHeaders read_bareflank(const std::filesystem::path& checkout);

} // namespace hv::test

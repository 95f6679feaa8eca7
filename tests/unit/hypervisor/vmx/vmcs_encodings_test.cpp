// Our VMCS encodings and exit reasons against the Linux kernel's headers.

#include "hypervisor/vmx/field.h"
#include "shared/exit_reason.h"
#include "tests/unit/cases/vmcs_field_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <asm/vmx.h>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hv::test {
namespace {

std::optional<std::filesystem::path> kernel_header() {
    for (const auto& entry : std::filesystem::directory_iterator{"/usr/src"}) {
        const std::string folder = entry.path().filename();
        const auto header = entry.path() / "arch/x86/include/asm/vmx.h";
        if (folder.starts_with("linux-headers-") && std::filesystem::exists(header))
            return header;
    }
    return std::nullopt;
}

// The rows "NAME = 0x0000," of the header's enum vmcs_field.
std::vector<ForeignField> kernel_fields(const std::vector<std::string>& tokens) {
    std::vector<ForeignField> fields;
    auto token = std::find(tokens.begin(), tokens.end(), "vmcs_field");
    const auto end = std::find(token, tokens.end(), "}");
    for (; std::distance(token, end) > 2; ++token) {
        const auto encoding = hexadecimal(token[2]);
        if (token[1] == "=" && encoding)
            fields.push_back({token[0], *encoding});
    }
    return fields;
}

TEST(VmcsEncodings, NamesStayDifferentWhenNormalised) {
    std::map<std::string, std::string_view> seen;
    for (const FieldName& row : field_names) {
        const auto [place, inserted] = seen.emplace(normalised(std::string{row.name}), row.name);
        EXPECT_TRUE(inserted) << row.name << " and " << place->second;
    }
}

TEST(VmcsEncodings, AgreeWithTheKernelsHeader) {
    const auto header = kernel_header();
    ASSERT_TRUE(header) << "no /usr/src/linux-headers-*/arch/x86/include/asm/vmx.h: install the "
                           "package linux-headers-amd64";
    const std::vector<ForeignField> fields = kernel_fields(read_tokens(*header));
    EXPECT_GT(fields.size(), 150U) << *header << " has another shape than expected";
    expect_same_fields(fields);
}

TEST(VmcsEncodings, FieldsAreInOrderWithoutDoubles) {
    // Appendix B goes by width 16, 64, 32, natural, then type, then index: the encodings ascend.
    for (std::size_t i = 1; i < field_count; ++i)
        EXPECT_LT(encoding(field_names[i - 1].field), encoding(field_names[i].field))
            << field_names[i].name;
    for (const FieldName& row : field_names) {
        EXPECT_EQ(field_encoding(width(row.field), type(row.field), index(row.field)),
                  encoding(row.field));
        EXPECT_EQ(name(row.field), row.name);
    }
    EXPECT_EQ(name(static_cast<Field>(0x7FFE)), "unknown field");
}

struct KernelExitReason {
    std::uint32_t number;
    const char* name;
};
constexpr KernelExitReason kernel_exit_reasons[] = {VMX_EXIT_REASONS};

TEST(ExitReasons, AgreeWithTheKernelsHeader) {
    // Reasons that need controls the monitor never sets.
    const std::set<std::uint32_t> left_out{EXIT_REASON_BUS_LOCK, EXIT_REASON_NOTIFY};
    for (const KernelExitReason& theirs : kernel_exit_reasons) {
        if (!left_out.contains(theirs.number)) {
            EXPECT_EQ(abi::name(static_cast<abi::ExitReason>(theirs.number)), theirs.name)
                << theirs.number;
        }
    }
}

TEST(ExitReasons, TheKernelKnowsEachOfOurs) {
    // Linux does not name these: it never enables what causes them, or never sees them.
    const std::set<abi::ExitReason> ours_alone{abi::ExitReason::other_smi, abi::ExitReason::getsec};
    std::set<std::uint32_t> theirs;
    for (const KernelExitReason& row : kernel_exit_reasons)
        theirs.insert(row.number);
    for (const abi::ExitReasonName& row : abi::exit_reason_names) {
        EXPECT_LT(static_cast<std::uint32_t>(row.reason), abi::exit_reason_limit) << row.name;
        if (!ours_alone.contains(row.reason)) {
            EXPECT_TRUE(theirs.contains(static_cast<std::uint32_t>(row.reason))) << row.name;
        }
    }
}

} // namespace
} // namespace hv::test

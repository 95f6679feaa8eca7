// docs/calls.md says what the list of calls says: its table is rendered here and compared.

#include "shared/call_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

using abi::Answer;
using abi::CallInfo;
using abi::RelocationType;

/// Everything after this line is generated; what comes before it is written by hand.
constexpr std::string_view marker = "<!-- Generated from shared/call_list.h -->\n";

const std::string page_path = LAZYHV_SOURCE_DIR "/docs/calls.md";
const std::string expected_path = LAZYHV_BINARY_DIR "/calls.md";

std::string_view name(RelocationType type) {
    switch (type) {
    case RelocationType::none:
        return "NONE";
    case RelocationType::call_rel:
        return "CALL_REL";
    case RelocationType::jump_rel:
        return "JUMP_REL";
    case RelocationType::nop:
        return "NOP";
    }
    return "?";
}

std::string cell(std::string_view text) { return " " + std::string(text) + " |"; }

std::string answer_cells(Answer answer) {
    return cell(abi::answer_names[static_cast<std::uint32_t>(answer)]) +
           cell(name(abi::relocation_type(answer)));
}

std::string render_table() {
    std::string table = "| no. | call | arguments | classic | get_reloc | hardened | get_reloc | "
                        "modern | get_reloc | note |\n|---|---|---|---|---|---|---|---|---|---|\n";
    for (const CallInfo& info : abi::call_table)
        table += "|" + cell(std::to_string(static_cast<std::uint32_t>(info.call))) +
                 cell(info.name) + cell(info.arguments) + answer_cells(info.classic) +
                 answer_cells(info.hardened) + answer_cells(info.modern) + cell(info.note) + "\n";
    return table;
}

TEST(CallsPage, HasTheTableOfCalls) {
    std::ifstream stream(page_path);
    const std::string page{std::istreambuf_iterator<char>(stream), {}};
    const std::size_t found = page.find(marker);
    ASSERT_NE(found, std::string::npos) << page_path << " has no line\n" << marker;

    const std::string expected = page.substr(0, found + marker.size()) + "\n" + render_table();
    std::ofstream(expected_path) << expected;
    EXPECT_TRUE(page == expected) << "docs/calls.md does not agree with shared/call_list.h. What "
                                     "it should be has been written; "
                                     "look at it and copy it:\n  diff "
                                  << page_path << " " << expected_path << "\n  cp " << expected_path
                                  << " " << page_path;
}

} // namespace

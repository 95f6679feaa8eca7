#include "tests/unit/cases/vmcs_field_names.h"

#include "hypervisor/vmx/field.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string_view>

namespace hv::test {
namespace {

// Words that spell the same thing in other projects. An empty replacement drops the word.
const std::map<std::string, std::vector<std::string>> synonyms{
    {"addr", {}},
    {"address", {}},
    {"ar", {"access", "rights"}},
    {"based", {}},
    {"bitmaps", {"bitmap"}},
    {"bytes", {}},
    {"controls", {"control"}},
    {"cpu", {}},
    {"ctls", {"control"}},
    {"ctrl", {"control"}},
    {"dbg", {"debug"}},
    {"desc", {"descriptor"}},
    {"exec", {}},
    {"execution", {}},
    {"exiting", {"exit"}},
    {"field", {}},
    {"ia32", {}},
    {"id", {"identifier"}},
    {"info", {"information"}},
    {"interruption", {"interrupt"}},
    {"intr", {"interrupt"}},
    {"len", {"length"}},
    {"nv", {"notification", "vector"}},
    {"of", {}},
    {"page", {}},
    {"pdptr", {"pdpte"}},
    {"primary", {}},
    {"proc", {}},
    {"processor", {}},
    {"virt", {"virtualization"}},
    {"vm", {}},
    {"vmcs", {}},
    {"vmentry", {"entry"}},
    {"vmexit", {"exit"}},
};

// Names that no rule of spelling explains, as words already normalised.
const std::map<std::string, std::string> other_names{
    {"guest index pml", "index pml"}, // Linux: GUEST_PML_INDEX
    {"guest information interruptibility", "guest interruptibility state"}, // Linux
    {"notify window", "control instruction timeout"},                       // Linux: NOTIFY_WINDOW
    {"information instruction vmx", "exit information instruction"}, // Linux: VMX_INSTRUCTION_INFO
    {"multiplier tls", "multiplier tsc"},                            // Bareflank: TLS_MULTIPLIER
    {"preemption timer value", "preemption timer value vmx"}, // MicroV: preemption_timer_value
};

std::vector<std::string> split(const std::string& name) {
    std::vector<std::string> words;
    std::istringstream stream{name};
    for (std::string word; std::getline(stream, word, '_');)
        if (!word.empty())
            words.push_back(word);
    return words;
}

// "bitmap0" is "bitmap 0".
void append_without_number(std::vector<std::string>& words, const std::string& word) {
    const auto digits = word.find_first_of("0123456789");
    words.push_back(word.substr(0, digits));
    if (digits != std::string::npos && digits != 0)
        words.push_back(word.substr(digits));
    if (digits == 0)
        words.back() = word;
}

} // namespace

std::string normalised(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::vector<std::string> words;
    for (const std::string& word : split(name)) {
        const auto found = synonyms.find(word);
        if (found != synonyms.end()) {
            words.insert(words.end(), found->second.begin(), found->second.end());
            continue;
        }
        std::vector<std::string> parts;
        append_without_number(parts, word);
        for (const std::string& part : parts) {
            const auto synonym = synonyms.find(part);
            if (synonym == synonyms.end()) {
                words.push_back(part);
            } else {
                words.insert(words.end(), synonym->second.begin(), synonym->second.end());
            }
        }
    }
    std::sort(words.begin(), words.end());
    std::string joined;
    for (const std::string& word : words)
        joined += (joined.empty() ? "" : " ") + word;
    const auto other = other_names.find(joined);
    return other == other_names.end() ? joined : other->second;
}

std::vector<std::string> read_tokens(const std::filesystem::path& path) {
    std::ifstream stream{path};
    std::vector<std::string> tokens;
    bool in_word = false;
    for (std::istreambuf_iterator<char> next{stream}, end; next != end; ++next) {
        const char c = *next;
        const bool word = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
        if (word && in_word) {
            tokens.back() += c;
        } else if (word || std::isspace(static_cast<unsigned char>(c)) == 0) {
            tokens.emplace_back(1, c);
        }
        in_word = word;
    }
    return tokens;
}

std::optional<std::uint32_t> hexadecimal(const std::string& token) {
    if (!token.starts_with("0x") && !token.starts_with("0X"))
        return std::nullopt;
    std::uint32_t value = 0;
    const auto [end, error] =
        std::from_chars(token.data() + 2, token.data() + token.size(), value, 16);
    return error == std::errc{} ? std::optional{value} : std::nullopt;
}

void expect_same_fields(const std::vector<ForeignField>& fields) {
    for (const ForeignField& theirs : fields) {
        // Bit 0 selects the upper half of a 64-bit field (FieldAccess::high), which we do not name.
        const bool high = (theirs.encoding & 1) != 0;
        const auto ours = static_cast<Field>(theirs.encoding & ~1U);
        std::string their_name = theirs.name;
        if (high) {
            EXPECT_EQ(width(ours), FieldWidth::word64) << theirs.name;
            EXPECT_TRUE(their_name.ends_with("_HIGH")) << theirs.name;
            their_name.resize(their_name.size() - std::string_view{"_HIGH"}.size());
        }
        const std::string our_name{name(ours)};
        EXPECT_NE(our_name, "unknown field") << theirs.name << " 0x" << std::hex << theirs.encoding;
        EXPECT_EQ(normalised(our_name), normalised(their_name))
            << our_name << " and " << theirs.name << " share encoding 0x" << std::hex
            << theirs.encoding;
    }
}

} // namespace hv::test

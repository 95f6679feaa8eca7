#include "tests/unit/cases/bareflank_headers.h"

#include "tests/unit/cases/vmcs_field_names.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <span>
#include <string_view>

namespace hv::test {

namespace {

using Tokens = std::span<const std::string>;

// "0x681E_umx", "0x681EULL", "28U".
std::optional<std::uint64_t> number_in(std::string_view token) {
    const bool is_hexadecimal = token.starts_with("0x") || token.starts_with("0X");
    if (is_hexadecimal)
        token.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(token.data(), token.data() + token.size(), value, is_hexadecimal ? 16 : 10);
    return error == std::errc{} ? std::optional{value} : std::nullopt;
}

struct NamedNumber {
    std::string name;
    std::uint64_t value;
};

// "constexpr auto NAME = 1" and with const, another type, a brace or a parenthesis.
std::optional<NamedNumber> constant_at(Tokens tokens) {
    constexpr std::size_t longest = 9;
    if (tokens.front() != "constexpr")
        return std::nullopt;
    for (std::size_t i = 2; i + 1 < std::min(tokens.size(), longest); ++i) {
        if (tokens[i] == "=" || tokens[i] == "{") {
            const auto value = number_in(tokens[i + 1]);
            return value ? std::optional{NamedNumber{tokens[i - 1], *value}} : std::nullopt;
        }
    }
    return std::nullopt;
}

// "#define NAME 0x1".
std::optional<NamedNumber> definition_at(Tokens tokens) {
    if (tokens.size() < 4 || tokens[0] != "#" || tokens[1] != "define")
        return std::nullopt;
    const auto value = hexadecimal(tokens[3]);
    return value ? std::optional{NamedNumber{tokens[2], *value}} : std::nullopt;
}

bool is_header(const std::filesystem::directory_entry& entry) {
    const std::string extension = entry.path().extension();
    const std::string path = entry.path();
    return entry.is_regular_file() && (extension == ".h" || extension == ".hpp") &&
           path.find("x64") != std::string::npos && path.find("amd") == std::string::npos &&
           path.find("/mocks/") == std::string::npos;
}

bool ends_with_any(const std::string& word, std::initializer_list<std::string_view> ends) {
    return std::any_of(ends.begin(), ends.end(),
                       [&word](std::string_view end) { return word.ends_with(end); });
}

// A constant of a file of VMCS fields, each in a namespace.
void take_namespaced(BareflankHeaders& headers, const BareflankConstant& constant) {
    const auto& spaces = constant.namespaces;
    const auto value = static_cast<std::uint32_t>(constant.value);
    const std::set<std::string> no_reasons{"mask", "from"};
    if (spaces.size() < 2)
        return;
    if (constant.name == "addr")
        headers.fields.push_back({spaces.back(), value});
    else if (spaces.back() == "basic_exit_reason" && !no_reasons.contains(constant.name))
        headers.exit_reasons.push_back({constant.name, value});
    else if (constant.name == "from" &&
             ends_with_any(spaces[spaces.size() - 2],
                           {"execution_controls", "vm_exit_controls", "vm_entry_controls"}))
        headers.control_bits.push_back({spaces[spaces.size() - 2], spaces.back(), value});
}

void take_prefixed(BareflankHeaders& headers, const BareflankConstant& constant) {
    // No encodings, though they have the prefix.
    const std::set<std::string> no_fields{"VMCS_UNUSABLE_SEGMENT"};
    const auto value = static_cast<std::uint32_t>(constant.value);
    const std::string& name = constant.name;
    if (name.starts_with("VMCS_") && !no_fields.contains(name))
        headers.fields.push_back({name.substr(5), value});
    else if (name.starts_with("exit_reason_"))
        headers.exit_reasons.push_back({name.substr(12), value});
    else if (name.starts_with("MSR_"))
        headers.msrs.push_back({name.substr(4), value});
}

} // namespace

std::vector<BareflankConstant> read_constants(const std::filesystem::path& path) {
    const std::vector<std::string> tokens = read_tokens(path);
    std::vector<BareflankConstant> constants;
    std::vector<std::string> spaces; ///< one for each open brace; empty where it is no namespace's
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const Tokens rest = Tokens{tokens}.subspan(i);
        if (rest[0] == "{")
            spaces.push_back(i >= 2 && tokens[i - 2] == "namespace" ? tokens[i - 1] : "");
        else if (rest[0] == "}" && !spaces.empty())
            spaces.pop_back();
        auto found = constant_at(rest);
        if (!found)
            found = definition_at(rest);
        if (found) {
            std::vector<std::string> named;
            std::copy_if(spaces.begin(), spaces.end(), std::back_inserter(named),
                         [](const std::string& space) { return !space.empty(); });
            constants.push_back({named, found->name, found->value});
        }
    }
    return constants;
}

BareflankHeaders read_bareflank(const std::filesystem::path& checkout) {
    BareflankHeaders headers;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{checkout}) {
        if (!is_header(entry))
            continue;
        const bool are_fields = entry.path().parent_path().filename() == "vmcs";
        const bool are_msrs = entry.path().filename() == "msrs.h";
        for (const BareflankConstant& constant : read_constants(entry.path())) {
            if (are_fields)
                take_namespaced(headers, constant);
            else if (are_msrs && constant.name == "addr" && !constant.namespaces.empty())
                headers.msrs.push_back(
                    {constant.namespaces.back(), static_cast<std::uint32_t>(constant.value)});
            else
                take_prefixed(headers, constant);
        }
    }
    return headers;
}

} // namespace hv::test

#pragma once
// Comparing our VMCS fields with another project's: the same encoding must go by the same name,
// spelling apart.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hv::test {

/// A field as another project's header declares it.
struct ForeignField {
    std::string name;
    std::uint32_t encoding;
};

/// A name as a sorted list of words: lower case, abbreviations spelled out, filler words and the
/// VMCS_ prefix dropped. Equal for two spellings of one field, different for two fields of ours.
std::string normalised(std::string name);

/// The tokens of a C++ file: words (identifiers and numbers) and single punctuation characters;
/// blanks are dropped, comments are not. Empty if the file cannot be read.
std::vector<std::string> read_tokens(const std::filesystem::path& path);

/// Whether a token is a hexadecimal number, and its value ("0x681E", "0x681E_umax", "0x681EULL").
std::optional<std::uint32_t> hexadecimal(const std::string& token);

/// Fails the test for each of `fields` that we do not have, or know by another name.
void expect_same_fields(const std::vector<ForeignField>& fields);

} // namespace hv::test

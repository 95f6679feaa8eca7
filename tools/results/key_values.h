#pragma once
// "KEY=VALUE KEY="VALUE WITH BLANKS" ...": what follows the prefix of a line for programs.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tool {

using KeyValues = std::vector<std::pair<std::string, std::string>>;

/// The pairs in the order of the line. Throws Failure for a word without '=', an empty key, a key
/// given twice, or a quotation that does not end.
KeyValues parse_key_values(std::string_view text);

} // namespace tool

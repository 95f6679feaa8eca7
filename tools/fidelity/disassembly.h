#pragma once
// The instructions of a case, in words.

#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// Disassembles bytes that are given as hexadecimal digits; `at` is their address, also in
/// hexadecimal, and `mode` begins with 64, 32 or 16. One line for each instruction.
std::vector<std::string> disassembled(std::string_view digits, std::string_view at,
                                      std::string_view mode);

} // namespace tool

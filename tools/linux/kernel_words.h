#pragma once
// The command line of the Linux kernel. Pure.

#include <string>
#include <vector>

namespace tool {

struct KernelOptions {
    bool has_page_table_isolation;
    std::string programs; ///< for init to run, with commas between; empty: a shell
    std::string append;   ///< the user's own words, behind all others; empty: none
};

/// One word each. Throws Failure when `programs` has a blank in it.
std::vector<std::string> kernel_words(const KernelOptions& options);

} // namespace tool

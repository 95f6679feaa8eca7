#pragma once
// The command line's `hostile=NAME`, `hostile=all` and `hostile=processors`.

#include <string_view>

namespace guest::hostile {

/// Makes the attack with the name `which`; with `all`, all attacks that the guest survives on one
/// processor; with `processors`, those that take two. Only those for this profile are made. Prints
/// a line for each, then the errors that the guest was told, then the number of attacks. Returns
/// true if each ended as it must.
bool run(std::string_view which);

} // namespace guest::hostile

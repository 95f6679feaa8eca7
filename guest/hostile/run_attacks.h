#pragma once
// The command line's `hostile=NAME`, `hostile=all` and `hostile=processors`.

#include <string_view>

namespace guest::hostile {

/// Makes the attack of this name; with `all` every one that the guest survives alone, with
/// `processors` those that take two. On this profile. Prints a line for each, then the errors that
/// were told, then how many there were. True if each ended as it must.
bool run(std::string_view which);

} // namespace guest::hostile

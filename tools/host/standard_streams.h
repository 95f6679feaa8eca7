#pragma once
// The command's own standard input, output and error, which may be closed or full.

#include <string_view>

namespace tool {

/// To be called once, before anything is opened. Gives each standard stream that is closed a
/// descriptor that refuses what the stream is for, so that no file which is opened later takes its
/// place.
void reserve_standard_streams();

/// Writes `text` to standard error. Does nothing if that is impossible: there is nobody to tell.
void say(std::string_view text);

/// Throws Failure if something that was written to standard output has not arrived, and Interrupted
/// if that is because of a signal.
void require_output_written();

} // namespace tool

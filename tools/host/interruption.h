#pragma once
// Ctrl-C, SIGTERM and SIGHUP: noted, so that everything can be undone before the command ends.

namespace tool {

/// Once, before anything is started or created.
void catch_interruptions();

/// A file descriptor that is readable from the first such signal on, for poll().
int interruption_descriptor();

/// Throws Interrupted once there was such a signal.
void throw_if_interrupted();

} // namespace tool

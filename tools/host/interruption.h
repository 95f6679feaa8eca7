#pragma once
// Ctrl-C, SIGTERM and SIGHUP are only noted, so that the command can clean up before it ends.

namespace tool {

/// To be called once, before anything is started or created.
void catch_interruptions();

/// A file descriptor for poll(): readable from the first such signal on.
int interruption_descriptor();

/// Throws Interrupted if there has been such a signal.
void throw_if_interrupted();

} // namespace tool

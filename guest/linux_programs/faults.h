#pragma once
// Exceptions that a program makes on purpose, and what the kernel tells of them.

namespace linux_guest {

/// Each exception once: a division by zero, an undefined instruction, a write to memory that must
/// not be written, a breakpoint, and a division by zero in x87. Signal, code and address must be
/// right, and the program goes on behind the instruction. How many there were.
int make_faults();

} // namespace linux_guest

#pragma once
// Exceptions that a program raises on purpose, and the signals that the kernel sends for them.

namespace linux_guest {

/// Raises each exception once: a division by zero, an undefined instruction, a write to read-only
/// memory, a breakpoint, and a division by zero in x87. Signal, code and address must be right, and
/// the program goes on after the instruction. Returns the number of exceptions.
int make_faults();

} // namespace linux_guest

#pragma once
// The ring-3 tasks of the workloads. They yield for ever.

extern "C" {

/// One system call a slice, nothing else.
void yielding_task();
/// The same, with SSE and x87 used in every slice.
void yielding_fpu_task();
/// The same, with a store to each of some pages in every slice: address of the first, how many.
void touching_task();
}

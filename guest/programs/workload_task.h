#pragma once
// The programs of the workloads. They yield forever.

extern "C" {

/// Makes one system call in each slice, and nothing else.
void yielding_task();
/// The same, but uses SSE and x87 in every slice.
void yielding_fpu_task();
/// The same, but stores to each of some pages in every slice. Arguments: linear address of the
/// first page, number of pages.
void touching_task();
}

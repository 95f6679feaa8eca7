#pragma once
// Sections of the kernel in the lazy MMU mode (docs/abi.md, "Lazy modes").

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/processors.h"
#include "shared/vcpu_area.h"

#include <cstdint>

namespace guest {

/// Counts an error that a paravirt operation, or leaving a lazy mode, returned (an abi::Error; 0 is
/// no error). For the self-tests.
void note_lazy_mode_error(Cpu& cpu, std::uint32_t error);

/// Enter and leave a mode, and keep it in Cpu::lazy_mode. Errors are counted.
void enter_lazy_mode(Cpu& cpu, abi::LazyMode mode);
void leave_lazy_mode(Cpu& cpu);

/// Executes what is queued, and stays in the mode.
void flush_lazy_mode(Cpu& cpu);

/// Stays in the lazy MMU mode from here to the end of the scope, for a loop over page-table
/// entries. A section inside another one becomes part of it, and starts with nothing queued. A task
/// that yields inside a section may go on, and end the section, on another processor.
class LazySection {
  public:
    explicit LazySection(Cpu& cpu);
    ~LazySection();
    LazySection(const LazySection&) = delete;
    LazySection& operator=(const LazySection&) = delete;

    void flush() { flush_lazy_mode(this_cpu()); }

    /// Executes what is queued, before others may see what was written. Does nothing where the end
    /// of the scope does so anyway.
    void publish() {
        if (!outermost_ && processors::several())
            flush();
    }

  private:
    bool outermost_;
};

} // namespace guest

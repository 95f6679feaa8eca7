#pragma once
// The lazy MMU mode, and who is in it (docs/abi.md, "Lazy modes").

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/processors.h"
#include "shared/vcpu_area.h"

#include <cstdint>

namespace guest {

/// Counts what a paravirt operation or the leave of a lazy mode returned, for the self-tests.
void note_lazy_mode_error(Cpu& cpu, std::uint32_t error);

/// Enters and leaves a mode, and keeps it in Cpu::lazy_mode. Errors are counted.
void enter_lazy_mode(Cpu& cpu, abi::LazyMode mode);
void leave_lazy_mode(Cpu& cpu);

/// Executes what is queued, and stays in the mode.
void flush_lazy_mode(Cpu& cpu);

/// A loop over page-table entries: in the lazy MMU mode from here to the end of the scope. Inside
/// another section it is part of that, and starts with nothing queued. A task that yields inside
/// may go on, and end the section, on another processor.
class LazySection {
  public:
    explicit LazySection(Cpu& cpu);
    ~LazySection();
    LazySection(const LazySection&) = delete;
    LazySection& operator=(const LazySection&) = delete;

    void flush() { flush_lazy_mode(this_cpu()); }

    /// Before others may see what was written: executes it, unless the end of the scope does.
    void publish() {
        if (!outermost_ && processors::several())
            flush();
    }

  private:
    bool outermost_;
};

} // namespace guest

#include "guest/kernel/cpu/lazy_section.h"

#include "guest/kernel/paravirt/operations.h"

namespace guest {

using abi::LazyMode;

void note_lazy_mode_error(Cpu& cpu, std::uint32_t error) {
    ++cpu.lazy_mode_errors;
    cpu.last_lazy_error = error;
}

void enter_lazy_mode(Cpu& cpu, LazyMode mode) {
    const std::uint32_t error = paravirt::set_lazy_mode_checked(mode);
    if (error != 0) [[unlikely]]
        note_lazy_mode_error(cpu, error);
    cpu.lazy_mode = mode;
}

void leave_lazy_mode(Cpu& cpu) {
    cpu.lazy_mode = LazyMode::none;
    const std::uint32_t error = paravirt::set_lazy_mode_checked(LazyMode::none);
    if (error != 0) [[unlikely]]
        note_lazy_mode_error(cpu, error);
}

void flush_lazy_mode(Cpu& cpu) {
    const LazyMode mode = cpu.lazy_mode;
    leave_lazy_mode(cpu);
    enter_lazy_mode(cpu, mode);
}

LazySection::LazySection(Cpu& cpu) : outermost_(cpu.lazy_mode == LazyMode::none) {
    if (outermost_)
        enter_lazy_mode(cpu, LazyMode::mmu);
    else
        flush_lazy_mode(cpu);
}

LazySection::~LazySection() {
    if (outermost_)
        leave_lazy_mode(this_cpu());
}

} // namespace guest

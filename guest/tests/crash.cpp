#include "guest/tests/crash.h"

#include "guest/console/console.h"
#include "guest/cpu/cpu.h"
#include "guest/memory/address_space.h"
#include "guest/memory/layout.h"
#include "guest/memory/page_tables.h"
#include "guest/paravirt/operations.h"

namespace guest {
namespace {

/// Takes both stacks away: the exception finds none, the page fault that follows from it is a
/// double fault, and that one's own stack is not there either. (An empty IDT would do it on bare
/// hardware, but a monitor that owns the IDT refuses one.)
[[noreturn]] void triple_fault() {
    constexpr std::uint64_t no_stack = page_size; // nothing is mapped there in the kernel's space
    const std::uint64_t top = this_cpu().tss->ist[emergency_stack - 1];
    const std::uint64_t root = address_spaces::kernel().root;
    // One page of memory may lie in two pages.
    std::uint64_t* const upper = page_tables::find(root, top - 1);
    std::uint64_t* const lower = page_tables::find(root, top - page_size);
    paravirt::set_pxe(0, upper);
    paravirt::set_pxe(0, lower);
    paravirt::inval_page(top - 1);
    paravirt::inval_page(top - page_size);
    for (;;)
        asm volatile("movq %0, %%rsp\n\tud2" : : "r"(no_stack));
}

[[noreturn]] void hang() {
    paravirt::disable_interrupts();
    for (;;)
        asm volatile("jmp .");
}

} // namespace

void crash(Crash how) {
    switch (how) {
    case Crash::none:
        return;
    case Crash::triple_fault:
        console::print("guest: crash=triple-fault\n");
        triple_fault();
    case Crash::hang:
        console::print("guest: crash=hang\n");
        hang();
    }
}

} // namespace guest

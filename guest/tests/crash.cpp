#include "guest/tests/crash.h"

#include "guest/console/console.h"
#include "guest/cpu/cpu.h"
#include "guest/memory/layout.h"
#include "guest/paravirt/operations.h"

extern "C" std::uint64_t
    boot_pdpt_high[]; // boot/entry.S: the kernel half's page-directory pointers

namespace guest {
namespace {

/// Takes the kernel half's mapping away: the next instruction cannot be fetched, nor the handler of
/// that fault, nor the handler of that. (An empty IDT would do it on bare hardware, but a monitor
/// that owns the IDT refuses one.)
[[noreturn]] void triple_fault() {
    constexpr std::uint32_t kernel_base_entry = 510;
    auto* const entries = linear_pointer<volatile std::uint64_t>(address_of(boot_pdpt_high));
    entries[kernel_base_entry] = 0;
    for (;;)
        asm volatile("invlpg (%0)\n\tinvlpg (%1)\n\tud2" : : "r"(this_cpu().idt), "r"(&crash));
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

#include "hypervisor/boot/start_bare.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/registers/control_registers.h"
#include "shared/vcpu_area.h"

#include <cstring>

extern "C" const std::uint8_t leave_long_mode[]; // leave_long_mode.S
extern "C" const std::uint8_t leave_long_mode_end[];

namespace hv {

namespace {

/// Offset in the root of the entry through which the monitor's image is mapped.
constexpr std::uint64_t image_entry = std::uint64_t{511} * 8;

constexpr std::uint64_t bare_cr0 = cr0::protection_enable | cr0::extension_type |
                                   cr0::numeric_error | cr0::write_protect | cr0::paging;

// Where the guest starts: read when no register is left.
std::uint64_t bare_entry;

// As on the other profiles RFLAGS is 2, and a register that says nothing is 0.
[[noreturn]] void start_in_long_mode(const LoadedGuest& guest) {
    asm volatile("pushq %0\n\t"
                 "leaq 1f(%%rip), %%rax\n\t"
                 "pushq %%rax\n\t"
                 "lretq\n"
                 "1:\n\t"
                 "movl %1, %%eax\n\t"
                 "movl %%eax, %%ds\n\t"
                 "movl %%eax, %%es\n\t"
                 "movl %%eax, %%ss\n\t"
                 "xorl %%eax, %%eax\n\t"
                 "movl %%eax, %%fs\n\t"
                 "movl %%eax, %%gs\n\t"
                 "pushq $2\n\t"
                 "popfq\n\t"
                 "movl $0, %%eax\n\t"
                 "movl %%eax, %%ebx\n\t"
                 "movl %%eax, %%ecx\n\t"
                 "movl %%eax, %%edx\n\t"
                 "movl %%eax, %%ebp\n\t"
                 "movl %%eax, %%esp\n\t"
                 "movl %%eax, %%r8d\n\t"
                 "movl %%eax, %%r9d\n\t"
                 "movl %%eax, %%r10d\n\t"
                 "movl %%eax, %%r11d\n\t"
                 "movl %%eax, %%r12d\n\t"
                 "movl %%eax, %%r13d\n\t"
                 "movl %%eax, %%r14d\n\t"
                 "movl %%eax, %%r15d\n\t"
                 "jmp *%2"
                 :
                 : "r"(std::uint64_t{guest.selectors.code}),
                   "r"(std::uint32_t{guest.selectors.data}), "m"(bare_entry), "D"(guest.rdi),
                   "S"(guest.rsi)
                 : "rax", "memory");
    __builtin_unreachable();
}

[[noreturn]] void start_in_protected_mode(const LoadedGuest& guest) {
    asm volatile("pushq %0\n\t"
                 "pushq %1\n\t"
                 "lretq"
                 :
                 : "r"(std::uint64_t{guest.selectors.code}), "r"(boot_area::leave_long_mode),
                   "d"(guest.entry), "S"(guest.rsi), "D"(guest.rax), "b"(guest.rbx),
                   "c"(std::uint32_t{guest.selectors.data})
                 : "memory");
    __builtin_unreachable();
}

} // namespace

[[noreturn]] void start_bare(const LoadedGuest& guest) {
    // The image stays mapped in the guest's first page tables, so that the jump can run from it.
    const std::uint64_t root = cpu::read_cr3() & paging::address_mask;
    direct_word<std::uint64_t>(boot_area::page_tables + image_entry) =
        std::uint64_t{direct_word<std::uint64_t>(root + image_entry)};
    // Now, since the guest's page tables have no direct map.
    std::memcpy(direct_pointer(boot_area::leave_long_mode), leave_long_mode,
                static_cast<std::size_t>(leave_long_mode_end - leave_long_mode));
    bare_entry = guest.entry;
    const abi::PseudoDescriptor gdtr{boot_gdt_limit, boot_area::gdt};
    asm volatile("mov %0, %%cr3\n\t"
                 "lgdt %1\n\t"
                 "mov %2, %%cr0\n\t"
                 "mov %3, %%cr4"
                 :
                 : "r"(boot_area::page_tables), "m"(gdtr), "r"(bare_cr0),
                   "r"(std::uint64_t{cr4::physical_address_extension})
                 : "memory");
    if (guest.mode == StartMode::protected_mode)
        start_in_protected_mode(guest);
    start_in_long_mode(guest);
}

} // namespace hv

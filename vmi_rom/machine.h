#pragma once
// The boundary at which the unit tests replace the machine: everything that the ROM does and a
// program on the host cannot do, and every access to the per-vCPU area. In the ROM each of these
// functions is one instruction or a few, inlined. In the unit tests (LAZYHV_UNIT_TEST) each is a
// point at which an interrupt can arrive, unless interrupts are off.

#include "shared/call_number.h"
#include "shared/guest_physical_layout.h"
#include "shared/vcpu_area.h"

#include <cstdint>

namespace rom {

/// What a general register holds: 64 bits in the code for 64-bit kernels, 32 in that for 32-bit
/// ones.
using Word = std::uintptr_t;

/// Which kernels this code is for.
inline constexpr bool for_32_bit_kernels = sizeof(Word) == sizeof(std::uint32_t);

// RFLAGS is kept on the stack while interrupts are off. Code between disable_interrupts and
// restore_interrupts must therefore use no stack slot and save no register. The build checks every
// instruction of the ROM for that (check_stack.cmake).

#ifdef LAZYHV_UNIT_TEST

abi::VcpuArea& area();
/// Where the ROM's first byte is mapped.
const std::uint8_t* image_base();
/// Lets the test deliver an interrupt, if interrupts are on.
void step();
Word vmcall(abi::Call call, Word a = 0, Word b = 0, Word c = 0);
Word flush();
void disable_interrupts();
void restore_interrupts();
void keep_interrupts_off();
void wait_for_interrupt();
void load_root(Word loaded, Word guest_root);
void drop_translations();
[[noreturn]] void stop();

#else

#ifdef __i386__

/// This code is linked with the start of the ROM at 0, so an address that the linker puts into it
/// is an offset from there (i386.ld).
[[gnu::always_inline]] inline const std::uint8_t* image_base() {
    const std::uint8_t* base = nullptr;
    // volatile, so that it does not come between disable_interrupts and restore_interrupts.
    asm volatile("call 1f\n1:\tpop %0\n\tsub $1b, %0" : "=r"(base) : : "cc");
    return base;
}
[[gnu::always_inline]] inline abi::VcpuArea& area() {
    const std::uintptr_t base = reinterpret_cast<std::uintptr_t>(image_base());
    return *reinterpret_cast<abi::VcpuArea*>(base + (abi::vcpu_area_base - abi::rom_base));
}

#else

} // namespace rom

// The linker script places these at the distance from each other at which the monitor maps them.
// They are hidden, so that they are addressed relative to RIP.
// NOLINTBEGIN(bugprone-dynamic-static-initializers): nothing initialises them; they are names of
// addresses.
extern "C" {
[[gnu::visibility("hidden")]] extern abi::VcpuArea lazyhv_vcpu_area;
[[gnu::visibility("hidden")]] extern const std::uint8_t lazyhv_image_base;
}
// NOLINTEND(bugprone-dynamic-static-initializers)

namespace rom {

[[gnu::always_inline]] inline abi::VcpuArea& area() { return lazyhv_vcpu_area; }
[[gnu::always_inline]] inline const std::uint8_t* image_base() { return &lazyhv_image_base; }

#endif

[[gnu::always_inline]] inline void step() {}

/// Executes VMCALL (docs/abi.md, "VMCALL") with the call in RAX and its arguments in RDI, RSI and
/// RDX. Returns RAX, an abi::Error. All other registers keep their values.
[[gnu::always_inline]] inline Word vmcall(abi::Call call, Word a = 0, Word b = 0, Word c = 0) {
    Word error = static_cast<std::uint16_t>(call);
    asm volatile("vmcall" : "+a"(error) : "D"(a), "S"(b), "d"(c) : "memory");
    return error;
}

/// The call Flush. It has no arguments, so no register is set up or saved for them.
[[gnu::always_inline]] inline Word flush() {
    Word error = static_cast<std::uint16_t>(abi::Call::flush);
    asm volatile("vmcall" : "+a"(error) : : "memory");
    return error;
}

/// PUSHF, CLI: clears RFLAGS.IF. There is no VM exit, since interrupts belong to the guest.
[[gnu::always_inline]] inline void disable_interrupts() {
    asm volatile("pushf\n\tcli" : : : "memory");
}

/// POPF: sets RFLAGS.IF to what it was.
[[gnu::always_inline]] inline void restore_interrupts() {
    asm volatile("popf" : : : "memory", "cc");
}

/// CLI, where the flags are not needed again.
[[gnu::always_inline]] inline void keep_interrupts_off() { asm volatile("cli" : : : "memory"); }

/// STI, HLT: no interrupt can arrive between the two (Intel manual, volume 2, STI).
[[gnu::always_inline]] inline void wait_for_interrupt() {
    asm volatile("sti\n\thlt" : : : "memory");
}

/// MOV to CR3, with the guest's own value for this root in RDI. If the pair has been withdrawn, the
/// MOV causes a VM exit, and the monitor treats it as SetCR3 of RDI (docs/abi.md, "Roots without an
/// exit").
[[gnu::always_inline]] inline void load_root(Word loaded, Word guest_root) {
    asm volatile("mov %0, %%cr3" : : "r"(loaded), "D"(guest_root) : "memory");
}

/// Drops all translations, global ones included, by changing CR4.PGE twice (Intel manual, volume 3,
/// section 4.10.4.1). Where FlushTLB is local there is no VM exit: that bit belongs to the guest.
[[gnu::always_inline]] inline void drop_translations() {
    constexpr std::uint64_t global_pages = 1 << 7;
    Word cr4 = 0;
    asm volatile("mov %%cr4, %0\n\t"
                 "xor %1, %0\n\t"
                 "mov %0, %%cr4\n\t"
                 "xor %1, %0\n\t"
                 "mov %0, %%cr4"
                 : "=&r"(cr4)
                 : "i"(global_pages)
                 : "memory", "cc");
}

/// Waits for ever with interrupts off.
[[noreturn]] [[gnu::always_inline]] inline void stop() {
    for (;;) {
        asm volatile("cli\n\thlt");
    }
}

#endif

/// Returns `pointer`, and keeps the compiler from computing it again for each access through it.
template <class T>
[[gnu::always_inline]] inline T* in_register(T* pointer) {
    asm("" : "+r"(pointer));
    return pointer;
}

/// Reads a field of the area exactly once.
template <class T>
[[gnu::always_inline]] inline T load(const T& field) {
    step();
    return *static_cast<const volatile T*>(&field);
}

/// Whether a field is 0, by one instruction that compares it in memory.
[[gnu::always_inline]] inline bool is_zero(const std::uint32_t& field) {
    step();
    bool zero = false;
    asm volatile("cmpl $0, %1" : "=@ccz"(zero) : "m"(field));
    return zero;
}

/// Reads a field while interrupts are off. Only the monitor can change it, during a VM exit, so the
/// compiler may use it as a memory operand.
template <class T>
[[gnu::always_inline]] inline T peek(const T& field) {
    step();
    return field;
}

/// Writes a field of the area exactly once.
template <class T>
[[gnu::always_inline]] inline void store(T& field, T value) {
    step();
    *static_cast<volatile T*>(&field) = value;
}

/// Writes a 64-bit field as far as a register reaches. To the code for 32-bit kernels, and to the
/// monitor when it deals with one, the upper half says nothing.
[[gnu::always_inline]] inline void store_word(std::uint64_t& field, Word value) {
    store(reinterpret_cast<Word&>(field), value);
}

/// Adds one in a single instruction: an interrupt arrives before it or after it.
[[gnu::always_inline]] inline void increment(std::uint32_t& counter) {
    step();
    asm volatile("incl %0" : "+m"(counter) : : "cc");
}

/// Clears the bits that are set in `mask`, in a single instruction.
[[gnu::always_inline]] inline void clear_bits(std::uint64_t& field, std::int32_t mask) {
    step();
    asm volatile("andq %1, %0" : "+m"(field) : "er"(std::int64_t{~mask}) : "cc");
}

/// Replaces `field` by `value` in a single instruction; returns the old value.
[[gnu::always_inline]] inline std::uint32_t exchange(std::uint32_t& field, std::uint32_t value) {
    step();
    asm volatile("xchgl %0, %1" : "+r"(value), "+m"(field) : : "memory");
    return value;
}

/// Replaces `field` by `value` if it equals `expected`, in a single instruction. It needs no LOCK
/// prefix: both sides run on one processor. Returns whether it replaced the field.
[[gnu::always_inline]] inline bool compare_exchange(std::uint32_t& field, std::uint32_t expected,
                                                    std::uint32_t value) {
    step();
    bool done = false;
    asm volatile("cmpxchgl %3, %1"
                 : "=@ccz"(done), "+m"(field), "+a"(expected)
                 : "r"(value)
                 : "memory");
    return done;
}

} // namespace rom

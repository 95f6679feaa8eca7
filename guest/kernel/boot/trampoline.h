#pragma once
// What the start-up code of a processor (trampoline.S) needs, for C++ and assembly.

/// Physical address; in the boot area, which the loader no longer needs.
#define TRAMPOLINE_BASE 0x1F000

#define TRAMPOLINE_CR0 0
#define TRAMPOLINE_CR3 8
#define TRAMPOLINE_CR4 16
#define TRAMPOLINE_EFER 24
#define TRAMPOLINE_STACK 32
#define TRAMPOLINE_CPU 40
#define TRAMPOLINE_ENTRY 48
#define TRAMPOLINE_DATA_SIZE 56

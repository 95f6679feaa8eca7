// The two entries that a kernel finds through the header: a 64-bit one through the extension block, a
// 32-bit one through two jumps in the header itself. The code for each word size begins with them
// (vmi_rom/header.h).
    .section .bootstrap, "ax", @progbits
    .balign 16
    jmp _ZN3rom8vmi_initEv
    .balign 16, 0xCC
    jmp _ZN3rom9get_relocEj
    .balign 16, 0xCC
    .section .note.GNU-stack, "", @progbits

// The two entries that a 64-bit kernel finds through the header's extension block. They follow the
// header directly (vmi_rom/header.h: vmi_init_offset, get_reloc_offset).
    .section .bootstrap, "ax", @progbits
    .balign 16
    jmp _ZN3rom8vmi_initEv
    .balign 16, 0xCC
    jmp _ZN3rom9get_relocEj
    .balign 16, 0xCC
    .section .note.GNU-stack, "", @progbits

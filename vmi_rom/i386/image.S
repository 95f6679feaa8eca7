// The code for 32-bit kernels, linked by itself, at vmi_rom/header.h's i386_offset in the ROM.
    .section .i386, "a", @progbits
    .incbin LAZYHV_I386_IMAGE
    .section .note.GNU-stack, "", @progbits

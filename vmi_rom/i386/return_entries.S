// IRET and SYSEXIT for 32-bit kernels, which jump here with everything in place: for IRET the frame
// is on the stack; for SYSEXIT interrupts are off, EDX is the EIP and ECX the ESP of the program.
    .text
    .global lazyhv_iret, lazyhv_sysexit
lazyhv_iret:
    iretl
// No interrupt can arrive between the two (Intel manual, volume 2, STI).
lazyhv_sysexit:
    sti
    sysexit
    .section .note.GNU-stack, "", @progbits

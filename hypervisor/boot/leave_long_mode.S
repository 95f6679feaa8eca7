// From IA-32e mode to protected mode without paging, for a guest that starts there on a machine
// without a monitor (boot/start_bare.cpp). The code is copied to memory that is mapped identically,
// and runs in compatibility mode: EDX is where the guest starts, ESI and EBX what it finds in these
// registers, EDI what it finds in EAX, ECX a selector for data. There is no stack: ESP is free.

#define CR0_PROTECTION_ENABLE_AND_EXTENSION_TYPE 0x11
#define IA32_EFER 0xC0000080

    .section .rodata
    .code32
    .global leave_long_mode
leave_long_mode:
    movl %edx, %esp
    movl %ecx, %ds
    movl %ecx, %es
    movl %ecx, %ss
    movl %ecx, %fs
    movl %ecx, %gs
    movl $CR0_PROTECTION_ENABLE_AND_EXTENSION_TYPE, %eax
    movl %eax, %cr0
    movl $IA32_EFER, %ecx
    xorl %eax, %eax
    xorl %edx, %edx
    wrmsr
    movl %eax, %cr4
    movl %edi, %eax
    xorl %ecx, %ecx
    xorl %edi, %edi
    xorl %ebp, %ebp
    jmp *%esp
    .global leave_long_mode_end
leave_long_mode_end:

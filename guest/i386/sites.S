// The call sites that are patched, each of 6 bytes; what runs at them before is the native
// instruction. And the way to ring 3 and back.
#include "guest/i386/selectors.h"

    .macro site name, code:vararg
    .balign 8
    .global \name
\name:
    .byte \code
    .endm

    .section .sites, "awx", @progbits
    site site_iret, 0xCF, 0x90, 0x90, 0x90, 0x90, 0x90
    site site_sysexit, 0xFB, 0x0F, 0x35, 0x90, 0x90, 0x90
    site site_shutdown, 0xC3, 0x90, 0x90, 0x90, 0x90, 0x90

    // Functions with a site in them: what they return is what the site left in EAX.
    site site_halt, 0xFB, 0xF4, 0x90, 0x90, 0x90, 0x90
    ret
    site site_io_delay, 0xE6, 0x80, 0x90, 0x90, 0x90, 0x90
    ret
    site site_machine_to_physical, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90
    ret
    site site_set_lazy_mode, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90
    ret

    .text
// std::uint32_t call_with(Site* site, std::uint32_t argument)
    .global call_with
call_with:
    movl %eax, %ecx
    movl %edx, %eax
    jmp *%ecx

// void iret_to_kernel(): through the site to this ring.
    .global iret_to_kernel
iret_to_kernel:
    pushl $0x2
    pushl $KERNEL_CODE
    pushl $1f
    jmp site_iret
1:  ret

// void iret_to_user(Registers* registers), void sysexit_to_user(Registers* registers): load all
// general registers but those that the way needs, execute the program, and store its registers and
// flags: EDI, ESI, EBP, ESP, EBX, EDX, ECX, EAX, EFLAGS, CS.
    .macro leave_kernel
    pushl %ebp
    pushl %edi
    pushl %esi
    pushl %ebx
    movl %eax, registers
    movl %esp, kernel_stack
    .endm
    .macro load_registers
    movl registers, %edi
    movl 4(%edi), %esi
    movl 8(%edi), %ebp
    movl 16(%edi), %ebx
    movl 28(%edi), %eax
    .endm

    .global iret_to_user
iret_to_user:
    leave_kernel
    load_registers
    pushl $USER_DATA
    pushl 12(%edi)
    pushl $0x202
    pushl $USER_CODE
    pushl $user_program
    movl 20(%edi), %edx
    movl 24(%edi), %ecx
    movl (%edi), %edi
    jmp site_iret

    .global sysexit_to_user
sysexit_to_user:
    leave_kernel
    load_registers
    movl 12(%edi), %ecx
    movl $user_program, %edx
    movl (%edi), %edi
    cli
    jmp site_sysexit

// In ring 3.
user_program:
    pushfl
    int $RETURN_VECTOR

// The stack: EIP, CS, EFLAGS, ESP, SS of the program. Its own has the flags that it saw.
    .global return_from_user
return_from_user:
    pushal
    movl registers, %edi
    movl %esp, %esi
    movl $8, %ecx
    cld
    rep movsl
    movl registers, %edi
    movl 44(%esp), %esi         // the program's ESP
    movl (%esi), %eax
    movl %eax, 32(%edi)
    addl $4, %esi
    movl %esi, 12(%edi)
    movl 36(%esp), %eax
    movl %eax, 36(%edi)
    movl kernel_stack, %esp
    popl %ebx
    popl %esi
    popl %edi
    popl %ebp
    ret

// Exceptions end the run, by name of their vector.
    .global exception_stubs
exception_stubs:
    .set vector, 0
    .rept 32
    .balign 8
    pushl $vector
    jmp exception
    .set vector, vector + 1
    .endr
exception:
    popl %eax
    movl %esp, %edx
    call report_exception

    .global timer_interrupt
timer_interrupt:
    pushal
    incl ticks
    movb $0x20, %al
    outb %al, $0x20
    popal
    iret

    .bss
    .balign 4
registers:
    .skip 4
kernel_stack:
    .skip 4
    .global ticks
ticks:
    .skip 4
    .section .note.GNU-stack, "", @progbits

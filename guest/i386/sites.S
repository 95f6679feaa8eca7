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
    site site_set_cr3, 0x0F, 0x22, 0xD8, 0x90, 0x90, 0x90
    ret
    site site_get_cr3, 0x0F, 0x20, 0xD8, 0x90, 0x90, 0x90
    ret
    site site_inval_page, 0x0F, 0x01, 0x38, 0x90, 0x90, 0x90
    ret
    site site_flush_tlb, 0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8
    ret

    .text
// What a kernel does itself where it is not given an entry.
    .global native_set_pxe, native_set_pxe_long, native_set_linear_mapping
native_set_pxe:
    movl %eax, (%edx)
    ret
native_set_pxe_long:
    movl %edx, 4(%ecx)
    movl %eax, (%ecx)
native_set_linear_mapping:
    ret

// std::uint32_t call_with(const void* code, std::uint32_t a, std::uint32_t b, std::uint32_t c,
// std::uint32_t d): the arguments as VMI has them, in EAX, EDX, ECX and on the stack. Sets
// lost_registers if a register is not kept that must be.
    .global call_with
call_with:
    pushl %ebp
    pushl %edi
    pushl %esi
    pushl %ebx
    movl %eax, called_code
    movl %edx, %eax
    movl %ecx, %edx
    movl 20(%esp), %ecx
    pushl 24(%esp)
    movl %esp, called_stack
    movl $0x11111111, %edi
    movl $0x22222222, %esi
    movl $0x33333333, %ebp
    movl $0x44444444, %ebx
    call *called_code
    cmpl %esp, called_stack
    jne 1f
    cmpl $0x11111111, %edi
    jne 1f
    cmpl $0x22222222, %esi
    jne 1f
    cmpl $0x33333333, %ebp
    jne 1f
    cmpl $0x44444444, %ebx
    je 2f
1:  movl $1, lost_registers
2:  movl called_stack, %esp
    addl $4, %esp
    popl %ebx
    popl %esi
    popl %edi
    popl %ebp
    ret

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
    .global ticks, lost_registers
ticks:
    .skip 4
lost_registers:
    .skip 4
called_code:
    .skip 4
called_stack:
    .skip 4
    .section .note.GNU-stack, "", @progbits

// Where other processors start: from real mode, at the start of a page below 1 MiB to which this code
// is copied, to processor_main in 64-bit mode. It finds itself by CS.

#include "hypervisor/boot/processor_entry.h"
#include "hypervisor/memory/layout.h"

#define AT(label) (label - processor_entry_begin)

.section .rodata
.balign 16
.code16
.global processor_entry_begin
processor_entry_begin:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    xorl %ebx, %ebx
    movw %ax, %bx
    shll $4, %ebx                               // where this lies
    // Addresses that the processor wants whole.
    leal AT(start_gdt)(%ebx), %eax
    movl %eax, AT(start_gdt_pointer) + 2
    leal AT(protected_mode)(%ebx), %eax
    movl %eax, AT(protected_mode_pointer)
    leal AT(long_mode)(%ebx), %eax
    movl %eax, AT(long_mode_pointer)
    lgdtl AT(start_gdt_pointer)
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl *AT(protected_mode_pointer)

.code32
protected_mode:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $0x620, %eax                           // CR4: PAE, OSFXSR, OSXMMEXCPT
    movl %eax, %cr4
    movl AT(start)(%ebx), %eax
    movl %eax, %cr3
    movl $0xC0000080, %ecx                      // IA32_EFER: LME, NXE
    rdmsr
    orl $0x900, %eax
    wrmsr
    movl $0x80010033, %eax                      // CR0: PG, WP, NE, ET, MP, PE
    movl %eax, %cr0
    ljmpl *AT(long_mode_pointer)(%ebx)

.code64
long_mode:
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl %ebx, %ebx
    movq AT(start) + START_STACK(%rbx), %rsp
    movq AT(start) + START_ARGUMENT(%rbx), %rdi
    movabsq $processor_main, %rax
    call *%rax
    ud2

.balign 8
start_gdt:
    .quad 0
    .quad 0x00CF9B000000FFFF                    // 32-bit code, ring 0
    .quad 0x00CF93000000FFFF                    // data, ring 0
    .quad 0x00AF9B000000FFFF                    // 64-bit code, ring 0
start_gdt_pointer:
    .short 4 * 8 - 1
    .long 0
protected_mode_pointer:
    .long 0
    .short 8
long_mode_pointer:
    .long 0
    .short 24
.balign 8
start:
    .skip START_SIZE
.global processor_entry_end
processor_entry_end:

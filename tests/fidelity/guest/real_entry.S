// The way into a case in real-address mode, its handlers, and the way back. The code between
// real_begin and real_end runs at REAL_BASE, to which real_mode.cpp copies it; of what it shares with
// that file, real_mode.h has the layout.

#define REAL_BASE 0x7000 // real_mode.h
#define REAL_SEGMENT 0x700
#define END_OFFSET 0x1000 // of the vectors' entries, after real_end
#define AT(label) (label - real_begin)
#define LOW(label) (label - real_begin + REAL_BASE)

// Selectors of real_gdt.
#define CODE_64 0x08
#define CODE_32 0x10
#define CODE_16 0x18
#define DATA_32 0x20
#define DATA_16 0x28

#define CR0_PE 0x1
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define EFER 0xC0000080
#define EFER_LME 0x100
#define MAX_EVENTS 16
#define DR6_IDLE 0xFFFF0FF0

    .text
    // enter_real_mode(): everything else is in the shared area. The kernel must load its tables
    // afterwards.
    .code64
    .global enter_real_mode
enter_real_mode:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, real_kernel_stack(%rip)
    movl $boot_pml4, %eax
    movq %rax, %cr3
    movl $LOW(leave_paging), %eax
    jmpq *%rax

return_from_real_mode:
    movq real_kernel_stack(%rip), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    .balign 16
    .global real_begin
real_begin:
    // Shared with the kernel (RealArea).
shared_general:
    .fill 8, 4, 0 // EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI
shared_flags:
    .long 0
shared_ip:
    .long 0
shared_segments:
    .fill 6, 2, 0 // CS, SS, DS, ES, FS, GS
shared_cr0:
    .long 0
shared_cr4:
    .long 0
shared_dr7:
    .long 0
shared_efer:
    .long 0
shared_kernel_cr0:
    .long 0
shared_kernel_cr4:
    .long 0
shared_count:
    .long 0
shared_events:
    .fill MAX_EVENTS * 6, 4, 0 // vector, IP, CS, flags, DR6, DR7

    .balign 8
real_gdt:
    .quad 0
    .quad 0x00AF9B000000FFFF
    .quad 0x00CF9B000000FFFF
    .quad 0x00009B000000FFFF + (REAL_BASE << 16)
    .quad 0x00CF93000000FFFF
    .quad 0x000093000000FFFF
real_gdt_register:
    .word real_gdt_register - real_gdt - 1
    .quad LOW(real_gdt)
real_idt_register:
    .word 0x3FF
    .quad 0x6000

leave_paging:
    lgdt LOW(real_gdt_register)
    movl $LOW(low_stack_top), %esp
    pushq $CODE_32
    pushq $LOW(compatibility)
    lretq
    .code32
compatibility:
    movl $DATA_32, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %cr0, %eax
    andl $~CR0_PG, %eax
    movl %eax, %cr0
    movl $EFER, %ecx
    rdmsr
    andl $~EFER_LME, %eax
    wrmsr
    ljmp $CODE_16, $AT(protected_16)
    .code16
protected_16:
    movw $DATA_16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl %cr0, %eax
    andl $~CR0_PE, %eax
    movl %eax, %cr0
    ljmp $REAL_SEGMENT, $AT(real)
real:
    movw %cs, %ax
    movw %ax, %ds
    lidtl AT(real_idt_register)
    movl AT(shared_cr4), %eax
    movl %eax, %cr4
    movl AT(shared_cr0), %eax
    movl %eax, %cr0
    movw AT(shared_segments) + 2, %ss
    movl AT(shared_general) + 16, %esp
    pushl AT(shared_flags)
    movzwl AT(shared_segments), %eax
    pushl %eax
    pushl AT(shared_ip)
    movl AT(shared_general) + 4, %ecx
    movl AT(shared_general) + 8, %edx
    movl AT(shared_general) + 12, %ebx
    movl AT(shared_general) + 20, %ebp
    movl AT(shared_general) + 24, %esi
    movl AT(shared_general) + 28, %edi
    movw AT(shared_segments) + 6, %es
    movw AT(shared_segments) + 8, %fs
    movw AT(shared_segments) + 10, %gs
    movl AT(shared_dr7), %eax
    movl %eax, %db7
    movl AT(shared_general), %eax
    movw AT(shared_segments) + 4, %ds
    iretl

// On the stack of the case: the vector, and the frame: IP, CS, flags.
handle_real_event:
    pushl %eax
    pushl %ebx
    pushl %ebp
    movw %sp, %bp
    movzwl %cs:AT(shared_count), %ebx
    incl %cs:AT(shared_count)
    leal (%ebx, %ebx, 2), %ebx
    shll $3, %ebx
    addl $AT(shared_events), %ebx
    movzwl 12(%bp), %eax
    movl %eax, %cs:(%ebx)
    movzwl 14(%bp), %eax
    movl %eax, %cs:4(%ebx)
    movzwl 16(%bp), %eax
    movl %eax, %cs:8(%ebx)
    movzwl 18(%bp), %eax
    movl %eax, %cs:12(%ebx)
    movl %db6, %eax
    movl %eax, %cs:16(%ebx)
    movl %db7, %eax
    movl %eax, %cs:20(%ebx)
    movl $DR6_IDLE, %eax
    movl %eax, %db6
    cmpl $MAX_EVENTS, %cs:AT(shared_count)
    jae leave_real_mode
    // #DB, INT3, INTO and the plain vector: the case goes on, without breakpoints.
    movw 12(%bp), %ax
    cmpw $0x82, %ax
    je continue_real_case
    cmpw $1, %ax
    je continue_after_debug
    cmpw $3, %ax
    je continue_real_case
    cmpw $4, %ax
    jne leave_real_mode
    jmp continue_real_case
continue_after_debug:
    movl %db7, %eax
    andl $~0x20FF, %eax
    movl %eax, %db7
continue_real_case:
    popl %ebp
    popl %ebx
    popl %eax
    addw $2, %sp
    iretw

leave_real_mode:
    movl %db7, %eax
    movl %eax, %cs:AT(shared_dr7)
    movl $0x400, %eax
    movl %eax, %db7
    popl %cs:AT(shared_general) + 20
    popl %cs:AT(shared_general) + 12
    popl %cs:AT(shared_general)
    movl %ecx, %cs:AT(shared_general) + 4
    movl %edx, %cs:AT(shared_general) + 8
    movl %esp, %cs:AT(shared_general) + 16
    movl %esi, %cs:AT(shared_general) + 24
    movl %edi, %cs:AT(shared_general) + 28
    movw %ss, %cs:AT(shared_segments) + 2
    movw %ds, %cs:AT(shared_segments) + 4
    movw %es, %cs:AT(shared_segments) + 6
    movw %fs, %cs:AT(shared_segments) + 8
    movw %gs, %cs:AT(shared_segments) + 10
    cld
    movl %cr4, %eax
    movl %eax, %cs:AT(shared_cr4)
    movl %cr0, %eax
    movl %eax, %cs:AT(shared_cr0)
    movl %cs:AT(shared_kernel_cr4), %ebx
    movl %cs:AT(shared_kernel_cr0), %edi
    lgdtl %cs:AT(real_gdt_register)
    orl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $CODE_32, $LOW(protected_32)
    .code32
protected_32:
    movl $DATA_32, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %ebx, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $EFER, %ecx
    rdmsr
    movl %eax, LOW(shared_efer)
    orl $EFER_LME, %eax
    wrmsr
    movl %edi, %cr0
    ljmp $CODE_64, $LOW(long_mode)
    .code64
long_mode:
    movabsq $return_from_real_mode, %rax
    jmpq *%rax

    .balign 16
    .fill 64, 1, 0
low_stack_top:
    .global real_end
real_end:

    // One entry for each vector, which stands END_OFFSET after real_begin in REAL_SEGMENT.
    .code16
    .balign 16
    .global real_vectors
real_vectors:
    .set vector, 0
    .rept 256
    .set entry, . - real_vectors
    .byte 0x68
    .word vector
    .byte 0xE9 // JMP
    .word (AT(handle_real_event) - (END_OFFSET + entry + 6)) & 0xFFFF
    .byte 0x90, 0x90
    .set vector, vector + 1
    .endr
    .code64

    .bss
    .balign 8
real_kernel_stack:
    .skip 8

// A Multiboot kernel that goes through the operating modes of the processor and prints a line for
// each: "protected", "task", "two-level", "pae", "real", "long", "compatibility". In protected mode it
// also calls a task. In the modes with paging a second address of the first pages must lead to them. With LONG_MODE_ONLY it goes from protected mode
// to 64-bit mode, and stays there; with MULTIBOOT_2 it has a header of that version.

#define CODE_32 0x08
#define DATA 0x10
#define CODE_16 0x18
#define CODE_64 0x20
#define FIRST_TASK 0x28
#define SECOND_TASK 0x30

// Offsets in a TSS.
#define TSS_EIP 0x20
#define TSS_EFLAGS 0x24
#define TSS_EBX 0x34
#define TSS_ESP 0x38
#define TSS_SELECTORS 0x48      // ES, CS, SS, DS, FS, GS, each in 4 bytes
#define NESTED_TASK 0x4000      // in EFLAGS

#define CR0_PE 0x1
#define CR0_TS 0x8
#define CR0_PG 0x80000000
#define CR4_PSE 0x10
#define CR4_PAE 0x20
#define EFER 0xC0000080
#define EFER_LME 0x100

#define PRESENT_WRITABLE 0x3
#define LARGE 0x83              // present, writable, a page of 2 or 4 MiB

#define ALIAS 0x40000000        // a second address of [0, 4 MiB)
#define TWO_LEVEL_ALIAS_ENTRY (ALIAS >> 22) * 4
#define PAE_ALIAS_ENTRY (ALIAS >> 30) * 8

#define REAL_MODE_CODE 0x8000   // where the code for real-address mode is copied
#define REAL_MODE_STACK 0x9000
// Segment and offset of the handler there.
#define REAL_MODE_FAULT (REAL_MODE_CODE >> 4 << 16) + real_mode_fault - real_mode_begin
#define SERIAL 0x3F8

    .section .multiboot, "a"
#ifdef MULTIBOOT_2
#define LOADER_MAGIC 0x36D76289
    .balign 8
header:
    .long 0xE85250D6, 0, header_end - header, -(0xE85250D6 + header_end - header)
    .short 0, 0                 // the last tag
    .long 8
header_end:
#else
#define LOADER_MAGIC 0x2BADB002
    .balign 4
    .long 0x1BADB002, 0, -0x1BADB002
#endif

    .text
    .code32
    .global start
start:
    movl $stack_end, %esp
    cmpl $LOADER_MAGIC, %eax
    jne failed
    lgdt gdt_pointer
    ljmp $CODE_32, $1f
1:  movl $DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $text_protected, %esi
    call print

#ifdef LONG_MODE_ONLY
    movl $LARGE, directory
    movl $LARGE + 0x200000, directory + 8
    jmp begin_long_mode
#endif

    // CALL to a task, which returns by IRET.
    movl $first_task, %eax
    movl $gdt + FIRST_TASK, %edi
    call set_base
    movl $second_task, %eax
    movl $gdt + SECOND_TASK, %edi
    call set_base
    movl $in_second_task, second_task + TSS_EIP
    movl $2, second_task + TSS_EFLAGS
    movl $0x22222222, second_task + TSS_EBX
    movl $task_stack_end, second_task + TSS_ESP
    movl $DATA, second_task + TSS_SELECTORS
    movl $CODE_32, second_task + TSS_SELECTORS + 4
    movl $DATA, second_task + TSS_SELECTORS + 8
    movl $DATA, second_task + TSS_SELECTORS + 12
    movl $FIRST_TASK, %eax
    ltr %ax
    movl $0x11111111, %ebx
    movl $0, %esi
    lcall $SECOND_TASK, $0
    cmpl $0x11111111, %ebx
    jne failed
    pushfl
    popl %eax
    testl $NESTED_TASK, %eax
    jnz failed
    str %ax
    cmpw $FIRST_TASK, %ax
    jne failed
    cmpw $FIRST_TASK, second_task
    jne failed
    movl %cr0, %eax
    testl $CR0_TS, %eax
    jz failed
    clts
    // It goes on after its IRET.
    lcall $SECOND_TASK, $0
    cmpl $2, visits
    jne failed
    movl $text_task, %esi
    call print

    // 32-bit paging with pages of 4 MiB.
    movl $LARGE, tables
    movl $LARGE, tables + TWO_LEVEL_ALIAS_ENTRY
    movl $CR4_PSE, %eax
    movl %eax, %cr4
    call begin_paging
    movl $text_two_level, %esi
    call print_through_alias
    call end_paging

    // PAE paging; then another entry of the top level, which MOV to CR3 loads.
    movl $0, tables + TWO_LEVEL_ALIAS_ENTRY
    movl $directory + PRESENT_WRITABLE - 2, tables
    movl $LARGE, directory
    movl $LARGE + 0x200000, directory + 8
    movl $CR4_PAE, %eax
    movl %eax, %cr4
    call begin_paging
    movl $directory + PRESENT_WRITABLE - 2, tables + PAE_ALIAS_ENTRY
    movl $tables, %eax
    movl %eax, %cr3
    movl $text_pae, %esi
    call print_through_alias
    call end_paging

    // Real-address mode.
    movl $real_mode_begin, %esi
    movl $REAL_MODE_CODE, %edi
    movl $real_mode_end - real_mode_begin, %ecx
    rep movsb
    ljmp $CODE_16, $REAL_MODE_CODE
back_in_protected_mode:
    movl $DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $stack_end, %esp
    movl $text_real, %esi
    cmpw $0x1234, REAL_MODE_CODE + real_mode_word - real_mode_begin
    jne failed
    cmpw $0x5678, REAL_MODE_CODE + fault_word - real_mode_begin
    jne failed
    call print

    // IA-32e mode. The directory's table of the PAE paging serves again, one level lower.
begin_long_mode:
    movl $directory + PRESENT_WRITABLE, pointers
    movl $directory + PRESENT_WRITABLE, pointers + PAE_ALIAS_ENTRY
    movl $pointers + PRESENT_WRITABLE, tables
    movl $0, tables + PAE_ALIAS_ENTRY
    movl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $EFER_LME, %eax
    call write_efer
    call begin_paging
    ljmp $CODE_64, $in_64_bit_mode
back_in_compatibility_mode:
    movl $text_compatibility, %esi
    call print_through_alias
    call end_paging
    xorl %eax, %eax
    call write_efer
    movl $text_end, %esi
    call print
    jmp shut_down

in_second_task:
    cmpl $0x22222222, %ebx
    jne failed
    pushfl
    popl %eax
    testl $NESTED_TASK, %eax
    jz failed
    str %ax
    cmpw $SECOND_TASK, %ax
    jne failed
    incl visits
    iret
    incl visits
    iret

// EAX: the base; EDI: the descriptor.
set_base:
    movw %ax, 2(%edi)
    shrl $16, %eax
    movb %al, 4(%edi)
    movb %ah, 7(%edi)
    ret

failed:
    movl $text_failed, %esi
    call print
shut_down:
    xorl %eax, %eax
    outb %al, $0xF4             // under the monitor
    movl $text_shutdown, %esi
    movl $0x8900, %edx          // in Bochs
    movl $8, %ecx
    rep outsb
1:  hlt
    jmp 1b

begin_paging:
    movl $tables, %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl $CR0_PG, %eax
    movl %eax, %cr0
    ret

end_paging:
    movl %cr0, %eax
    andl $~CR0_PG, %eax
    movl %eax, %cr0
    ret

write_efer:
    movl $EFER, %ecx
    xorl %edx, %edx
    wrmsr
    ret

print_through_alias:
    addl $ALIAS, %esi
// ESI: a text with a terminating zero.
print:
    movl $SERIAL + 5, %edx      // line status: holding register empty
1:  inb %dx, %al
    testb $0x20, %al
    jz 1b
    movl $SERIAL, %edx
    lodsb
    testb %al, %al
    jz 2f
    outb %al, %dx
    jmp print
2:  ret

    .code64
in_64_bit_mode:
    movl $text_long, %esi
    movq $ALIAS, %rax
    addq %rax, %rsi
1:  movl $SERIAL + 5, %edx
2:  inb %dx, %al
    testb $0x20, %al
    jz 2b
    movl $SERIAL, %edx
    lodsb
    testb %al, %al
    jz 3f
    outb %al, %dx
    jmp 1b
3:
#ifdef LONG_MODE_ONLY
    xorl %eax, %eax
    outb %al, $0xF4
#endif
    pushq $CODE_32
    movl $back_in_compatibility_mode, %eax
    pushq %rax
    lretq

// Entered in a 16-bit segment with base 0.
    .code16
real_mode_begin:
    movl %cr0, %eax
    andl $~CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $REAL_MODE_CODE >> 4, $1f - real_mode_begin
1:  movw %cs, %ax
    movw %ax, %ds
    movw $0x1234, real_mode_word - real_mode_begin
    // #GP, whose frame has no error code here: CR0.PG without PE.
    movl %cr0, %ecx
    movl %ecx, %eax
    orl $CR0_PG, %eax
    lidtl interrupt_table - real_mode_begin
    xorw %bx, %bx
    movw %bx, %es
    movl $REAL_MODE_FAULT, %es:13 * 4
    movw $REAL_MODE_STACK >> 4, %bx
    movw %bx, %ss
    movw $0x100, %sp
    movl %eax, %cr0             // three bytes
    cmpw $0x100, %sp
    je 2f
    movw $0, real_mode_word - real_mode_begin
2:
    movl %cr0, %eax
    orl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $CODE_32, $back_in_protected_mode
real_mode_fault:
    popw %bx
    addw $3, %bx
    pushw %bx
    movw $0x5678, %cs:fault_word - real_mode_begin
    iretw
real_mode_word:
    .word 0
fault_word:
    .word 0
interrupt_table:
    .word 0x3FF
    .long 0
real_mode_end:

    .section .rodata
    .balign 8
gdt:
    .quad 0
    .quad 0x00CF9B000000FFFF    // 32-bit code
    .quad 0x00CF93000000FFFF    // data
    .quad 0x00009B000000FFFF    // 16-bit code
    .quad 0x00AF9B000000FFFF    // 64-bit code
    .quad 0x0000890000000067    // the two tasks
    .quad 0x0000890000000067
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
text_protected:
    .asciz "protected\n"
text_task:
    .asciz "task\n"
text_two_level:
    .asciz "two-level\n"
text_pae:
    .asciz "pae\n"
text_real:
    .asciz "real\n"
text_long:
    .asciz "long\n"
text_compatibility:
    .asciz "compatibility\n"
text_failed:
    .asciz "failed\n@end status=1\n"
text_end:
    .asciz "@end status=0\n"
text_shutdown:
    .ascii "Shutdown"

    .bss
    .balign 4096
tables:
    .skip 4096
directory:
    .skip 4096
pointers:
    .skip 4096
first_task:
    .skip 104
second_task:
    .skip 104
visits:
    .skip 4
    .balign 4096
task_stack_end:
    .skip 4096
stack_end:

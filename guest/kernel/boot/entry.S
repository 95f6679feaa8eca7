// The two entry points of the kernel: PVH's 32-bit entry (QEMU) and lazyhv's 64-bit entry.

#define PAGE_PRESENT_WRITABLE 0x003
#define PAGE_LARGE_GLOBAL 0x183 // present, writable, 2 MiB, global
#define PAGE_LARGE 0x083        // present, writable, 2 MiB
#define CR0_PE_PG 0x80000001
#define CR4_PAE 0x20
#define MSR_EFER 0xC0000080
#define EFER_LME 0x100

    // XEN_ELFNOTE_PHYS32_ENTRY (Xen's public header elfnote.h): where a PVH loader enters.
    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad pvh_entry

    .section .boot, "awx", @progbits

    // 32-bit protected mode, paging off, EBX = physical address of the start information.
    .code32
    .global pvh_entry
pvh_entry:
    cli
    cld
    movl %ebx, %edi
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    movl %cr0, %eax
    orl $CR0_PE_PG, %eax
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $0x08, $boot_entry

    // 64-bit mode, low memory identity-mapped, IF = 0, flat segments 0x08 and 0x10, no stack,
    // RDI = physical address of the start information.
    .code64
    .global boot_entry
boot_entry:
    movl $0x10, %eax
    movl %eax, %ss
    movl %eax, %ds
    movl %eax, %es
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl %edi, %edi
    movl $boot_pml4, %eax
    movq %rax, %cr3
    movabsq $upper_half_entry, %rax
    jmpq *%rax

    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00AF9B000000FFFF // 64-bit code
    .quad 0x00CF93000000FFFF // data
boot_gdt_pointer:
    .word . - boot_gdt - 1
    .long boot_gdt

    // Page tables that map physical [0, 4 GiB), where the firmware's ACPI tables lie, at linear 0
    // (until the kernel drops that mapping), and [0, 1 GiB) at the kernel base.
    .balign 4096
    .global boot_pml4
boot_pml4:
    .quad boot_pdpt_low + PAGE_PRESENT_WRITABLE
    .fill 510, 8, 0
    .quad boot_pdpt_high + PAGE_PRESENT_WRITABLE
boot_pdpt_low:
    .quad boot_page_directory + PAGE_PRESENT_WRITABLE
    .quad boot_page_directory_above + PAGE_PRESENT_WRITABLE
    .quad boot_page_directory_above + 0x1000 + PAGE_PRESENT_WRITABLE
    .quad boot_page_directory_above + 0x2000 + PAGE_PRESENT_WRITABLE
    .fill 508, 8, 0
    .global boot_pdpt_high
boot_pdpt_high:
    .fill 510, 8, 0
    .quad boot_page_directory + PAGE_PRESENT_WRITABLE
    .quad 0
boot_page_directory:
    .set physical, 0
    .rept 512
    .quad physical + PAGE_LARGE_GLOBAL
    .set physical, physical + 0x200000
    .endr
boot_page_directory_above:
    .rept 3 * 512
    .quad physical + PAGE_LARGE
    .set physical, physical + 0x200000
    .endr

    .text
upper_half_entry:
    movq $boot_task_stack + 16384, %rsp // guest/kernel/tasks/task.h: task_block_size
    xorl %ebp, %ebp
    call kernel_main
    ud2

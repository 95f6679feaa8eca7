// From GRUB (Multiboot2, 32-bit protected mode, no paging) to boot_main in 64-bit mode.
//
// The first page tables map the low 4 GiB twice, at 0 and at the direct map, and the image where
// it is linked; boot/relocate.cpp replaces them.

#include "hypervisor/memory/layout.h"

.set multiboot2_magic, 0xE85250D6
.set multiboot2_bootloader_magic, 0x36D76289

.section .multiboot2, "a"
.balign 8
header_begin:
    .long multiboot2_magic
    .long 0                                     // i386
    .long header_end - header_begin
    .long -(multiboot2_magic + (header_end - header_begin))
    // Entry address, since the ELF entry is a linear address of the upper half.
    .balign 8
    .short 3, 0
    .long 12
    .long LOAD_ADDRESS(multiboot_entry)
    .balign 8
    .short 0, 0
    .long 8
header_end:

.section .text
.code32
.global multiboot_entry
multiboot_entry:
    cli
    cld
    cmpl $multiboot2_bootloader_magic, %eax
    jne halt32
    movl $LOAD_ADDRESS(boot_stack_end), %esp
    movl %ebx, %edi                             // Multiboot2 information, boot_main's argument

    // 64-bit mode is all this code asks of the processor; the rest is checked in words later.
    movl $0x80000001, %eax
    cpuid
    testl $(1 << 29), %edx
    jz halt32

    // Four page directories of 2 MiB pages: the low 4 GiB.
    movl $LOAD_ADDRESS(boot_directories), %ebx
    movl $0x83, %eax                            // present, writable, 2 MiB
    movl $2048, %ecx
1:  movl %eax, (%ebx)
    movl $0, 4(%ebx)
    addl $0x200000, %eax
    addl $8, %ebx
    decl %ecx
    jnz 1b
    movl $LOAD_ADDRESS(boot_directories) + 3, %eax
    movl $LOAD_ADDRESS(boot_low_pointers), %ebx
    movl $4, %ecx
2:  movl %eax, (%ebx)
    addl $4096, %eax
    addl $8, %ebx
    decl %ecx
    jnz 2b
    // The image: 1 GiB at the linked address, shifted by the load address in 4 KiB pages of one
    // table would be too few; a directory of 2 MiB pages cannot shift by 1 MiB, so page tables.
    movl $LOAD_ADDRESS(boot_image_tables), %ebx
    movl $IMAGE_LOAD_ADDRESS + 3, %eax
    movl $(512 * BOOT_IMAGE_TABLES), %ecx
3:  movl %eax, (%ebx)
    movl $0, 4(%ebx)
    addl $4096, %eax
    addl $8, %ebx
    decl %ecx
    jnz 3b
    movl $LOAD_ADDRESS(boot_image_tables) + 3, %eax
    movl $LOAD_ADDRESS(boot_image_directory), %ebx
    movl $BOOT_IMAGE_TABLES, %ecx
4:  movl %eax, (%ebx)
    addl $4096, %eax
    addl $8, %ebx
    decl %ecx
    jnz 4b
    movl $LOAD_ADDRESS(boot_image_directory) + 3, LOAD_ADDRESS(boot_high_pointers) + 510 * 8
    movl $LOAD_ADDRESS(boot_low_pointers) + 3, %eax
    movl %eax, LOAD_ADDRESS(boot_root)
    movl %eax, LOAD_ADDRESS(boot_root) + 256 * 8
    movl $LOAD_ADDRESS(boot_high_pointers) + 3, LOAD_ADDRESS(boot_root) + 511 * 8

    movl $0x620, %eax                           // CR4: PAE, OSFXSR, OSXMMEXCPT
    movl %eax, %cr4
    movl $LOAD_ADDRESS(boot_root), %eax
    movl %eax, %cr3
    movl $0xC0000080, %ecx                      // IA32_EFER: LME
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl $0x80010033, %eax                      // CR0: PG, WP, NE, ET, MP, PE; EM and TS clear
    movl %eax, %cr0
    lgdt LOAD_ADDRESS(boot_gdt_pointer)
    ljmp $8, $LOAD_ADDRESS(enter_long_mode)
// No 64-bit mode, or not started by a Multiboot2 loader: say so on COM1, end Bochs or QEMU, stop.
halt32:
    movl $LOAD_ADDRESS(no_long_mode), %esi
    movw $0x3FB, %dx                            // line control: 8N1
    movb $0x03, %al
    outb %al, %dx
1:  movw $0x3FD, %dx                            // line status: holding register empty
    inb %dx, %al
    testb $0x20, %al
    jz 1b
    movw $0x3F8, %dx
    lodsb
    testb %al, %al
    jz 2f
    outb %al, %dx
    jmp 1b
2:  movl $LOAD_ADDRESS(bochs_exit_word), %esi
    movw $0x8900, %dx
3:  lodsb
    outb %al, %dx
    testb %al, %al
    jnz 3b
    movb $1, %al
    outb %al, $0xF4
4:  hlt
    jmp 4b

.code64
enter_long_mode:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movabsq $boot_stack_end, %rsp
    movl %edi, %edi
    movabsq $boot_main, %rax
    call *%rax
1:  hlt
    jmp 1b

.section .rodata
.balign 8
boot_gdt:
    .quad 0
    .quad 0x00AF9B000000FFFF                    // 64-bit code, ring 0
    .quad 0x00CF93000000FFFF                    // data, ring 0
no_long_mode:
    .asciz "lazyhv: error: this CPU has no 64-bit mode, or no Multiboot2 loader started the monitor; choose another --cpu\n@end status=1\n"
bochs_exit_word:
    .asciz "Shutdown"
.balign 8
boot_gdt_pointer:
    .short 3 * 8 - 1
    .quad LOAD_ADDRESS(boot_gdt)

.section .bss
.balign 4096
boot_root:            .skip 4096
boot_low_pointers:    .skip 4096
boot_high_pointers:   .skip 4096
boot_directories:     .skip 4 * 4096
boot_image_directory: .skip 4096
boot_image_tables:    .skip BOOT_IMAGE_TABLES * 4096
.balign 16
boot_stack:           .skip 16384
boot_stack_end:

// Boot, the entries of all vectors, and the way into a case and out of it.

#define PAGE_PRESENT_WRITABLE 0x003
#define PAGE_LARGE 0x083          // present, writable, 2 MiB
#define PAGE_LARGE_UNCACHED 0x09B // and write-through, cache disabled
#define LOCAL_APIC 0xFEE00000
#define LOCAL_APIC_DIRECTORY_INDEX 503

// Layout of a SavedState (events.h).
#define STATE_RAX 0
#define STATE_RSP 32
#define STATE_VECTOR 128
#define STATE_DR7 136

    .section .boot, "awx", @progbits
    .code64
    // 64-bit mode, low memory identity-mapped, RDI = physical address of the start information.
    .global boot_entry
boot_entry:
    movl $boot_pml4, %eax
    movq %rax, %cr3
    movabsq $upper_half_entry, %rax
    jmpq *%rax

    // [0, 4 GiB) at linear 0 until the window takes its place; [0, 1 GiB) at the kernel base; the
    // local APIC.
    .balign 4096
    .global boot_pml4
boot_pml4:
    .quad boot_pdpt_low + PAGE_PRESENT_WRITABLE
    .fill 510, 8, 0
    .quad boot_pdpt_high + PAGE_PRESENT_WRITABLE
boot_pdpt_low:
    .quad boot_page_directory + PAGE_PRESENT_WRITABLE
    .fill 511, 8, 0
boot_pdpt_high:
    .fill 510, 8, 0
    .quad boot_page_directory + PAGE_PRESENT_WRITABLE
    .quad boot_directory_of_devices + PAGE_PRESENT_WRITABLE
boot_page_directory:
    .set physical, 0
    .rept 512
    .quad physical + PAGE_LARGE
    .set physical, physical + 0x200000
    .endr
boot_directory_of_devices:
    .fill LOCAL_APIC_DIRECTORY_INDEX, 8, 0
    .quad LOCAL_APIC + PAGE_LARGE_UNCACHED
    .fill 511 - LOCAL_APIC_DIRECTORY_INDEX, 8, 0

    .text
upper_half_entry:
    movq $kernel_stack_top, %rsp
    xorl %ebp, %ebp
    call kernel_main
    ud2

// SAVE REGISTERS of a case in the state STATE; RAX is there already, and EAX is the vector.
.macro save state
    movl %eax, \state + STATE_VECTOR(%rip)
    movq %rcx, \state + 8(%rip)
    movq %rdx, \state + 16(%rip)
    movq %rbx, \state + 24(%rip)
    movq %rsp, \state + STATE_RSP(%rip)
    movq %rbp, \state + 40(%rip)
    movq %rsi, \state + 48(%rip)
    movq %rdi, \state + 56(%rip)
    movq %r8, \state + 64(%rip)
    movq %r9, \state + 72(%rip)
    movq %r10, \state + 80(%rip)
    movq %r11, \state + 88(%rip)
    movq %r12, \state + 96(%rip)
    movq %r13, \state + 104(%rip)
    movq %r14, \state + 112(%rip)
    movq %r15, \state + 120(%rip)
    // From here on no breakpoint of the case matters.
    movq %db7, %rax
    movq %rax, \state + STATE_DR7(%rip)
    movl $0x400, %eax
    movq %rax, %db7
    cld
.endm

// Back into the case, with the frame that RSP points to; without the error code, if there was one.
.macro resume state
    movq \state + STATE_DR7(%rip), %rax
    movq %rax, %db7
    movq \state + 0(%rip), %rax
    movq \state + 8(%rip), %rcx
    movq \state + 16(%rip), %rdx
    movq \state + 24(%rip), %rbx
    movq \state + 40(%rip), %rbp
    movq \state + 48(%rip), %rsi
    movq \state + 56(%rip), %rdi
    movq \state + 64(%rip), %r8
    movq \state + 72(%rip), %r9
    movq \state + 80(%rip), %r10
    movq \state + 88(%rip), %r11
    movq \state + 96(%rip), %r12
    movq \state + 104(%rip), %r13
    movq \state + 112(%rip), %r14
    movq \state + 120(%rip), %r15
    movq \state + STATE_RSP(%rip), %rsp
    iretq
.endm

    // Every vector but 1 saves the registers in general_state. A #DB may come at the first
    // instruction of another entry (a data breakpoint on the stack of an exception), and has a
    // stack and a state of its own.
    .balign 32
    .global vector_entries
vector_entries:
    .set vector, 0
    .rept 256
    .balign 32
    .if vector == 1
    movq %rax, debug_state + STATE_RAX(%rip)
    movl $vector, %eax
    jmp debug_entry
    .else
    movq %rax, general_state + STATE_RAX(%rip)
    movl $vector, %eax
    jmp general_entry
    .endif
    .set vector, vector + 1
    .endr

    .balign 32
    .global syscall_landing
syscall_landing:
    movq %rax, general_state + STATE_RAX(%rip)
    movl $0x100, %eax
    jmp general_entry
    .balign 32
    .global sysenter_landing
sysenter_landing:
    movq %rax, general_state + STATE_RAX(%rip)
    movl $0x101, %eax
    jmp general_entry

general_entry:
    save general_state
    movq $handler_stack_top, %rsp
    movq $general_state, %rdi
    call handle_event
    resume general_state

debug_entry:
    save debug_state
    movq $debug_handler_stack_top, %rsp
    movq $debug_state, %rdi
    call handle_event
    resume debug_state

// enter_case(EntryState*): run_case.h has the layout. Returns by leave_case.
    .global enter_case
enter_case:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, kernel_stack_pointer(%rip)
    movq %rdi, %rsp
    popq %rax
    popq %rcx
    popq %rdx
    popq %rbx
    popq %rbp // RSP is in the frame
    popq %rbp
    popq %rsi
    popq %rdi
    popq %r8
    popq %r9
    popq %r10
    popq %r11
    popq %r12
    popq %r13
    popq %r14
    popq %r15
    iretq

    .global leave_case
leave_case:
    movq kernel_stack_pointer(%rip), %rsp
    movl $0x10, %eax
    movl %eax, %ss
    pushq $2
    popfq
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    .bss
    .balign 16
kernel_stack_pointer:
    .skip 8
    .balign 16
    .global general_state
general_state:
    .skip 144
    .balign 16
    .global debug_state
debug_state:
    .skip 144
    .balign 4096
    .skip 16384
kernel_stack_top:
    .skip 8192
handler_stack_top:
    .skip 8192
debug_handler_stack_top:

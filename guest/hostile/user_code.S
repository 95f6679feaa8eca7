    .text
    .global hostile_user_vmcall
hostile_user_vmcall:
    vmcall
    ud2

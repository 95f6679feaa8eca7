# Fails if an instruction of the ROM's entries uses the stack for anything but RFLAGS, CALL and RET. They
# keep RFLAGS on the stack without the compiler knowing it (vmi_rom/machine.h). get_reloc does not.
#
# cmake -DOBJDUMP=objdump "-DOBJECTS=a.o b.o" -P check_stack.cmake
separate_arguments(OBJECTS)
execute_process(COMMAND ${OBJDUMP} -d --no-show-raw-insn ${OBJECTS}
    OUTPUT_VARIABLE code COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "[^\n]*(push +%|pop +%|\\(%rsp|,%rsp|%rsp,)[^\n]*" line "${code}")
if(line)
    message(FATAL_ERROR "The stack is used while RFLAGS is kept on it: ${line}")
endif()

# Fails if an instruction of the ROM uses the stack but for RFLAGS, CALL and RET: entries keep RFLAGS
# on it where the compiler does not know (vmi_rom/machine.h).
#
# cmake -DOBJDUMP=objdump "-DOBJECTS=a.o b.o" -P check_stack.cmake
separate_arguments(OBJECTS)
execute_process(COMMAND ${OBJDUMP} -d --no-show-raw-insn ${OBJECTS}
    OUTPUT_VARIABLE code COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "[^\n]*(push +%|pop +%|\\(%rsp|,%rsp|%rsp,)[^\n]*" line "${code}")
if(line)
    message(FATAL_ERROR "The stack is used while RFLAGS lie on it: ${line}")
endif()

# Fails if an instruction of the ROM's entries uses the stack for anything but RFLAGS, CALL and RET while they
# keep RFLAGS on it without the compiler knowing it (vmi_rom/machine.h). get_reloc does not.
#
# In code for 64-bit kernels no instruction may, anywhere. In code for 32-bit kernels, which have fewer
# registers, functions may save some before PUSHF, and restore them directly before RET.
#
# cmake -DOBJDUMP=objdump "-DOBJECTS=a.o;b.o" -P check_stack.cmake
execute_process(COMMAND ${OBJDUMP} -d --no-show-raw-insn ${OBJECTS}
    OUTPUT_VARIABLE code COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE ";" "" code "${code}")
string(REGEX REPLACE "(pop +%e[a-z]+ *\n([^\n]*:\t(xor|mov) [^\n]*\n)*[^\n]*:\t)+ret" "ret" code "${code}")
string(REGEX MATCHALL "<[^>\n]+>:\n([^\n]+\n)+" functions "${code}")
foreach(function IN LISTS functions)
    string(REGEX REPLACE "^(<[^>\n]+>:\n)(.*)" "\\1" name "${function}")
    if(code MATCHES "elf32-i386")
        if(NOT name MATCHES "\\.cold>") # the rest of a function, from its middle
            string(FIND "${function}" "\tpushf" start)
            if(start EQUAL -1)
                continue()
            endif()
            string(SUBSTRING "${function}" ${start} -1 function)
        endif()
    endif()
    string(REGEX MATCH "[^\n]*(push +[$%]|pop +%|\\(%[re]sp|,%[re]sp|%[re]sp,)[^\n]*" line "${function}")
    if(line)
        message(FATAL_ERROR "${name}The stack is used while RFLAGS is kept on it: ${line}")
    endif()
endforeach()

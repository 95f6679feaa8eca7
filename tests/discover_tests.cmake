# The build runs this after it has linked a program of GoogleTest tests, and gets a CTest test
# PREFIX.SUITE.TEST for each of them. Unlike gtest_discover_tests it leaves out of the names what
# GoogleTest prints of parameters, and the names of instantiations.
# cmake -D PROGRAM=system_tests -D PREFIX=system -D TIMEOUT=300 -D OUTPUT=file -P discover_tests.cmake
execute_process(COMMAND ${PROGRAM} --gtest_list_tests OUTPUT_VARIABLE listing
    COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "[ ]*#[^\n]*" "" listing "${listing}")
string(REPLACE "\n" ";" lines "${listing}")

set(script "")
foreach(line IN LISTS lines)
    if(line MATCHES "^([^ ]+)\\.$")
        set(suite "${CMAKE_MATCH_1}")
        string(REGEX REPLACE "^.*/" "" shown_suite "${suite}")
    elseif(line MATCHES "^  ([^ ]+)$")
        set(test "${CMAKE_MATCH_1}")
        set(name "${PREFIX}.${shown_suite}.${test}")
        string(LENGTH "${name}" length)
        if(length GREATER 70) # `lazyhv test` prints lines below 100 columns
            message(FATAL_ERROR "the name of a test is longer than 70 characters: ${name}")
        endif()
        string(APPEND script
            "add_test([=[${name}]=] [=[${PROGRAM}]=] [=[--gtest_filter=${suite}.${test}]=])\n"
            "set_tests_properties([=[${name}]=] PROPERTIES TIMEOUT ${TIMEOUT})\n")
    endif()
endforeach()
if(NOT script)
    message(FATAL_ERROR "${PROGRAM} lists no tests")
endif()
file(WRITE ${OUTPUT} "${script}")

# The build runs this after it has linked unit_tests. It writes one CTest test for each GoogleTest
# test suite: a process for each test case would spend most of its time on starting up.
# cmake -D PROGRAM=unit_tests -D OUTPUT=file -D COVERAGE=coverage.sh -D BUILD_FOLDER=folder
#     -P discover_suites.cmake
#
# Line coverage: the counters are cleared before the first suite and reported after the last one. With
# an empty COVERAGE nothing is counted.
execute_process(COMMAND ${PROGRAM} --gtest_list_tests OUTPUT_VARIABLE listing
    COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "(^|\n)[^ \n][^ \n]*\\.[^\n]*" lines "${listing}")

set(script "")
set(names "")
foreach(line IN LISTS lines)
    string(REGEX REPLACE "^\n?([^ ]*)\\..*$" "\\1" suite "${line}")
    set(name "unit.${suite}")
    list(APPEND names "${name}")
    string(APPEND script "add_test([=[${name}]=] [=[${PROGRAM}]=] [=[--gtest_filter=${suite}.*]=] "
        "--gtest_brief=1)\n")
    if(COVERAGE)
        string(APPEND script "set_tests_properties([=[${name}]=] PROPERTIES "
            "FIXTURES_REQUIRED coverage_counters)\n")
    endif()
endforeach()
if(NOT names)
    message(FATAL_ERROR "${PROGRAM} lists no tests")
endif()
if(COVERAGE)
    list(JOIN names ";" depends)
    string(APPEND script "add_test(coverage.clear [=[${COVERAGE}]=] [=[${BUILD_FOLDER}]=] clear)\n"
        "set_tests_properties(coverage.clear PROPERTIES FIXTURES_SETUP coverage_counters)\n"
        "add_test(coverage.report [=[${COVERAGE}]=] [=[${BUILD_FOLDER}]=] report)\n"
        "set_tests_properties(coverage.report PROPERTIES DEPENDS [=[${depends}]=])\n")
endif()
file(WRITE ${OUTPUT} "${script}")

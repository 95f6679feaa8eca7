# Writes the manual pages of the lazyhv command, one for each of its commands, and the scripts that
# complete its command line. All of it is what the program says of itself.
# cmake -D PROGRAM=lazyhv -D HELP2MAN=help2man -D FOLDER=folder -P manual_pages.cmake
execute_process(COMMAND ${PROGRAM} --help OUTPUT_VARIABLE help COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "^.*\nSubcommands:\n" "" commands "${help}")
string(REGEX REPLACE "\n\n.*$" "" commands "${commands}")
string(REGEX MATCHALL "(^|\n)  [a-z-]+" commands "${commands}")
list(TRANSFORM commands STRIP)
if(NOT commands)
    message(FATAL_ERROR "${PROGRAM} --help lists no commands")
endif()

# page NAME WORDS...: of `lazyhv WORDS`
function(page name)
    execute_process(COMMAND ${PROGRAM} ${ARGN} --help OUTPUT_VARIABLE text
        COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX REPLACE "^(lazyhv: )?([^\n]*)\n.*$" "\\2" summary "${text}")
    list(JOIN ARGN " " words)
    execute_process(COMMAND_ERROR_IS_FATAL ANY
        COMMAND ${HELP2MAN} --no-info "--name=${summary}" "--version-string=${name} (lazyhv) 0"
            "--help-option=${words} --help" --output=${FOLDER}/man1/${name}.1 ${PROGRAM})
endfunction()

file(MAKE_DIRECTORY ${FOLDER}/man1)
page(lazyhv)
foreach(command IN LISTS commands)
    page(lazyhv-${command} ${command})
endforeach()
foreach(shell IN ITEMS bash zsh fish)
    execute_process(COMMAND ${PROGRAM} completion ${shell} OUTPUT_FILE ${FOLDER}/${shell}
        COMMAND_ERROR_IS_FATAL ANY)
endforeach()

# The flags everything is built with. Two worlds: what runs on the developer's host, and what runs
# on the bare (or emulated) machine.

add_library(lazyhv_warnings INTERFACE)
target_compile_options(lazyhv_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:C,CXX>:-Wall;-Wextra;-Wconversion;-Wshadow;-Werror>)
target_include_directories(lazyhv_warnings INTERFACE ${CMAKE_SOURCE_DIR})

# Programs of the developer's host.
add_library(lazyhv_hosted INTERFACE)
target_link_libraries(lazyhv_hosted INTERFACE lazyhv_warnings)

# Code without an operating system: no exceptions, RTTI, floating point, vector or red-zone use.
add_library(lazyhv_freestanding INTERFACE)
target_link_libraries(lazyhv_freestanding INTERFACE lazyhv_warnings)
target_compile_options(lazyhv_freestanding INTERFACE
    -ffreestanding -fno-stack-protector -mno-red-zone -fcf-protection=none
    -fno-asynchronous-unwind-tables -fno-unwind-tables -O2 -g
    $<$<COMPILE_LANGUAGE:C,CXX>:-mgeneral-regs-only;-fno-strict-aliasing>
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions;-fno-rtti;-fno-threadsafe-statics;-fno-use-cxa-atexit>)
target_link_options(lazyhv_freestanding INTERFACE
    -nostdlib -static -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096
    -Wl,--no-warn-rwx-segments -Wl,--fatal-warnings)

# Sanitizers for unit tests.
add_library(lazyhv_sanitized INTERFACE)
target_compile_options(lazyhv_sanitized INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1)
target_link_options(lazyhv_sanitized INTERFACE -fsanitize=address,undefined)

# Counts the lines that unit tests run (tests/coverage/).
add_library(lazyhv_covered INTERFACE)
target_compile_options(lazyhv_covered INTERFACE --coverage)
target_link_options(lazyhv_covered INTERFACE --coverage)

# Leaves the debug information of an image to a file beside it, NAME.debug, where debuggers find it:
# the boot loader reads the image from an emulated CD, and it is nine tenths of it.
function(split_debug_information TARGET)
    add_custom_command(TARGET ${TARGET} POST_BUILD VERBATIM
        COMMAND ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:${TARGET}>
            $<TARGET_FILE:${TARGET}>.debug
        COMMAND ${CMAKE_OBJCOPY} --strip-debug --add-gnu-debuglink=$<TARGET_FILE:${TARGET}>.debug
            $<TARGET_FILE:${TARGET}>)
endfunction()

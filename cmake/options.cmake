# The flags that everything is built with. There are two kinds of code: programs that run on the
# developer's host, and code that runs on the bare (or emulated) machine. The presets
# (CMakePresets.json) choose the options; without a preset the build is that of ./lazyhv.

option(LAZYHV_SANITIZE
    "Unit tests run under AddressSanitizer and UndefinedBehaviorSanitizer" ON)
option(LAZYHV_COVERAGE
    "Unit tests count the lines of the monitor and the ROM that they run" ON)

add_library(lazyhv_warnings INTERFACE)
target_compile_options(lazyhv_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:C,CXX>:-Wall;-Wextra;-Wconversion;-Wshadow;-Werror>)
target_include_directories(lazyhv_warnings INTERFACE ${CMAKE_SOURCE_DIR})

# Programs that run on the developer's host. GCC spends a quarter of their build on noting where each
# variable is in optimised code; the preset "debug" is for looking at variables.
add_library(lazyhv_hosted INTERFACE)
target_link_libraries(lazyhv_hosted INTERFACE lazyhv_warnings)
target_compile_options(lazyhv_hosted INTERFACE
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-var-tracking-assignments>)

# Code without an operating system: no exceptions, no RTTI, no floating-point or vector registers, no
# red zone. Its optimisation does not depend on the build type, so that counts of instructions are the
# same in every build.
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

# The same for 32-bit code, with the calling convention of 32-bit kernels.
add_library(lazyhv_freestanding_i386 INTERFACE)
target_link_libraries(lazyhv_freestanding_i386 INTERFACE lazyhv_freestanding)
target_compile_options(lazyhv_freestanding_i386 INTERFACE -m32 -march=i686 -mtune=generic
    $<$<COMPILE_LANGUAGE:C,CXX>:-mregparm=3>)
target_link_options(lazyhv_freestanding_i386 INTERFACE -m32)

# For the unit tests and the libraries that only they link.
add_library(lazyhv_sanitized INTERFACE)
if(LAZYHV_SANITIZE)
    target_compile_options(lazyhv_sanitized INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1)
    target_link_options(lazyhv_sanitized INTERFACE -fsanitize=address,undefined)
endif()

# For the libraries whose lines tests/coverage/ counts.
add_library(lazyhv_covered INTERFACE)
if(LAZYHV_COVERAGE)
    target_compile_options(lazyhv_covered INTERFACE --coverage)
    target_link_options(lazyhv_covered INTERFACE --coverage)
endif()

# Moves the debug information of an image to a file next to it, NAME.debug, where debuggers find it.
# It is nine tenths of the image, which the boot loader reads from an emulated CD.
function(split_debug_information TARGET)
    add_custom_command(TARGET ${TARGET} POST_BUILD VERBATIM
        COMMAND ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:${TARGET}>
            $<TARGET_FILE:${TARGET}>.debug
        COMMAND ${CMAKE_OBJCOPY} --strip-debug --add-gnu-debuglink=$<TARGET_FILE:${TARGET}>.debug
            $<TARGET_FILE:${TARGET}>)
endfunction()

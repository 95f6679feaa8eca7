// Any bytes as an instruction: to the decoder of trapped stores, and to the interpreter of start-up
// code.

#include "tests/fuzz/decoded_store.h"
#include "tests/fuzz/startup_run.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input{{data, size}};
    if (input.flag())
        hv::fuzz::check_startup(input);
    else
        fuzz::check_decoded_store(input);
    return 0;
}

#include "tests/unit/fake/debug_console.h"

#include "hypervisor/host/processor/debug_console.h"

namespace test {

std::vector<std::uint8_t> debug_console;

} // namespace test

namespace hv::cpu {

void write_debug_console(const std::uint8_t* bytes, std::size_t size) {
    test::debug_console.insert(test::debug_console.end(), bytes, bytes + size);
}

} // namespace hv::cpu

#include "tests/fuzz/guest_mode.h"

namespace hv::fuzz {

void enter_mode(FuzzMachine& machine, Mode mode) {
    const bool user = mode != Mode::kernel;
    constexpr std::uint64_t user_selector = 0x33;
    constexpr std::uint64_t code_64 = 0xA09B;
    constexpr std::uint64_t code_32 = 0xC09B;
    constexpr std::uint64_t data = 0xC093;
    constexpr std::uint64_t ring_3 = 0x60;
    const std::uint64_t rights = user ? ring_3 : 0;
    machine.field(Field::guest_cs_selector) = user ? user_selector : test::KernelMachine::code;
    machine.field(Field::guest_ss_selector) = user ? user_selector : test::KernelMachine::data;
    machine.field(Field::guest_cs_access_rights) =
        (mode == Mode::user_compatibility ? code_32 : code_64) | rights;
    machine.field(Field::guest_ss_access_rights) = data | rights;
}

} // namespace hv::fuzz

// What the ROM's code does that a host program cannot: VMCALL, MOV to CR3 and the like, on the
// guest that was selected last. (Interrupts: tests/unit/vmi_rom/interrupted_producer_test.cpp.)

#include "tests/differential/guest.h"
#include "vmi_rom/machine.h"

#include <stdexcept>

namespace differential {

namespace {

std::uint64_t hypercalls = 0;
std::uint64_t flushes = 0;

} // namespace

std::uint64_t rom_hypercalls() { return hypercalls; }
std::uint64_t rom_flushes() { return flushes; }

} // namespace differential

namespace rom {

abi::VcpuArea& area() { return differential::selected_guest().machine().area(); }

const std::uint8_t* image_base() { return nullptr; }

void step() {}

std::uint64_t vmcall(abi::Call call, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    ++differential::hypercalls;
    differential::flushes += call == abi::Call::flush ? 1U : 0U;
    return differential::selected_guest().vmcall(call, a, b, c);
}

std::uint64_t flush() { return vmcall(abi::Call::flush); }

void disable_interrupts() {}

void restore_interrupts() {}

void keep_interrupts_off() {}

void load_root(std::uint64_t loaded, std::uint64_t guest_root) {
    differential::selected_guest().load_root(loaded, guest_root);
}

void drop_translations() {
    differential::Guest& guest = differential::selected_guest();
    guest.drop_all(guest.machine().vcpu().number);
}

void wait_for_interrupt() { throw std::logic_error("HLT"); }

void stop() { throw std::logic_error("the call came back"); }

} // namespace rom

#pragma once
// Several machines in one program: which of them the monitor's code works on.

#include <cstdint>

namespace hv::test {

class Machine;

/// From now on it is Machine::current(). The caller gives direct_map_origin back the value that it
/// had when the machine had been made.
void make_current(Machine& machine);

/// An NMI for the processor with this identifier, of the current machine: if it runs the guest it
/// exits, as Machine::kicks_end_late says.
void send_kick(std::uint32_t apic_id);

} // namespace hv::test

#pragma once
// Several machines in one program: which of them the monitor's code works on.

namespace hv::test {

class Machine;

/// From now on it is Machine::current(). The caller gives direct_map_origin back the value that it
/// had when the machine had been made.
void make_current(Machine& machine);

} // namespace hv::test

#pragma once
// What tests of protected descriptor tables have in common: a machine of profile `hardened` whose
// kernel has loaded all of them.

#include "hypervisor/registers/descriptor_registers.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {

class TablesCase : public ::testing::Test {
  protected:
    HardenedMachine machine;
    Vcpu& vcpu = machine.vcpu();
    ProtectedTables& tables = vcpu.tables;

    static constexpr std::uint64_t tls = 0x00CFF2000000FFFF; ///< ring-3 data, not yet accessed
    static constexpr std::uint64_t accessed = std::uint64_t{1} << 40;
    static constexpr std::uint64_t call_gate = 0x00008C0000080000;

    EptRights rights(std::uint64_t linear) {
        return static_cast<EptRights>(machine.machine().ept.leaf(machine.physical(linear)) & 7);
    }
    std::uint64_t gate_low(std::uint64_t offset) {
        return GateDescriptor::make(offset, HardenedMachine::code, 14, 0, 0).low;
    }
};

} // namespace hv::test

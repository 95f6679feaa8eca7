#pragma once
// What tests of VM exits have in common: a machine of profile `hardened`, and exits whose fields
// are set.

#include "hypervisor/exits/exit_handlers.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace hv::test {

class Exits : public ::testing::Test {
  protected:
    HardenedMachine machine;
    Vcpu& vcpu = machine.vcpu();

    void exit_with(abi::ExitReason reason, std::uint64_t qualification = 0) {
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        machine.fields[Field::exit_qualification] = qualification;
        machine.fields[Field::vm_exit_instruction_length] = 2;
        machine.fields[Field::vm_entry_interruption_information] = 0;
        machine.fields[Field::guest_rip] = 0x1000;
        handle_vm_exit(vcpu.registers);
    }
    void out(std::uint16_t port, std::uint32_t size, std::uint64_t value) {
        vcpu.registers.rax = value;
        exit_with(abi::ExitReason::io_instruction, std::uint64_t{port} << 16 | (size - 1));
    }
    bool faulted(std::uint8_t vector = 13) {
        return (machine.fields[Field::vm_entry_interruption_information] & 0x800000FF) ==
                   (0x80000000U | vector) &&
               machine.fields[Field::guest_rip] == 0x1000;
    }
};

} // namespace hv::test

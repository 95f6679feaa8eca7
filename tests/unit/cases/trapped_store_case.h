#pragma once
// Stores of the guest to its protected descriptor tables, as VM exits on hardened.

#include "hypervisor/exits/exit_handlers.h"
#include "tests/unit/cases/tables_case.h"

#include <cstring>
#include <initializer_list>
#include <vector>

namespace hv::test {

class TrappedStoreCase : public TablesCase {
  protected:
    static constexpr std::uint64_t code_page = 0x400000;

    void exit_with(std::initializer_list<std::uint8_t> code, std::uint64_t gpa) {
        exit_with(std::vector<std::uint8_t>(code), gpa);
    }
    void exit_with(const std::vector<std::uint8_t>& code, std::uint64_t gpa) {
        std::memcpy(direct_pointer(code_page), code.data(), code.size());
        machine.fields[Field::guest_rip] = Machine::linear_base + code_page;
        machine.fields[Field::guest_cs_access_rights] = 0xA09B;
        machine.fields[Field::guest_physical_address] = gpa;
        machine.fields[Field::exit_qualification] = 0x182; // write, linear address valid
        machine.fields[Field::exit_reason] =
            static_cast<std::uint64_t>(abi::ExitReason::ept_violation);
        machine.fields[Field::vm_entry_interruption_information] = 0;
        handle_vm_exit(vcpu.registers);
    }
    std::uint64_t count(abi::MemoryAccess kind) {
        return vcpu.statistics.memory[static_cast<std::uint32_t>(kind)];
    }
};

} // namespace hv::test

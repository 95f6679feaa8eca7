#pragma once
// What tests of shadow paging have in common: a machine of profile `classic`, its processor, and
// the shadow entries that stand for a linear address.

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/x86/control_register.h"
#include "shared/call_number.h"
#include "tests/unit/fake/shadow_processor.h"

#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>

namespace hv::test {

class ClassicCase : public ::testing::Test {
  protected:
    explicit ClassicCase(std::uint32_t shadow_tables = 256, bool unaware = false,
                         std::uint32_t vcpus = 1)
        : machine{shadow_tables, vcpus, unaware} {
        machine.fields[Field::guest_cs_access_rights] = 0xA09B;
        machine.fields[Field::guest_ss_access_rights] = 0xC093;
        set_code({0x48, 0x89, 0x17}); // mov %rdx,(%rdi)
    }

    ClassicMachine machine;
    Vcpu& vcpu = machine.vcpu();
    ShadowTables& shadows = machine.shadows();
    Random random{1};
    ShadowProcessor cpu{machine, random};

    static constexpr std::uint64_t code_page = 0x400000;
    static constexpr std::uint64_t page = 0x10000; ///< a linear address of the user's half
    static constexpr std::uint64_t used = paging::accessed | paging::dirty;
    static constexpr std::uint32_t write = fault_code::write;

    void set_code(std::initializer_list<std::uint8_t> code) {
        std::memcpy(direct_pointer(code_page), std::data(code), code.size());
    }
    /// An access that the shadow does not allow, at CPL 0.
    void fault(std::uint64_t linear, std::uint32_t code = 0) {
        machine.fields[Field::guest_rip] = Machine::linear_base + code_page;
        vcpu.registers.rdi = linear;
        cpu.fault(linear, code);
    }
    /// A store of the kernel's, through its map of all memory.
    void store(std::uint64_t gpa, std::uint64_t value) {
        vcpu.registers.rdx = value;
        const std::uint64_t linear = Machine::linear_base + gpa;
        for (int attempt = 0; attempt < 4; ++attempt) {
            if (cpu.translate(linear, {.write = true}).translated) {
                machine.word(gpa) = value;
                return;
            }
            fault(linear, write);
            if (machine.fields[Field::guest_rip] != Machine::linear_base + code_page ||
                event() != 0)
                return;
        }
    }
    std::uint64_t event() { return machine.fields[Field::vm_entry_interruption_information]; }
    bool refused() { return (event() & 0x800000FF) == 0x8000000D; }
    bool reflected(std::uint32_t code) {
        return event() == 0x80000B0E &&
               machine.fields[Field::vm_entry_exception_error_code] == code;
    }

    /// The guest's entry for a linear address at a level, below the root in use.
    std::uint64_t guest_entry(std::uint64_t linear, int level) {
        std::uint64_t table = guest_cr3(vcpu);
        for (int current = 4; current > level; --current)
            table = machine.word(table + FourLevelPaging::index(linear, current) * 8) &
                    paging::address_mask;
        return table + FourLevelPaging::index(linear, level) * 8;
    }
    /// The shadow's entry; 0 when nothing leads there.
    std::uint64_t shadow_entry(std::uint64_t linear, int level) {
        std::uint64_t table = machine.fields[Field::guest_cr3];
        for (int current = 4; current > level; --current) {
            table = machine.hardware_word(table + FourLevelPaging::index(linear, current) * 8) &
                    paging::address_mask;
            if (table == 0)
                return 0;
        }
        return machine.hardware_word(table + FourLevelPaging::index(linear, level) * 8);
    }
    /// Without the mark that is the monitor's own.
    std::uint64_t leaf(std::uint64_t linear) {
        return shadow_entry(linear, 1) & ~shadow_bits::listed;
    }
    /// Maps `linear` to a new page, which is returned.
    std::uint64_t map_page(std::uint64_t linear, std::uint64_t bits) {
        const std::uint64_t gpa = machine.take_guest_page();
        machine.map(machine.root, linear, gpa, bits);
        return gpa;
    }
    Frame& frame(std::uint64_t gpa) { return *machine.machine().frames.of_address(gpa); }
    std::uint64_t count(abi::MemoryAccess kind) {
        return vcpu.statistics.memory[static_cast<std::uint32_t>(kind)];
    }
    void exit(abi::ExitReason reason, std::uint64_t qualification) {
        machine.fields[Field::exit_qualification] = qualification;
        machine.fields[Field::vm_exit_instruction_length] = 3;
        machine.fields[Field::guest_rip] = Machine::linear_base + code_page;
        cpu.exit(reason);
    }
    void move_to_cr3(std::uint64_t value) {
        vcpu.registers.rbx = value;
        exit(abi::ExitReason::cr_access, 3 | 3 << 8);
    }
    abi::Error call(abi::Call number, std::uint64_t first, std::uint64_t second = 0,
                    std::uint64_t third = 0) {
        vcpu.registers.rax = static_cast<std::uint64_t>(number);
        vcpu.registers.rdi = first;
        vcpu.registers.rsi = second;
        vcpu.registers.rdx = third;
        exit(abi::ExitReason::vmcall, 0);
        return static_cast<abi::Error>(vcpu.registers.rax);
    }
    /// A root with the kernel's half, and nothing else.
    std::uint64_t make_bare_root() {
        const std::uint64_t root = machine.take_guest_page();
        machine.word(root + 511 * 8) = machine.word(machine.root + 511 * 8);
        return root;
    }
};

} // namespace hv::test

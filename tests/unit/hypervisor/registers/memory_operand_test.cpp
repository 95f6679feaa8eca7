// Operands of the instructions on descriptor-table registers: what the processor does for them. The
// right values are those of the bare machine in Bochs.

#include "hypervisor/vmx/guest_state.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/page_fault.h"
#include "hypervisor/x86/rflags.h"
#include "tests/unit/cases/trapped_store_case.h"

namespace hv::test {
namespace {

using abi::ExitReason;

enum Instruction : std::uint32_t { sgdt, sidt, lgdt, lidt };
enum SelectorInstruction : std::uint32_t { sldt, str, lldt, ltr };

constexpr std::uint32_t displacement_alone = 1U << 22 | 1U << 27;
constexpr std::uint32_t address_32 = 1U << 7;
constexpr std::uint32_t address_64 = 2U << 7;
constexpr std::uint32_t in_ds = 3U << 15;
constexpr std::uint32_t in_ss = 2U << 15;
constexpr std::uint64_t window = 0xFFFFC00000000000;
constexpr std::uint64_t writable = 3; ///< and present
constexpr std::uint64_t used = 0x60;  ///< accessed and dirty

class MemoryOperandOf : public TrappedStoreCase {
  protected:
    const std::uint64_t first = machine.take_guest_page();
    const std::uint64_t second = machine.take_guest_page();

    MemoryOperandOf() {
        machine.fields[Field::guest_cs_access_rights] = 0xA09B;
        map(first | writable, second | writable);
    }
    void map(std::uint64_t one, std::uint64_t two) {
        machine.map(machine.root, window, 0, one);
        machine.map(machine.root, window + page_size, 0, two);
    }
    std::uint64_t entry(std::uint32_t index) {
        std::uint64_t table = machine.root;
        for (int level = 4; level > 1; --level)
            table = machine.word(table + (window >> (12 + 9 * (level - 1)) & 0x1FF) * 8) &
                    paging::address_mask;
        return machine.word(table + ((window >> 12 & 0x1FF) + index) * 8) & 0xFFF;
    }
    void exit(ExitReason reason, std::uint32_t information, std::uint64_t displacement) {
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        machine.fields[Field::vm_exit_instruction_information] = information;
        machine.fields[Field::exit_qualification] = displacement;
        machine.fields[Field::vm_entry_interruption_information] = 0;
        handle_vm_exit(vcpu.registers);
    }
    void run(Instruction instruction, std::uint64_t displacement,
             std::uint32_t form = address_64 | in_ds) {
        exit(ExitReason::gdtr_idtr, instruction << 28 | form | displacement_alone, displacement);
    }
    void in_compatibility_mode(std::uint32_t ds_rights, std::uint64_t base, std::uint32_t limit) {
        machine.fields[Field::guest_cs_access_rights] = 0xC09B;
        machine.fields[Field::guest_ds_access_rights] = ds_rights;
        machine.fields[Field::guest_ds_base] = base;
        machine.fields[Field::guest_ds_limit] = limit;
    }
    std::uint32_t event() {
        return static_cast<std::uint32_t>(machine.fields[Field::vm_entry_interruption_information] &
                                          0xFF);
    }
    std::uint64_t error_code() { return machine.fields[Field::vm_entry_exception_error_code]; }
    bool done() { return machine.fields[Field::vm_entry_interruption_information] == 0; }
};

TEST_F(MemoryOperandOf, AStoreSetsAccessedAndDirtyBits) {
    run(sgdt, window + 8);
    EXPECT_TRUE(done());
    EXPECT_EQ(entry(0), writable | used);
    EXPECT_EQ(entry(1), writable);
    EXPECT_EQ(machine.word(first + 8) >> 16, machine.gdt & 0xFFFFFFFFFFFF);
}

TEST_F(MemoryOperandOf, ALoadSetsAccessedBits) {
    run(lgdt, window + 8); // limit and base 0: refused, but read
    EXPECT_EQ(entry(0), writable | paging::accessed);
}

TEST_F(MemoryOperandOf, AFaultNamesThePageAndTheRights) {
    map(first | paging::present, second | paging::present);
    run(sidt, window + 8);
    EXPECT_EQ(event(), vector::page_fault);
    EXPECT_EQ(error_code(), fault_code::write | fault_code::present);
    EXPECT_EQ(machine.cr2, window + 8);
    map(first | writable, 0);
    run(sidt, window + page_size - 1);
    EXPECT_EQ(error_code(), fault_code::write);
    EXPECT_EQ(machine.cr2, window + page_size);
    EXPECT_EQ(entry(0), writable | used); // the first page was found writable
    run(lidt, window + page_size - 4);    // the base, which crosses, is read first
    EXPECT_EQ(error_code(), 0U);
    EXPECT_EQ(machine.cr2, window + page_size);
}

TEST_F(MemoryOperandOf, WithoutWriteProtectionTheKernelWritesReadOnlyPages) {
    map(first | paging::present, second);
    vcpu.cr0_shadow &= ~cr0::write_protect;
    machine.fields[Field::guest_cr0] &= ~cr0::write_protect;
    run(sgdt, window);
    EXPECT_TRUE(done());
}

TEST_F(MemoryOperandOf, SmapHidesUserPages) {
    map(first | writable | paging::user, 0);
    vcpu.cr4_shadow |= cr4::supervisor_access_prevention;
    machine.fields[Field::guest_cr4] |= cr4::supervisor_access_prevention;
    run(sgdt, window);
    EXPECT_EQ(event(), vector::page_fault);
    EXPECT_EQ(error_code(), fault_code::write | fault_code::present);
    machine.fields[Field::guest_rflags] = 2 | rflags::alignment_check;
    run(sgdt, window);
    EXPECT_TRUE(done());
}

TEST_F(MemoryOperandOf, ProtectionKeysOfUserPages) {
    constexpr std::uint64_t key_3 = std::uint64_t{3} << 59;
    constexpr std::uint32_t key_3_denies_access = 1 << 6;
    constexpr std::uint32_t key_3_denies_writes = 2 << 6;
    constexpr std::uint32_t denied =
        fault_code::write | fault_code::present | fault_code::protection_key;
    map(first | writable | paging::user | key_3, 0);
    machine.pkru = ~(key_3_denies_access | key_3_denies_writes);
    vcpu.cr4_shadow |= cr4::protection_key_enable;
    machine.fields[Field::guest_cr4] |= cr4::protection_key_enable;
    run(sgdt, window);
    EXPECT_TRUE(done());
    for (const std::uint32_t rights : {key_3_denies_access, key_3_denies_writes}) {
        machine.pkru = rights;
        run(sgdt, window);
        EXPECT_EQ(event(), vector::page_fault);
        EXPECT_EQ(error_code(), denied);
    }
    vcpu.cr0_shadow &= ~cr0::write_protect;
    machine.fields[Field::guest_cr0] &= ~cr0::write_protect;
    run(sgdt, window);
    EXPECT_TRUE(done()); // the kernel's, without CR0.WP
    map(first | writable | key_3, 0);
    machine.pkru = key_3_denies_access;
    run(sgdt, window);
    EXPECT_TRUE(done()); // no user page
}

TEST_F(MemoryOperandOf, Ring3WritesWithItsRights) {
    machine.fields[Field::guest_ss_access_rights] = 3 << 5;
    run(sgdt, window);
    EXPECT_EQ(event(), vector::page_fault);
    EXPECT_EQ(error_code(), fault_code::write | fault_code::present | fault_code::user);
    vcpu.cr0_shadow |= cr0::alignment_mask;
    machine.fields[Field::guest_cr0] |= cr0::alignment_mask;
    machine.fields[Field::guest_rflags] = 2 | rflags::alignment_check;
    run(sgdt, window + 1);
    EXPECT_EQ(event(), vector::alignment_check);
}

TEST_F(MemoryOperandOf, AnAddressThatIsNotCanonicalIsAFaultOfItsSegment) {
    run(sgdt, std::uint64_t{1} << 63);
    EXPECT_EQ(event(), vector::general_protection);
    run(sgdt, std::uint64_t{1} << 63, address_64 | in_ss);
    EXPECT_EQ(event(), vector::stack_segment_fault);
}

TEST_F(MemoryOperandOf, OutsideLongModeTheBaseHasFourBytes) {
    const std::uint64_t low = 0x5000; // mapped below 4 GiB
    machine.map(machine.root, low, first, writable);
    std::memset(direct_pointer(first), 0xEE, 16);
    in_compatibility_mode(0xC093, low - 0x1000, 0xFFFFFFFF);
    run(sgdt, 0x1000, address_32 | in_ds);
    EXPECT_TRUE(done());
    EXPECT_EQ(machine.word(first) >> 16, 0xEEEE00000000 | (machine.gdt & 0xFFFFFFFF));
    EXPECT_EQ(machine.word(first + 8), 0xEEEEEEEEEEEEEEEEU);
}

TEST_F(MemoryOperandOf, SegmentsHaveRightsAndLimits) {
    machine.map(machine.root, 0x5000, first, writable);
    const auto event_with = [&](std::uint32_t rights, std::uint32_t limit) {
        in_compatibility_mode(rights, 0, limit);
        run(sgdt, 0x5000, address_32 | in_ds);
        return done() ? 0 : event();
    };
    EXPECT_EQ(event_with(0xC093, 0x5005), 0U);
    EXPECT_EQ(event_with(0xC093, 0x5004), vector::general_protection);
    EXPECT_EQ(event_with(0xC091, 0xFFFFFFFF), vector::general_protection);  // read-only
    EXPECT_EQ(event_with(0xC09B, 0xFFFFFFFF), vector::general_protection);  // code
    EXPECT_EQ(event_with(0x10000, 0xFFFFFFFF), vector::general_protection); // null
    EXPECT_EQ(event_with(0xC097, 0x4FFF), 0U);                              // expand-down
    EXPECT_EQ(event_with(0xC097, 0x5000), vector::general_protection);
    EXPECT_EQ(event_with(0x8097, 0x4FFF), 0U);
}

// As on the bare machine in Bochs: the page faults, not the limit.
TEST_F(MemoryOperandOf, AFlatSegmentHasNoLimit) {
    in_compatibility_mode(0xC093, 0, 0xFFFFFFFF);
    run(sgdt, 0xFFFFFFFF, address_32 | in_ds);
    EXPECT_EQ(event(), vector::page_fault);
}

TEST_F(MemoryOperandOf, ASegmentWithABaseEndsAtItsLimit) {
    in_compatibility_mode(0xC093, 0x1000, 0xFFFFFFFF);
    run(sgdt, 0xFFFFFFFF, address_32 | in_ds);
    EXPECT_EQ(event(), vector::general_protection);
}

TEST_F(MemoryOperandOf, ABreakpointOnItComesAfterIt) {
    machine.breakpoints[1] = window + 8;
    machine.fields[Field::guest_dr7] = 1 << 2 | 1 << 20 | 3 << 22; // of 4 bytes, writes
    run(sgdt, window);
    EXPECT_EQ(machine.fields[Field::guest_pending_debug_exceptions],
              pending_debug::enabled_breakpoint | 2);
    machine.fields[Field::guest_pending_debug_exceptions] = 0;
    run(lgdt, window);
    EXPECT_EQ(machine.fields[Field::guest_pending_debug_exceptions], 0U);
}

TEST_F(MemoryOperandOf, AStoreIntoAProtectedPageIsJudged) {
    const std::uint64_t slot = machine.gdt + 6 * 8;
    exit(ExitReason::ldtr_tr, sldt << 28 | address_64 | in_ds | displacement_alone, slot);
    EXPECT_TRUE(done());
    machine.fields[Field::guest_gdtr_limit] = 0xFFFF;
    run(sgdt, machine.gdt + 1 * 8); // over the kernel's code segment
    EXPECT_EQ(event(), vector::general_protection);
}

TEST_F(MemoryOperandOf, SelectorsThatAreRefusedAreNamed) {
    const auto load = [&](SelectorInstruction instruction, std::uint16_t selector) {
        vcpu.registers.rax = selector;
        exit(ExitReason::ldtr_tr, instruction << 28 | 1U << 10, 0);
    };
    load(ltr, 0x58);
    EXPECT_EQ(event(), vector::general_protection);
    EXPECT_EQ(error_code(), 0x58U);
    load(lldt, 0x15);
    EXPECT_EQ(error_code(), 0x14U);
    constexpr std::uint64_t absent_ldt = 0x0000020000000FFF;
    machine.word(machine.physical(machine.gdt) + 8 * 8) = absent_ldt;
    load(lldt, 0x40);
    EXPECT_EQ(event(), vector::segment_not_present);
    EXPECT_EQ(error_code(), 0x40U);
}

TEST_F(MemoryOperandOf, A16BitRegisterKeepsItsUpperBits) {
    const auto store = [&](std::initializer_list<std::uint8_t> code) {
        std::memcpy(direct_pointer(code_page), std::data(code), code.size());
        machine.fields[Field::guest_rip] = Machine::linear_base + code_page;
        vcpu.registers.rax = ~std::uint64_t{0};
        exit(ExitReason::ldtr_tr, std::uint32_t{str} << 28 | 1U << 10, 0);
        return vcpu.registers.rax;
    };
    machine.fields[Field::guest_tr_selector] = 0x20;
    EXPECT_EQ(store({0x0F, 0x00, 0xC8}), 0x20U);
    EXPECT_EQ(store({0x66, 0x0F, 0x00, 0xC8}), 0xFFFFFFFFFFFF0020U);
    EXPECT_EQ(store({0x66, 0x48, 0x0F, 0x00, 0xC8}), 0x20U); // REX.W
}

} // namespace
} // namespace hv::test

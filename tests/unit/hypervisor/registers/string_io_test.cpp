// INS and OUTS on ports that exit. The fake's ports read as ones.

#include "hypervisor/registers/port_policy.h"
#include "hypervisor/vmx/guest_state.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/page_fault.h"
#include "hypervisor/x86/rflags.h"
#include "tests/unit/cases/trapped_store_case.h"

namespace hv::test {
namespace {

constexpr std::uint64_t window = 0xFFFFC00000000000;
constexpr std::uint64_t low_window = 0x5000;
constexpr std::uint64_t writable = 3; ///< and present
constexpr std::uint32_t address_32 = 1U << 7;
constexpr std::uint32_t address_64 = 2U << 7;
constexpr std::uint32_t in_ss = 2U << 15;
constexpr std::uint32_t in_ds = 3U << 15;
constexpr std::uint32_t in_fs = 4U << 15;
constexpr std::uint32_t input = 1U << 3;
constexpr std::uint32_t output = 0;
constexpr std::uint32_t repeat = 1U << 5;
constexpr std::uint16_t port = system_control_a;

class StringIo : public TrappedStoreCase {
  protected:
    const std::uint64_t page = machine.take_guest_page();
    GuestRegisters& registers = vcpu.registers;

    StringIo() {
        machine.fields[Field::guest_cs_access_rights] = 0xA09B;
        machine.map(machine.root, window, page, writable);
        machine.map(machine.root, low_window, page, writable);
        registers.rdi = registers.rsi = window + 0x100;
        registers.rcx = 1;
    }
    void run(std::uint32_t what, std::uint32_t size, std::uint32_t form = address_64 | in_ds) {
        constexpr std::uint32_t string = 1U << 4;
        machine.fields[Field::exit_reason] =
            static_cast<std::uint64_t>(abi::ExitReason::io_instruction);
        machine.fields[Field::exit_qualification] =
            std::uint64_t{port} << 16 | string | what | (size - 1);
        machine.fields[Field::vm_exit_instruction_information] = form;
        machine.fields[Field::vm_exit_instruction_length] = 2;
        machine.fields[Field::vm_entry_interruption_information] = 0;
        machine.fields[Field::guest_rip] = 0x1000;
        handle_vm_exit(registers);
    }
    void in_compatibility_mode(std::uint32_t rights, std::uint32_t limit) {
        machine.fields[Field::guest_cs_access_rights] = 0xC09B;
        for (const Field field : {Field::guest_es_access_rights, Field::guest_ds_access_rights,
                                  Field::guest_ss_access_rights})
            machine.fields[field] = rights;
        for (const Field field :
             {Field::guest_es_limit, Field::guest_ds_limit, Field::guest_ss_limit})
            machine.fields[field] = limit;
    }
    std::uint32_t event() {
        return static_cast<std::uint32_t>(machine.fields[Field::vm_entry_interruption_information] &
                                          0xFF);
    }
    std::uint64_t error_code() { return machine.fields[Field::vm_entry_exception_error_code]; }
    bool is_complete() {
        return machine.fields[Field::vm_entry_interruption_information] == 0 &&
               machine.fields[Field::guest_rip] == 0x1002;
    }
    std::size_t written() { return machine.port_writes.size(); }
};

TEST_F(StringIo, InputIsStored) {
    for (const std::uint32_t size : {1U, 2U, 4U}) {
        machine.word(page + 0x100) = 0;
        registers.rdi = window + 0x100;
        run(input, size);
        EXPECT_EQ(machine.word(page + 0x100), (std::uint64_t{1} << size * 8) - 1);
        EXPECT_EQ(registers.rdi, window + 0x100 + size);
        EXPECT_TRUE(is_complete());
    }
    EXPECT_EQ(registers.rcx, 1U);
    EXPECT_EQ(machine.port_reads, 3U);
}

TEST_F(StringIo, OutputIsLoaded) {
    machine.word(page + 0x100) = 0x44332200;
    run(output, 1);
    EXPECT_EQ(machine.port_writes.back(), (std::pair<std::uint16_t, std::uint32_t>{port, 2}));
    EXPECT_EQ(registers.rsi, window + 0x101);
    EXPECT_TRUE(is_complete());
}

TEST_F(StringIo, OutputIsJudgedAsThatOfOut) {
    machine.word(page + 0x100) = 1; // resets the machine
    EXPECT_THROW(run(output, 1), RunEnded);
}

TEST_F(StringIo, GoesDownWithTheDirectionFlag) {
    machine.fields[Field::guest_rflags] = 2 | rflags::direction;
    run(input, 4);
    EXPECT_EQ(registers.rdi, window + 0xFC);
}

TEST_F(StringIo, EachRepetitionIsAnExit) {
    registers.rcx = 3;
    machine.fields[Field::guest_rflags] = 0x202;
    for (std::uint32_t left = 2; left > 0; --left) {
        run(input | repeat, 2);
        EXPECT_EQ(registers.rcx, left);
        EXPECT_EQ(machine.fields[Field::guest_rip], 0x1000U);
        EXPECT_EQ(machine.fields[Field::guest_rflags], 0x202U);
    }
    run(input | repeat, 2);
    EXPECT_EQ(registers.rcx, 0U);
    EXPECT_TRUE(is_complete());
    EXPECT_EQ(machine.fields[Field::guest_rflags], 0x202U);
    EXPECT_EQ(registers.rdi, window + 0x106);
}

TEST_F(StringIo, ABreakpointOnItIsMetOnce) {
    machine.fields[Field::guest_rflags] = 0x202;
    machine.breakpoints[2] = 0x1000; // RIP
    machine.fields[Field::guest_dr7] = 1 << 4;
    registers.rcx = 3;
    run(input | repeat, 2);
    EXPECT_EQ(machine.fields[Field::guest_rflags], 0x10202U); // RF
    run(input | repeat, 2);
    EXPECT_EQ(machine.fields[Field::guest_rflags], 0x10202U);
    run(input | repeat, 2);
    EXPECT_EQ(machine.fields[Field::guest_rflags], 0x202U);
    for (const std::uint64_t other :
         {std::uint64_t{1 << 4 | 1 << 24}, std::uint64_t{0}}) { // data writes, or none enabled
        machine.fields[Field::guest_dr7] = other;
        registers.rcx = 3;
        run(input | repeat, 2);
        EXPECT_EQ(machine.fields[Field::guest_rflags], 0x202U);
    }
}

TEST_F(StringIo, WithoutACountNothingIsTransferred) {
    registers.rcx = 0;
    run(input | repeat, 1);
    EXPECT_TRUE(is_complete());
    EXPECT_EQ(registers.rdi, window + 0x100);
    EXPECT_EQ(machine.port_reads, 0U);
}

TEST_F(StringIo, EachRepetitionIsASingleStep) {
    registers.rcx = 2;
    machine.fields[Field::guest_rflags] = 2 | rflags::trap;
    machine.fields[Field::guest_interruptibility_state] = interruptibility::mov_ss;
    run(input | repeat, 1);
    EXPECT_EQ(machine.fields[Field::guest_pending_debug_exceptions], pending_debug::single_step);
    EXPECT_EQ(machine.fields[Field::guest_interruptibility_state], 0U);
}

TEST_F(StringIo, AddressesOf32BitsWrapAndClearTheUpperHalf) {
    registers.rdi = 0xFFFFFFFF00000000 | low_window;
    registers.rcx = 0xFFFFFFFF00000001;
    machine.fields[Field::guest_rflags] = 2 | rflags::direction;
    run(input | repeat, 1, address_32 | in_ds);
    EXPECT_TRUE(is_complete());
    EXPECT_EQ(registers.rdi, low_window - 1);
    EXPECT_EQ(registers.rcx, 0U);
    EXPECT_EQ(machine.word(page) & 0xFFFF, 0xFFU);
}

TEST_F(StringIo, AddressesOf16BitsKeepTheUpperBits) {
    in_compatibility_mode(0xC093, 0xFFFFFFFF);
    machine.map(machine.root, 0xF000, page, writable);
    registers.rdi = 0x1234FFFF;
    registers.rcx = 0x56780001;
    run(input | repeat, 1, in_ds);
    EXPECT_TRUE(is_complete());
    EXPECT_EQ(registers.rdi, 0x12340000U);
    EXPECT_EQ(registers.rcx, 0x56780000U);
    EXPECT_EQ(machine.word(page + 0xFF8) >> 56, 0xFFU);
}

TEST_F(StringIo, OutputHasASegmentAndInputHasEs) {
    machine.word(page + 0x200) = 2;
    machine.fields[Field::guest_fs_base] = 0x100;
    run(output, 1, address_64 | in_fs);
    EXPECT_EQ(machine.port_writes.back().second, 2U);
    run(input, 1, address_64 | in_fs); // undefined there
    EXPECT_EQ(machine.word(page + 0x100) & 0xFF, 0xFFU);
    EXPECT_EQ(machine.word(page + 0x200) & 0xFF, 2U);
}

TEST_F(StringIo, AFaultOfTheOperandComesBeforeThePort) {
    registers.rdi = registers.rsi = window + page_size;
    registers.rcx = 5;
    run(input | repeat, 1);
    EXPECT_EQ(event(), vector::page_fault);
    EXPECT_EQ(error_code(), fault_code::write);
    EXPECT_EQ(machine.cr2, window + page_size);
    EXPECT_EQ(machine.port_reads, 0U);
    run(output | repeat, 1);
    EXPECT_EQ(event(), vector::page_fault);
    EXPECT_EQ(error_code(), 0U);
    EXPECT_EQ(written(), 0U);
    EXPECT_EQ(registers.rcx, 5U);
    EXPECT_EQ(machine.fields[Field::guest_rip], 0x1000U);
}

TEST_F(StringIo, HasTheRightsOfTheRing) {
    machine.fields[Field::guest_ss_access_rights] = 3 << 5;
    run(output, 1);
    EXPECT_EQ(event(), vector::page_fault);
    EXPECT_EQ(error_code(), fault_code::user | fault_code::present);
}

TEST_F(StringIo, SegmentsAndAddressesAreChecked) {
    registers.rdi = std::uint64_t{1} << 63;
    run(input, 1);
    EXPECT_EQ(event(), vector::general_protection);
    in_compatibility_mode(0xC093, low_window + 2);
    registers.rdi = registers.rsi = low_window;
    run(input, 4, address_32);
    EXPECT_EQ(event(), vector::general_protection);
    run(output, 4, address_32 | in_ss);
    EXPECT_EQ(event(), vector::stack_segment_fault);
    in_compatibility_mode(0xC091, 0xFFFFFFFF); // read-only
    run(input, 1, address_32);
    EXPECT_EQ(event(), vector::general_protection);
    EXPECT_EQ(machine.port_reads, 0U);
}

TEST_F(StringIo, InputToAProtectedPageIsJudged) {
    registers.rdi = machine.gdt + 1 * 8; // the kernel's code segment
    const std::uint64_t before = machine.gdt_slot(1);
    run(input, 4);
    EXPECT_EQ(event(), vector::general_protection);
    EXPECT_EQ(machine.gdt_slot(1), before);
    registers.rdi = machine.gdt + 15 * 8;
    run(input, 1); // a limit of an absent descriptor
    EXPECT_TRUE(is_complete());
    EXPECT_EQ(machine.gdt_slot(15), 0xFFU);
}

TEST_F(StringIo, MeetsBreakpointsOnThePortAndOnTheOperand) {
    machine.fields[Field::guest_cr4] |= cr4::debugging_extensions;
    machine.breakpoints = {port, window + 0x100, port + 1, 0};
    // DR0 and DR2: ports, 1 byte; DR1: writes of 1 byte.
    machine.fields[Field::guest_dr7] = 1 | 1 << 2 | 1 << 4 | 2 << 16 | 1 << 20 | 2 << 24;
    run(input, 1);
    EXPECT_EQ(machine.fields[Field::guest_pending_debug_exceptions],
              pending_debug::enabled_breakpoint | 3);
    machine.fields[Field::guest_pending_debug_exceptions] = 0;
    registers.rdi = window + page_size; // the fault comes before the port
    run(input, 1);
    EXPECT_EQ(event(), vector::page_fault);
    EXPECT_EQ(machine.fields[Field::guest_pending_debug_exceptions], 0U);
}

TEST_F(StringIo, WithoutInstructionInformationIsRefused) {
    machine.machine().capabilities.basic = {0};
    run(input, 1);
    EXPECT_EQ(event(), vector::general_protection);
    EXPECT_EQ(vcpu.statistics.refused, 1U);
}

} // namespace
} // namespace hv::test

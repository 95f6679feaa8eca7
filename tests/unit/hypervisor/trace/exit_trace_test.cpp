#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/trace/exit_trace.h"
#include "shared/call_number.h"
#include "shared/trace_record.h"
#include "tests/unit/fake/debug_console.h"
#include "tests/unit/fake/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace hv::test {
namespace {

using abi::Call;
using testing::ElementsAre;

class ExitTrace : public ::testing::Test {
  protected:
    HardenedMachine machine;
    Vcpu& vcpu = machine.vcpu();

    ExitTrace() { ::test::debug_console.clear(); }

    /// The exit goes through the monitor as the traced stub has it go. Returns its record.
    abi::TraceRecord exit(abi::ExitReason reason) {
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        machine.fields[Field::vm_exit_instruction_length] = 2;
        begin_exit_trace(vcpu.registers);
        handle_vm_exit(vcpu.registers);
        end_exit_trace(vcpu.registers);
        return take_record();
    }
    abi::TraceRecord take_record() {
        abi::TraceRecord record{};
        EXPECT_GE(::test::debug_console.size(), sizeof(record));
        std::memcpy(&record, ::test::debug_console.data(), sizeof(record));
        return record;
    }
    void publish(Call call, std::uint64_t first = 0, std::uint64_t second = 0,
                 std::uint64_t third = 0) {
        abi::RingHeader& ring = machine.area().control.ring;
        machine.area().entry[ring.tail++ % abi::ring_capacity] = {
            static_cast<std::uint16_t>(call), 0, 0, {first, second, third}};
    }
};

TEST_F(ExitTrace, SaysWhereTheGuestWasAndWhatTheExitWas) {
    machine.fields[Field::guest_rip] = 0xFFFFFFFF80001234;
    machine.fields[Field::exit_qualification] = 0x55;
    vcpu.registers.rcx = 7;
    vcpu.exit_time = 1234;
    const std::uint64_t cr3 = machine.fields[Field::guest_cr3];
    const abi::TraceRecord record = exit(abi::ExitReason::cpuid);
    EXPECT_EQ(record.magic, abi::trace_magic);
    EXPECT_EQ(record.size, sizeof(record));
    EXPECT_EQ(record.rip, 0xFFFFFFFF80001234); // not that after the instruction
    EXPECT_NE(machine.fields[Field::guest_rip], record.rip);
    EXPECT_EQ(record.cr3, cr3);
    EXPECT_EQ(record.qualification, 0x55U);
    EXPECT_EQ(record.ecx, 7U);
    EXPECT_EQ(record.reason, static_cast<std::uint32_t>(abi::ExitReason::cpuid));
    EXPECT_EQ(record.calls, 0U);
    EXPECT_EQ(record.exit_time, 1234U);
}

TEST_F(ExitTrace, ListsTheDrainedCallsInTheirOrder) {
    publish(Call::clts);
    publish(Call::set_cr0, vcpu.cr0_shadow);
    publish(Call::clts);
    const abi::TraceRecord record = exit(abi::ExitReason::cpuid);
    EXPECT_EQ(record.calls, 3U);
    ASSERT_EQ(::test::debug_console.size(), record.size);
    EXPECT_THAT(
        std::vector(::test::debug_console.begin() + sizeof(record), ::test::debug_console.end()),
        ElementsAre(static_cast<std::uint8_t>(Call::clts), static_cast<std::uint8_t>(Call::set_cr0),
                    static_cast<std::uint8_t>(Call::clts)));
}

TEST_F(ExitTrace, SaysWhatTheCountersCounted) {
    vcpu.registers.rax = static_cast<std::uint64_t>(Call::clts);
    const abi::TraceRecord hypercall = exit(abi::ExitReason::vmcall);
    EXPECT_EQ(hypercall.counted_call, 1U);
    EXPECT_EQ(hypercall.rax, static_cast<std::uint64_t>(Call::clts));
    EXPECT_EQ(hypercall.control_registers, 0U);
    ::test::debug_console.clear();
    machine.fields[Field::exit_qualification] = 2 << 4; // CLTS
    const abi::TraceRecord clts = exit(abi::ExitReason::cr_access);
    EXPECT_EQ(clts.control_registers, 1U << static_cast<int>(abi::ControlRegisterAccess::clts));
    EXPECT_EQ(clts.counted_call, 0U);
}

TEST_F(ExitTrace, IsSeenByNoCounter) {
    HardenedMachine untraced;
    untraced.fields[Field::exit_reason] = static_cast<std::uint64_t>(abi::ExitReason::cpuid);
    untraced.fields[Field::vm_exit_instruction_length] = 2;
    handle_vm_exit(untraced.vcpu().registers);
    const std::uint64_t accesses = untraced.vcpu().statistics.vmcs_accesses;
    HardenedMachine traced;
    traced.fields[Field::exit_reason] = static_cast<std::uint64_t>(abi::ExitReason::cpuid);
    traced.fields[Field::vm_exit_instruction_length] = 2;
    begin_exit_trace(traced.vcpu().registers);
    handle_vm_exit(traced.vcpu().registers);
    end_exit_trace(traced.vcpu().registers);
    EXPECT_EQ(traced.vcpu().statistics.vmcs_accesses, accesses);
    EXPECT_EQ(traced.vcpu().statistics.exits, 1U);
}

TEST_F(ExitTrace, TheLastExitIsWrittenOnce) {
    begin_exit_trace(vcpu.registers);
    finish_exit_trace(vcpu);
    const std::size_t size = ::test::debug_console.size();
    EXPECT_EQ(size, sizeof(abi::TraceRecord));
    finish_exit_trace(vcpu);
    EXPECT_EQ(::test::debug_console.size(), size);
}

} // namespace
} // namespace hv::test

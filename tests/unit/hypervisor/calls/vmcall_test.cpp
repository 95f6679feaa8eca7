// Hypercalls by VMCALL: who may, what is accepted, what comes back.

#include "hypervisor/calls/call_dispatch.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "shared/call_number.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

using abi::Call;
using abi::Error;

class Vmcall : public ::testing::Test {
  protected:
    HardenedMachine machine;
    Vcpu& vcpu = machine.vcpu();

    Error call(std::uint64_t number, std::uint64_t first = 0, std::uint64_t second = 0,
               std::uint64_t third = 0) {
        vcpu.registers.rax = number;
        vcpu.registers.rdi = first;
        vcpu.registers.rsi = second;
        vcpu.registers.rdx = third;
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(abi::ExitReason::vmcall);
        handle_vm_exit(vcpu.registers);
        return static_cast<Error>(vcpu.registers.rax);
    }
    Error call(Call number, std::uint64_t first = 0, std::uint64_t second = 0,
               std::uint64_t third = 0) {
        return call(static_cast<std::uint64_t>(number), first, second, third);
    }
};

TEST_F(Vmcall, EmptyCostsFiveVmcsAccesses) {
    machine.fields[Field::guest_rip] = 0x1000;
    const std::uint64_t before = vcpu.vmcs.accesses();
    EXPECT_EQ(call(Call::empty), Error::none);
    EXPECT_EQ(vcpu.vmcs.accesses() - before, 5U);
    EXPECT_EQ(vcpu.statistics.vmcs_accesses, vcpu.vmcs.accesses());
    EXPECT_EQ(machine.fields[Field::guest_rip], 0x1003U);
    EXPECT_EQ(vcpu.statistics.hypercall[static_cast<int>(Call::empty)], 1U);
}

TEST_F(Vmcall, FromRing3IsRefused) {
    machine.fields[Field::guest_ss_access_rights] = 3 << 5;
    const std::uint64_t root = machine.fields[Field::guest_cr3];
    EXPECT_EQ(call(Call::set_cr3, machine.root + page_size), Error::not_privileged);
    EXPECT_EQ(machine.fields[Field::guest_cr3], root);
    EXPECT_EQ(call(Call::shutdown), Error::not_privileged);
}

TEST_F(Vmcall, UnknownNumbers) {
    for (const std::uint64_t number : {std::uint64_t{72}, std::uint64_t{abi::call_limit},
                                       std::uint64_t{1} << 32, ~std::uint64_t{0}, std::uint64_t{0}})
        EXPECT_EQ(call(number), Error::unknown_call) << number;
}

TEST_F(Vmcall, ModernAcceptsOnlyWhatItOwns) {
    vcpu.calls = &call_dispatch(abi::Profile::modern);
    EXPECT_EQ(call(Call::set_cr3, machine.root), Error::unknown_call);
    EXPECT_EQ(call(Call::write_gdt_entry, machine.gdt, 6, 0), Error::unknown_call);
    EXPECT_EQ(call(Call::empty), Error::none);
    EXPECT_EQ(call(Call::flush), Error::none);
}

TEST_F(Vmcall, SynchronousDrainsFirst) {
    abi::RingHeader& ring = machine.area().control.ring;
    const std::uint64_t other = machine.take_guest_page();
    machine.word(other + 511 * 8) = machine.word(machine.root + 511 * 8);
    machine.area().entry[0] = {static_cast<std::uint16_t>(Call::set_cr3), 0, 0, {other, 0, 0}};
    ring.tail = 1;
    // The queued root comes first, the one asked for now last.
    EXPECT_EQ(call(Call::set_cr3, machine.root), Error::none);
    EXPECT_EQ(machine.fields[Field::guest_cr3], machine.root);
    EXPECT_EQ(vcpu.statistics.drained, 1U);
}

TEST_F(Vmcall, FlushReportsARefusedBatchOnce) {
    abi::RingHeader& ring = machine.area().control.ring;
    machine.area().entry[0] = {static_cast<std::uint16_t>(Call::set_cr3), 0, 0, {~0ULL, 0, 0}};
    ring.tail = 1;
    EXPECT_EQ(call(Call::flush), Error::bad_cr3);
    EXPECT_EQ(call(Call::flush), Error::none);
    EXPECT_EQ(vcpu.statistics.refused, 1U);
}

// A batch that another exit drained is reported by pending_error; a later, good batch is not to
// blame.
TEST_F(Vmcall, FlushReportsItsOwnBatch) {
    abi::RingHeader& ring = machine.area().control.ring;
    machine.area().entry[0] = {static_cast<std::uint16_t>(Call::set_cr3), 0, 0, {~0ULL, 0, 0}};
    ring.tail = 1;
    machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(abi::ExitReason::cpuid);
    handle_vm_exit(vcpu.registers);
    EXPECT_EQ(ring.pending_error, static_cast<std::uint32_t>(Error::bad_cr3));
    machine.area().entry[1] = {static_cast<std::uint16_t>(Call::clts), 0, 0, {0, 0, 0}};
    ring.tail = 2;
    EXPECT_EQ(call(Call::flush), Error::none);
}

TEST_F(Vmcall, TrapFlagStaysPrecise) {
    machine.fields[Field::guest_rflags] = 0x102;
    machine.fields[Field::guest_interruptibility_state] = 2; // MOV SS
    call(Call::empty);
    EXPECT_EQ(machine.fields[Field::guest_interruptibility_state], 0U);
    EXPECT_NE(machine.fields[Field::guest_pending_debug_exceptions] & 1 << 14, 0U);
}

TEST_F(Vmcall, Cr3Rules) {
    EXPECT_EQ(call(Call::set_cr3, fake_ram_size), Error::bad_cr3); // the monitor's
    EXPECT_EQ(call(Call::set_cr3, fake_ram_size - 0x800), Error::root_lacks_kernel);
    EXPECT_EQ(call(Call::set_cr3, std::uint64_t{1} << 45), Error::bad_cr3); // beyond MAXPHYADDR
    EXPECT_EQ(call(Call::set_cr3, std::uint64_t{1} << 63), Error::bad_cr3); // no PCID
    EXPECT_EQ(call(Call::set_cr3, machine.take_guest_page()), Error::root_lacks_kernel);
    EXPECT_EQ(call(Call::set_cr3, machine.root), Error::none);
}

TEST_F(Vmcall, AnotherRootThatMapsTheTablesElsewhereIsRefused) {
    const std::uint64_t other = machine.make_root(); // its own tables, same translations
    EXPECT_EQ(call(Call::set_cr3, other), Error::none);
    machine.map(other, machine.gdt, machine.take_guest_page(), 3);
    EXPECT_EQ(call(Call::set_cr3, machine.root), Error::none);
    EXPECT_EQ(call(Call::set_cr3, other), Error::root_lacks_kernel);
}

TEST_F(Vmcall, Cr0Rules) {
    const std::uint64_t good = vcpu.cr0_shadow;
    EXPECT_EQ(call(Call::set_cr0, good | cr0::task_switched), Error::none);
    EXPECT_EQ(call(Call::set_cr0, good & ~cr0::paging), Error::bad_cr0);
    EXPECT_EQ(call(Call::set_cr0, good & ~cr0::protection_enable), Error::bad_cr0);
    EXPECT_EQ(call(Call::set_cr0, good | std::uint64_t{1} << 40), Error::bad_cr0);
    EXPECT_EQ(call(Call::set_cr0, good | cr0::not_write_through), Error::bad_cr0);
    EXPECT_EQ(call(Call::clts), Error::none);
    EXPECT_EQ(guest_cr0(vcpu) & cr0::task_switched, 0U);
    // CD reads back as written but never reaches the processor.
    EXPECT_EQ(call(Call::set_cr0, good | cr0::cache_disable), Error::none);
    EXPECT_NE(guest_cr0(vcpu) & cr0::cache_disable, 0U);
    EXPECT_EQ(machine.fields[Field::guest_cr0] & cr0::cache_disable, 0U);
}

TEST_F(Vmcall, Cr4Rules) {
    constexpr std::uint64_t good = cr4::physical_address_extension;
    EXPECT_EQ(call(Call::set_cr4, good | cr4::page_global_enable), Error::none);
    EXPECT_NE(machine.fields[Field::guest_cr4] & cr4::vmx_enable, 0U); // VMX demands it
    EXPECT_EQ(machine.fields[Field::cr4_read_shadow] & cr4::vmx_enable, 0U);
    EXPECT_EQ(call(Call::set_cr4, good | cr4::vmx_enable), Error::bad_cr4);
    EXPECT_EQ(call(Call::set_cr4, good | cr4::smx_enable), Error::bad_cr4);
    EXPECT_EQ(call(Call::set_cr4, good | cr4::linear_address_57), Error::bad_cr4);
    EXPECT_EQ(call(Call::set_cr4, 0), Error::bad_cr4);
    EXPECT_EQ(call(Call::set_cr4, good | std::uint64_t{1} << 40), Error::bad_cr4);
}

TEST_F(Vmcall, PointersAreChecked) {
    EXPECT_EQ(call(Call::set_gdt, 0x800000000000), Error::bad_address);        // not canonical
    EXPECT_EQ(call(Call::set_gdt, 0x1000), Error::bad_address);                // not mapped
    EXPECT_EQ(call(Call::set_idt, ~std::uint64_t{0} - 4), Error::bad_address); // wraps
    // Mapped, but to the monitor's memory.
    EXPECT_EQ(call(Call::set_gdt, Machine::linear_base + fake_ram_size), Error::bad_address);
}

TEST_F(Vmcall, ShutdownEndsTheRunWithItsStatus) {
    EXPECT_THROW(call(Call::shutdown, 3), RunEnded);
    EXPECT_NE(machine.console.find("@end status=3"), std::string::npos) << machine.console;
}

} // namespace
} // namespace hv::test

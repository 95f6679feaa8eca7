// Profile `hardened`: tables taken over, changes judged, by call and by trapped store.

#include "hypervisor/address_space/requests.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/guest_state.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/msr.h"
#include "tests/unit/cases/tables_case.h"

#include <cstring>

namespace hv::test {
namespace {

using abi::Error;
using abi::MemoryAccess;

class Tables : public TablesCase {};

TEST_F(Tables, PagesAreWriteProtected) {
    EXPECT_EQ(rights(machine.gdt), EptRights::read_execute);
    EXPECT_EQ(rights(machine.idt), EptRights::read_execute);
    EXPECT_EQ(rights(machine.tss), EptRights::read_execute);
    EXPECT_EQ(rights(machine.gdt + 16 * page_size), EptRights::all);
}

TEST_F(Tables, AccessedBitIsForced) {
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, 6, tls), Error::none);
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
}

TEST_F(Tables, BoundsAndBase) {
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt + 8, 6, tls), Error::not_current_table);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, HardenedMachine::gdt_slots, tls),
              Error::index_out_of_range);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, ~std::uint64_t{0}, tls),
              Error::index_out_of_range);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, std::uint64_t{1} << 61, tls),
              Error::index_out_of_range);                                   // index * 8 wraps to 0
    EXPECT_EQ(tables.write_ldt_entry(0, 0, tls), Error::not_current_table); // no LDT
    EXPECT_EQ(tables.write_idt_half(machine.idt, 512, 0), Error::index_out_of_range);
    EXPECT_EQ(tables.write_tss_word(machine.tss, 104, 0), Error::index_out_of_range);
    EXPECT_EQ(tables.write_tss_word(machine.tss, 4, 0), Error::bad_alignment);
    EXPECT_EQ(tables.write_tss_word(machine.tss, ~std::uint64_t{7}, 0), Error::index_out_of_range);
    EXPECT_EQ(tables.write_rsp0(machine.tss, 0x800000000000), Error::bad_address);
}

TEST_F(Tables, WhatTheKernelStandsOnStays) {
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, HardenedMachine::code / 8, 0),
              Error::kernel_segment);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, HardenedMachine::data / 8, tls),
              Error::kernel_segment);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, HardenedMachine::tss_selector / 8, 0),
              Error::tss_moved);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, HardenedMachine::tss_selector / 8 + 1, 0),
              Error::tss_moved);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, 6, call_gate), Error::call_gate);
}

TEST_F(Tables, IdtStaysAndLeadsToTheKernel) {
    EXPECT_EQ(set_guest_idtr(vcpu, {256 * 16 - 1, machine.gdt}), Error::idt_moved);
    EXPECT_EQ(set_guest_idtr(vcpu, {256 * 16 - 1, machine.idt}), Error::none);
    const std::uint64_t low = gate_low(0xFFFFFFFF80001000);
    EXPECT_EQ(tables.write_idt_half(machine.idt, 6, low), Error::bad_gate); // high half is 0
    EXPECT_EQ(tables.write_idt_half(machine.idt, 7, 0xFFFFFFFF), Error::none);
    EXPECT_EQ(tables.write_idt_half(machine.idt, 6, low), Error::none);
    EXPECT_EQ(tables.write_idt_half(machine.idt, 7, 0), Error::bad_gate); // while present
}

TEST_F(Tables, TssStays) {
    const std::uint64_t slot = HardenedMachine::tss_selector / 8;
    // Busy; made available again with the same place, it may be loaded again.
    EXPECT_EQ(set_guest_tr(vcpu, HardenedMachine::tss_selector), Error::bad_selector);
    const std::uint64_t available = machine.gdt_slot(slot) & ~SegmentDescriptor::busy_bit;
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, slot, available), Error::none);
    EXPECT_EQ(set_guest_tr(vcpu, HardenedMachine::tss_selector), Error::none);
}

TEST_F(Tables, AnotherGdtMustKeepTheKernel) {
    const std::uint64_t page = machine.take_guest_page();
    const std::uint64_t other = Machine::linear_base + page;
    EXPECT_EQ(set_guest_gdtr(vcpu, {8 * 8 - 1, other}), Error::kernel_segment);
    std::memcpy(direct_pointer(page), direct_pointer(machine.physical(machine.gdt)), 128);
    EXPECT_EQ(set_guest_gdtr(vcpu, {8 - 1, other}), Error::kernel_segment); // cut off
    machine.word(page + 6 * 8) = call_gate;
    EXPECT_EQ(set_guest_gdtr(vcpu, {8 * 8 - 1, other}), Error::call_gate);
    EXPECT_EQ(rights(other), EptRights::all); // refused: given back
    EXPECT_EQ(rights(machine.gdt), EptRights::read_execute);
    machine.word(page + 6 * 8) = tls;
    EXPECT_EQ(set_guest_gdtr(vcpu, {8 * 8 - 1, other}), Error::none);
    EXPECT_EQ(machine.word(page + 6 * 8), tls | accessed);
    EXPECT_EQ(rights(other), EptRights::read_execute);
    EXPECT_EQ(rights(machine.gdt), EptRights::all);
}

TEST_F(Tables, TableRanges) {
    EXPECT_EQ(set_guest_gdtr(vcpu, {127, ~std::uint64_t{0} - 100}), Error::bad_address); // wraps
    EXPECT_EQ(set_guest_gdtr(vcpu, {127, 0x7FFFFFFFFFC0}), Error::bad_address); // leaves the half
    EXPECT_EQ(set_guest_gdtr(vcpu, {127, Machine::linear_base + fake_ram_size}),
              Error::bad_address); // the monitor's memory
    EXPECT_EQ(set_guest_gdtr(vcpu, {126, machine.gdt}), Error::bad_limit);
    EXPECT_EQ(rights(machine.gdt), EptRights::read_execute);
}

TEST_F(Tables, LdtIsTakenOverAndGivenBack) {
    const std::uint64_t page = machine.take_guest_page();
    const std::uint64_t ldt = Machine::linear_base + page;
    const SystemDescriptor descriptor{descriptor_from_segment({0x50, ldt, 63, {0x82}}), ldt >> 32};
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, 11, descriptor.high), Error::none);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, 10, descriptor.low), Error::none);
    EXPECT_EQ(set_guest_ldtr(vcpu, 0x50), Error::none);
    EXPECT_EQ(rights(ldt), EptRights::read_execute);
    EXPECT_EQ(machine.fields[Field::guest_ldtr_base], ldt);
    EXPECT_EQ(tables.write_ldt_entry(ldt, 3, tls), Error::none);
    EXPECT_EQ(tables.write_ldt_entry(ldt, 8, tls), Error::index_out_of_range);
    EXPECT_EQ(tables.write_ldt_entry(ldt, 3, call_gate), Error::call_gate);
    EXPECT_EQ(set_guest_ldtr(vcpu, 0), Error::none);
    EXPECT_EQ(rights(ldt), EptRights::all);
    EXPECT_EQ(tables.write_ldt_entry(ldt, 3, tls), Error::not_current_table);
}

TEST_F(Tables, StoresOfEverySize) {
    AllTables& all = machine.machine().tables;
    const std::uint64_t slot = machine.physical(machine.gdt) + 6 * 8;
    StoreVerdict verdict = all.store(slot, 8, tls);
    EXPECT_EQ(verdict.error, Error::none);
    EXPECT_EQ(verdict.kind, MemoryAccess::gdt_write);
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
    EXPECT_EQ(all.store(slot + 2, 2, 0xBEEF).error, Error::none); // base, bits 15:0
    EXPECT_EQ(machine.gdt_slot(6), (tls | accessed | std::uint64_t{0xBEEF} << 16));
    EXPECT_EQ(all.store(slot + 5, 1, 0x8C).error, Error::call_gate); // type alone
    EXPECT_EQ(all.store(slot + 4, 4, 0).error, Error::none);
    EXPECT_EQ(machine.gdt_slot(6) >> 32, 0U);
    EXPECT_EQ(all.store(slot + 4, 8, tls >> 32 | tls << 32).error, Error::none); // two slots
    EXPECT_EQ(all.store(machine.physical(machine.gdt) + 200, 8, call_gate).kind,
              MemoryAccess::unprotected); // beside the table: no descriptor
    EXPECT_EQ(all.store(machine.physical(machine.tss) + 4, 8, 0x1234).kind,
              MemoryAccess::tss_write);
}

TEST_F(Tables, SteppedStoreIsJudgedBeforeItIsSeen) {
    const std::uint64_t page = machine.physical(machine.gdt);
    AllTables& all = machine.machine().tables;
    StepPages& pages = *vcpu.step_pages;
    const auto image_slot = [&](std::uint32_t index, std::uint64_t value) {
        std::memcpy(&pages.image[index * 8], &value, sizeof(value));
    };
    const auto begin = [&] {
        std::memcpy(pages.before.data(), direct_pointer(page), page_size);
        pages.image = pages.before;
    };
    begin();
    image_slot(6, tls);
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(all.apply(page, pages.before.data(), pages.image.data()), Error::none);
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
    begin();
    image_slot(7, tls);
    image_slot(8, call_gate);
    EXPECT_EQ(all.apply(page, pages.before.data(), pages.image.data()), Error::call_gate);
    EXPECT_EQ(machine.gdt_slot(7), 0U); // nothing of it
    EXPECT_EQ(machine.gdt_slot(8), 0U);
}

class TrappedStore : public Tables {
  protected:
    static constexpr std::uint64_t code_page = 0x400000;

    void exit_with(std::initializer_list<std::uint8_t> code, std::uint64_t gpa) {
        std::memcpy(direct_pointer(code_page), std::data(code), code.size());
        machine.fields[Field::guest_rip] = Machine::linear_base + code_page;
        machine.fields[Field::guest_cs_access_rights] = 0xA09B;
        machine.fields[Field::guest_physical_address] = gpa;
        machine.fields[Field::exit_qualification] = 0x182; // write, linear address valid
        machine.fields[Field::exit_reason] =
            static_cast<std::uint64_t>(abi::ExitReason::ept_violation);
        machine.fields[Field::vm_entry_interruption_information] = 0;
        handle_vm_exit(vcpu.registers);
    }
    std::uint64_t count(MemoryAccess kind) {
        return vcpu.statistics.memory[static_cast<std::uint32_t>(kind)];
    }
};

TEST_F(TrappedStore, PlainStoreIsEmulatedInOneExit) {
    vcpu.registers.rdx = tls;
    vcpu.registers.rdi = machine.gdt + 6 * 8;
    exit_with({0x48, 0x89, 0x17}, machine.physical(machine.gdt) + 6 * 8); // mov %rdx,(%rdi)
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
    EXPECT_EQ(machine.fields[Field::guest_rip], Machine::linear_base + code_page + 3);
    EXPECT_EQ(count(MemoryAccess::gdt_write), 1U);
    EXPECT_EQ(vcpu.statistics.exits, 1U);
}

TEST_F(TrappedStore, ChangedCodeIsDecodedAnew) {
    vcpu.registers.rdx = tls;
    vcpu.registers.rcx = 0x1111111111111111;
    exit_with({0x48, 0x89, 0x17}, machine.physical(machine.gdt) + 6 * 8);
    exit_with({0x48, 0x89, 0x0F}, machine.physical(machine.gdt) + 7 * 8); // mov %rcx,(%rdi)
    EXPECT_EQ(machine.gdt_slot(7), 0x1111111111111111U);
}

TEST_F(TrappedStore, RefusedStoreIsGeneralProtection) {
    vcpu.registers.rdx = call_gate;
    exit_with({0x48, 0x89, 0x17}, machine.physical(machine.gdt) + 6 * 8);
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information] & 0xFF, 13U);
    EXPECT_EQ(count(MemoryAccess::refused), 1U);
    EXPECT_NE(machine.console.find("call_gate"), std::string::npos);
}

class SteppedByTrapFlag : public TrappedStore {
  protected:
    static constexpr std::uint64_t idt_limit = 0xFFF;
    static constexpr std::uint64_t branch_step = 2;       ///< DEBUGCTL.BTF
    static constexpr std::uint64_t after_fault = 0x10202; ///< RF is set in the frame of a fault
    const std::uint64_t slot = machine.physical(machine.gdt) + 6 * 8;

    SteppedByTrapFlag() {
        machine.fields[Field::guest_rflags] = 0x202;
        machine.fields[Field::guest_idtr_limit] = idt_limit;
        machine.fields[Field::guest_ia32_debugctl] = branch_step;
        vcpu.efer |= efer::syscall_enable;
        machine.machine().controls.entry |= vm_entry::load_ia32_efer;
        exit_with({0x0F, 0x11, 0x07}, slot); // movups %xmm0,(%rdi)
    }
    void exit(abi::ExitReason reason) {
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        handle_vm_exit(vcpu.registers);
    }
    /// #DB is that of the step, with the guest's own `breakpoints`.
    void exception(std::uint32_t information, std::uint64_t breakpoints = 0) {
        machine.fields[Field::vm_exit_interruption_information] = information;
        if (information == 0x80000301)
            machine.fields[Field::exit_qualification] = 1 << 14 | breakpoints;
        exit(abi::ExitReason::exception_nmi);
    }
    std::uint8_t injected() {
        return static_cast<std::uint8_t>(machine.fields[Field::vm_entry_interruption_information]);
    }
    void expect_all_put_back(std::uint64_t rflags = 0x202) {
        EXPECT_FALSE(vcpu.single_step.active);
        EXPECT_EQ(machine.fields[Field::ept_pointer], machine.machine().ept.pointer(0));
        EXPECT_EQ(machine.fields[Field::guest_rflags], rflags);
        EXPECT_EQ(machine.fields[Field::guest_idtr_limit], idt_limit);
        EXPECT_EQ(machine.fields[Field::guest_ia32_debugctl], branch_step);
        EXPECT_EQ(machine.fields[Field::guest_ia32_efer], real_efer(vcpu));
        EXPECT_EQ(machine.fields[Field::guest_interruptibility_state], 0U);
        EXPECT_EQ(machine.fields[Field::exception_bitmap], 0U);
        EXPECT_EQ(machine.fields[Field::guest_pending_debug_exceptions], 0U);
        EXPECT_EQ(rights(machine.gdt), EptRights::read_execute);
    }
};

TEST_F(SteppedByTrapFlag, NothingOfTheGuestsRunsMeanwhile) {
    EXPECT_EQ(count(MemoryAccess::stepped_write), 1U);
    EXPECT_EQ(rights(machine.gdt), EptRights::read_execute); // for other vCPUs it stays closed
    EXPECT_NE(machine.fields[Field::ept_pointer], machine.machine().ept.pointer(0));
    EXPECT_EQ(machine.fields[Field::guest_rflags], 0x102U);             // TF, no interrupts
    EXPECT_EQ(machine.fields[Field::guest_interruptibility_state], 8U); // no NMIs
    EXPECT_EQ(machine.fields[Field::exception_bitmap], 0xFFFFFFFFU);
    EXPECT_EQ(machine.fields[Field::guest_idtr_limit], 0U);
    EXPECT_EQ(machine.fields[Field::guest_ia32_debugctl], 0U);
    EXPECT_EQ(machine.fields[Field::guest_ia32_efer] & efer::syscall_enable, 0U);
    machine.word(machine.stepped_place(slot)) = tls;
    exception(0x80000301); // #DB
    expect_all_put_back();
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U);
}

TEST_F(SteppedByTrapFlag, AFaultOfTheInstructionIsTheGuests) {
    machine.fields[Field::exit_qualification] = 0x1234;
    machine.fields[Field::vm_exit_interruption_error_code] = 2;
    exception(0x80000B0E); // #PF
    EXPECT_EQ(rights(machine.gdt), EptRights::read_execute);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0x80000B0EU);
    EXPECT_EQ(machine.fields[Field::vm_entry_exception_error_code], 2U);
    EXPECT_EQ(machine.cr2, 0x1234U);
}

TEST_F(SteppedByTrapFlag, AnotherExitClosesThePageFirst) {
    const std::uint64_t rip = machine.fields[Field::guest_rip];
    machine.fields[Field::vm_exit_instruction_length] = 2;
    machine.word(machine.stepped_place(slot)) = tls;
    exit(abi::ExitReason::cpuid);
    expect_all_put_back();
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
    EXPECT_EQ(machine.fields[Field::guest_rip], rip + 2);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U);
}

TEST_F(SteppedByTrapFlag, RefusedTakesThePlaceOfWhatTheInstructionCaused) {
    const std::uint64_t rip = machine.fields[Field::guest_rip];
    machine.fields[Field::vm_exit_instruction_length] = 2;
    machine.word(machine.stepped_place(slot)) = call_gate;
    exit(abi::ExitReason::cpuid);
    expect_all_put_back(after_fault);
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(machine.fields[Field::guest_rip], rip);
    EXPECT_EQ(injected(), vector::general_protection);
    EXPECT_EQ(vcpu.statistics.injected, 1U);
}

TEST_F(SteppedByTrapFlag, RefusedDoesNotTakeThePlaceOfAnNmi) {
    machine.word(machine.stepped_place(slot)) = call_gate;
    vcpu.nmi.kick_in_flight = 1;
    exception(0x80000202); // NMI
    expect_all_put_back(after_fault);
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(injected(), vector::general_protection);
    EXPECT_EQ(vcpu.statistics.kicks_received, 1U);
}

TEST_F(SteppedByTrapFlag, ARequestBeforeVmEntryEndsItUnrun) {
    vcpu.requests = request::ept_translations;
    machine.enter(0);
    expect_all_put_back();
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U);
    EXPECT_EQ(vcpu.requests, 0U);
    EXPECT_EQ(vcpu.pending, 0U);
}

// Not the instruction that the step was for, since only stores are stepped: another vCPU has put it
// there. It runs again outside the step.
TEST_F(SteppedByTrapFlag, WhatItHoldsBackRunsAgain) {
    constexpr std::uint32_t held_back[]{
        0x80000B0D, // #GP by INT n: the IDT has no gates
        0x80000306, // #UD by SYSCALL
        0x80000603, // INT3
        0x80000501, // INT1
    };
    const std::uint64_t rip = machine.fields[Field::guest_rip];
    for (const std::uint32_t event : held_back) {
        machine.fields[Field::vm_exit_interruption_error_code] = 0x81 * 8 + 2;
        exception(event);
        expect_all_put_back();
        EXPECT_EQ(machine.fields[Field::guest_rip], rip);
        EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U) << event;
        exit_with({0x0F, 0x11, 0x07}, slot);
        ASSERT_TRUE(vcpu.single_step.active);
    }
}

TEST_F(SteppedByTrapFlag, TheGuestsBreakpointsComeAfterIt) {
    exception(0x80000301, 5);
    EXPECT_EQ(machine.fields[Field::guest_pending_debug_exceptions],
              5 | pending_debug::enabled_breakpoint);
}

TEST_F(SteppedByTrapFlag, ABreakpointOnTheInstructionIsNotItsEnd) {
    machine.fields[Field::vm_exit_interruption_information] = 0x80000301;
    machine.fields[Field::exit_qualification] = 1; // B0, and no single step
    exit(abi::ExitReason::exception_nmi);
    expect_all_put_back();
    EXPECT_EQ(injected(), vector::debug);
}

TEST_F(SteppedByTrapFlag, PushfStoresTheGuestsFlags) {
    exception(0x80000301);
    exit_with({0x9C}, slot); // pushfq
    machine.fields[Field::guest_rsp] = machine.gdt + 6 * 8;
    machine.word(machine.stepped_place(slot)) = 0x102; // as the processor pushes it in a step
    exception(0x80000301);
    EXPECT_EQ(machine.gdt_slot(6), 0x202U);
}

TEST_F(SteppedByTrapFlag, TheGuestsOwnTrapComesAfterIt) {
    exception(0x80000301); // #DB
    machine.fields[Field::guest_rflags] = 0x302;
    exit_with({0x0F, 0x11, 0x07}, slot);
    exception(0x80000301);
    EXPECT_EQ(machine.fields[Field::guest_rflags], 0x302U);
    EXPECT_EQ(machine.fields[Field::guest_pending_debug_exceptions], pending_debug::single_step);
}

TEST_F(SteppedByTrapFlag, ASecondProtectedPageIsRefused) {
    exit_with({0x0F, 0x11, 0x07}, machine.physical(machine.idt));
    expect_all_put_back(after_fault);
    EXPECT_EQ(rights(machine.idt), EptRights::read_execute);
    EXPECT_EQ(injected(), vector::general_protection);
}

TEST_F(SteppedByTrapFlag, ARefusedStoreIsTakenBack) {
    machine.word(machine.stepped_place(slot)) = call_gate;
    exception(0x80000301);
    expect_all_put_back(after_fault);
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(injected(), vector::general_protection);
}

TEST_F(TrappedStore, TheMonitorsMemoryIsNotThere) {
    exit_with({0x48, 0x89, 0x17}, fake_ram_size);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information] & 0xFF, 13U);
    EXPECT_EQ(count(MemoryAccess::refused), 1U);
}

TEST_F(TrappedStore, EventDeliveryIntoAProtectedPageEndsTheRun) {
    machine.fields[Field::idt_vectoring_information] = 0x80000020;
    EXPECT_THROW(exit_with({0x48, 0x89, 0x17}, machine.physical(machine.gdt)), RunEnded);
}

} // namespace
} // namespace hv::test

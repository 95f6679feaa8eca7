// #PF under shadow paging: whose it is, and what the guest sees of it.

#include "tests/unit/cases/classic_case.h"

namespace hv::test {
namespace {

class PageFault : public ClassicCase {
  protected:
    /// The instruction of a step has run: #DB, by its single step.
    void end_step() {
        machine.fields[Field::vm_exit_interruption_information] = 0x80000301;
        machine.fields[Field::exit_qualification] = 1 << 14;
        cpu.exit(abi::ExitReason::exception_nmi);
    }
    static constexpr std::uint32_t present = fault_code::present;
    static constexpr std::uint32_t user = fault_code::user;
    static constexpr std::uint32_t fetch = fault_code::fetch;

    void set_cr4(std::uint64_t bits) {
        vcpu.registers.rbx = cr4::physical_address_extension | bits;
        exit(abi::ExitReason::cr_access, 4 | 3 << 8);
    }
    void set_write_protect(bool on) {
        vcpu.registers.rbx = 0x80000031U | (on ? cr0::write_protect : 0);
        exit(abi::ExitReason::cr_access, 0 | 3 << 8);
        EXPECT_NE(machine.fields[Field::guest_cr0] & cr0::write_protect, 0U);
    }
    void set_no_execute(bool on) {
        vcpu.registers.rcx = 0xC0000080;
        vcpu.registers.rax = 0x501U | (on ? 0x800U : 0);
        vcpu.registers.rdx = 0;
        exit(abi::ExitReason::msr_write, 0);
    }
};

TEST_F(PageFault, IsTheGuestsWithTheCodeItsTablesGive) {
    fault(page, user | write);
    EXPECT_TRUE(reflected(user | write));
    EXPECT_EQ(machine.cr2, page);
    map_page(page, 3);
    fault(page, user); // the shadow has nothing: the processor said not present
    EXPECT_TRUE(reflected(user | present));
    map_page(page, 5);
    fault(page, user | write | present);
    EXPECT_TRUE(reflected(user | write | present));
    map_page(page, 7 | paging::execute_disable);
    fault(page, fetch);
    EXPECT_TRUE(reflected(fetch | present));
    map_page(page, 7 | std::uint64_t{1} << 45);
    fault(page, write);
    EXPECT_TRUE(reflected(write | present | fault_code::reserved));
    EXPECT_EQ(count(abi::MemoryAccess::reflected), 5U);
    EXPECT_EQ(machine.word(guest_entry(page, 1)) & used, 0U);
}

TEST_F(PageFault, GuardedConfigurationSpaceIsReadOnly) {
    machine.map(machine.root, page, fake_guarded_page, 3);
    fault(page);
    EXPECT_EQ(event(), 0U);
    EXPECT_EQ(leaf(page) & (paging::address_mask | 3), fake_guarded_page | 1);
    fault(page, write); // mov %rdx,(%rdi)
    EXPECT_EQ(event(), 0U);
    EXPECT_EQ(machine.fields[Field::guest_rip], Machine::linear_base + code_page + 3);
    EXPECT_EQ(leaf(page) & (paging::address_mask | 3), fake_guarded_page | 1);
    EXPECT_EQ(vcpu.statistics.refused, 1U);
    EXPECT_NE(machine.console.find("PCI configuration at GPA"), std::string::npos);
}

TEST_F(PageFault, FetchesAreToldWhereTheyCanBeForbidden) {
    fault(page, fetch);
    EXPECT_TRUE(reflected(fetch));
    set_no_execute(false);
    fault(page, fetch);
    EXPECT_TRUE(reflected(0));
    map_page(page, 7 | paging::execute_disable);
    fault(page);
    EXPECT_TRUE(reflected(present | fault_code::reserved));
    set_cr4(cr4::supervisor_execution_prevention);
    fault(page + page_size, fetch);
    EXPECT_TRUE(reflected(fetch));
}

TEST_F(PageFault, SmepAndSmap) {
    map_page(page, 7);
    set_cr4(cr4::supervisor_execution_prevention | cr4::supervisor_access_prevention);
    fault(page, fetch);
    EXPECT_TRUE(reflected(fetch | present));
    fault(page);
    EXPECT_TRUE(reflected(present));
    fault(page, user | fetch);
    EXPECT_EQ(event(), 0U);
    machine.fields[Field::guest_rflags] |= 1 << 18; // AC
    fault(page, write);
    EXPECT_EQ(event(), 0U);
    map_page(page + page_size, 3); // a kernel page
    fault(page + page_size, fetch);
    EXPECT_EQ(event(), 0U);
}

TEST_F(PageFault, AnInterruptedEventIsDeliveredAgain) {
    map_page(page, 7);
    machine.fields[Field::idt_vectoring_information] = 0x80000B0D; // #GP
    machine.fields[Field::idt_vectoring_error_code] = 0x18;
    fault(page, write);
    EXPECT_EQ(event(), 0x80000B0DU);
    EXPECT_EQ(machine.fields[Field::vm_entry_exception_error_code], 0x18U);
}

// SDM vol. 3, table 6-5: a page fault after a contributory exception comes by itself.
TEST_F(PageFault, FaultsAddUpToADoubleFault) {
    machine.fields[Field::idt_vectoring_information] = 0x80000B0D; // #GP
    fault(page);
    EXPECT_TRUE(reflected(0));
    machine.fields[Field::idt_vectoring_information] = 0x80000300; // #DE
    fault(page);
    EXPECT_TRUE(reflected(0));
    machine.fields[Field::idt_vectoring_information] = 0x80000B0E; // #PF
    fault(page);
    EXPECT_EQ(event(), 0x80000B08U);
    EXPECT_EQ(machine.fields[Field::vm_entry_exception_error_code], 0U);
    machine.fields[Field::idt_vectoring_information] = 0x80000B08; // #DF
    EXPECT_THROW(fault(page), RunEnded);
}

TEST_F(PageFault, AnInterruptWaitsForTheFaultOfItsDelivery) {
    const auto has_window_exiting = [this] {
        return (machine.fields[Field::primary_processor_based_controls] & 4) != 0;
    };
    machine.fields[Field::idt_vectoring_information] = 0x80000020;
    fault(page);
    EXPECT_TRUE(reflected(0));
    EXPECT_TRUE(has_window_exiting());
    machine.fields[Field::idt_vectoring_information] = 0;
    cpu.exit(abi::ExitReason::interrupt_window);
    EXPECT_EQ(event(), 0x80000020U);
    EXPECT_FALSE(has_window_exiting());
}

TEST_F(PageFault, AnNmiWaitsForTheFaultOfItsDelivery) {
    machine.fields[Field::idt_vectoring_information] = 0x80000202;
    machine.fields[Field::guest_interruptibility_state] = 8;
    fault(page);
    EXPECT_TRUE(reflected(0));
    machine.fields[Field::idt_vectoring_information] = 0;
    map_page(page, 7);
    fault(page);
    EXPECT_EQ(event(), 0x80000202U);
}

TEST_F(PageFault, BlockingByNmiComesBack) {
    map_page(page, 7);
    machine.fields[Field::exit_qualification] = page;
    machine.fields[Field::vm_exit_interruption_information] = 0x80001B0E;
    machine.fields[Field::vm_exit_interruption_error_code] = 0;
    cpu.exit(abi::ExitReason::exception_nmi);
    EXPECT_NE(machine.fields[Field::guest_interruptibility_state] & 8, 0U);
}

// What cannot be decoded runs on a copy of the page, which every level allows to write.
TEST_F(PageFault, SteppedStoresToReadOnlyPages) {
    const std::uint64_t gpa = map_page(page, 7);
    machine.word(guest_entry(page, 3)) &= ~paging::writable;
    set_write_protect(false);
    set_code({0x0F, 0x11, 0x07}); // movups %xmm0,(%rdi)
    fault(page, write);
    ASSERT_TRUE(vcpu.single_step.active);
    const ShadowProcessor::Result result = cpu.translate(page, {.write = true});
    EXPECT_TRUE(result.translated);
    EXPECT_EQ(result.physical, machine.stepped_place(gpa));
    EXPECT_NE(result.physical, gpa);
    machine.word(result.physical) = 0x5678;
    end_step();
    EXPECT_FALSE(vcpu.single_step.active);
    EXPECT_EQ(machine.word(gpa), 0x5678U);
    EXPECT_EQ(event(), 0U);
    EXPECT_FALSE(cpu.translate(page, {.write = true}).translated);
    EXPECT_EQ(machine.fields[Field::exception_bitmap], 1U << 14);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(PageFault, SteppedStoresToAPageNoAccessHasMappedYet) {
    set_code({0x0F, 0x11, 0x07});
    const std::uint64_t gdt = machine.gdt + 6 * 8;
    ASSERT_EQ(leaf(gdt), 0U);
    fault(gdt, write);
    EXPECT_EQ(event(), 0U);
    ASSERT_TRUE(vcpu.single_step.active);
    EXPECT_TRUE(cpu.translate(gdt, {.write = true}).translated);
    machine.word(machine.stepped_place(machine.physical(gdt))) = 0x00008C0000080000; // a call gate
    end_step();
    EXPECT_TRUE(refused());
    EXPECT_EQ(machine.gdt_slot(6), 0U);
}

TEST_F(PageFault, NothingIsDrainedWhileAPageIsOpen) {
    const std::uint64_t table = machine.take_guest_page();
    ASSERT_EQ(call(abi::Call::allocate_page, table / page_size, 0, 2), abi::Error::none);
    const std::uint64_t target = machine.take_guest_page();
    set_code({0x0F, 0x11, 0x07});
    fault(Machine::linear_base + table, write);
    ASSERT_TRUE(vcpu.single_step.active);
    // One instruction that writes both the open page and the ring.
    machine.area().entry[machine.area().control.ring.tail++] = {
        static_cast<std::uint16_t>(abi::Call::set_pxe), 0, 0, {target | 7, table, 0}};
    end_step();
    EXPECT_EQ(frame(target).links, 0U);
    call(abi::Call::flush, 0);
    EXPECT_EQ(frame(target).links, 1U);
}

TEST_F(PageFault, EventDeliveryIntoAProtectedPageEndsTheRun) {
    machine.fields[Field::idt_vectoring_information] = 0x80000020;
    EXPECT_THROW(fault(machine.gdt, write), RunEnded);
}

// Nothing protects a page table that is not registered: it only has shadow page tables.
TEST_F(PageFault, EventDeliveryOntoAPageTableDropsItsShadow) {
    map_page(page, 7);
    fault(page);
    const std::uint64_t table = guest_entry(page, 1) & ~(page_size - 1);
    const std::uint64_t stack = Machine::linear_base + table;
    fault(stack); // mapped, not writable
    ASSERT_NE(frame(table).write_locks, 0U);
    machine.fields[Field::idt_vectoring_information] = 0x80000020;
    fault(stack + 0xFF8, write);
    EXPECT_EQ(event(), 0x80000020U);
    EXPECT_EQ(frame(table).write_locks, 0U);
    EXPECT_TRUE(cpu.translate(stack, {.write = true}).translated);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(PageFault, TablesOutsideOfMemoryAreRefused) {
    map_page(page, 7);
    machine.word(guest_entry(page, 3)) = fake_ram_size | 7;
    fault(page);
    EXPECT_TRUE(refused());
}

} // namespace
} // namespace hv::test

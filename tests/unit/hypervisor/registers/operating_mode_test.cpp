// Changes of the operating mode, by the rules of MOV to CR0 and CR4 (SDM vol. 2).

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/registers/operating_mode.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/msr.h"
#include "shared/call_number.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

constexpr std::uint64_t pe = cr0::protection_enable;
constexpr std::uint64_t pg = cr0::paging;
constexpr std::uint64_t pae = cr4::physical_address_extension;

class OperatingModeTest : public ::testing::Test {
  protected:
    KernelMachine machine;
    Vcpu& vcpu = machine.vcpu();

    OperatingModeTest(abi::Profile profile, bool in_every_mode) : machine{profile, 256} {
        VirtualMachine& settings = machine.machine();
        settings.protects = false;
        if (in_every_mode)
            settings.controls.secondary |= secondary_processor_based::unrestricted_guest;
        else
            vcpu.cr0_forced |= pe | pg;
        settings.controls.entry |= vm_entry::load_ia32_efer;
        load_protected_mode_state(vcpu, 0x08, 0x10);
    }
    /// Whether MOV to a control register was carried out.
    bool move_to(std::uint32_t number, std::uint64_t value) {
        vcpu.registers.rbx = value;
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(abi::ExitReason::cr_access);
        machine.fields[Field::exit_qualification] = number | 3 << 8;
        machine.fields[Field::vm_exit_instruction_length] = 3;
        machine.fields[Field::vm_entry_interruption_information] = 0;
        handle_vm_exit(vcpu.registers);
        return machine.fields[Field::vm_entry_interruption_information] == 0;
    }
    bool enters_long_mode() {
        return (machine.fields[Field::vm_entry_controls] & vm_entry::ia32e_mode_guest) != 0;
    }
    bool write_efer(std::uint64_t value) {
        return write_guest_msr(vcpu, number(Msr::ia32_efer), value);
    }
};

class OperatingMode : public OperatingModeTest {
  protected:
    OperatingMode() : OperatingModeTest{abi::Profile::modern, true} {}
};

TEST_F(OperatingMode, StartsWithoutPaging) {
    EXPECT_FALSE(enters_long_mode());
    EXPECT_EQ(machine.fields[Field::guest_cr0] & (pe | pg), pe);
    EXPECT_EQ(machine.fields[Field::guest_cs_access_rights], 0xC09BU);
    EXPECT_EQ(vcpu.efer, 0U);
}

TEST_F(OperatingMode, PagingWithoutProtectionIsRefused) {
    EXPECT_FALSE(move_to(0, pg));
    EXPECT_TRUE(move_to(0, 0)); // real-address mode
    EXPECT_EQ(machine.fields[Field::guest_cr0] & pe, 0U);
    EXPECT_TRUE(move_to(0, pe));
}

TEST_F(OperatingMode, LongModeBeginsAndEndsWithPaging) {
    EXPECT_TRUE(write_efer(efer::long_mode_enable));
    EXPECT_FALSE(move_to(0, pe | pg)); // without PAE
    EXPECT_TRUE(move_to(4, pae));
    EXPECT_TRUE(move_to(0, pe | pg));
    EXPECT_TRUE(enters_long_mode());
    EXPECT_EQ(vcpu.efer, efer::long_mode_enable | efer::long_mode_active);
    EXPECT_FALSE(write_efer(efer::long_mode_active)); // LME, while paging is on
    EXPECT_FALSE(move_to(4, 0));
    machine.fields[Field::guest_cs_access_rights] = 0xA09B;
    EXPECT_FALSE(move_to(0, pe)); // from 64-bit mode
    machine.fields[Field::guest_cs_access_rights] = 0xC09B;
    EXPECT_TRUE(move_to(0, pe));
    EXPECT_FALSE(enters_long_mode());
    EXPECT_EQ(vcpu.efer, efer::long_mode_enable);
    machine.fields[Field::guest_cs_access_rights] = 0xA09B;
    EXPECT_FALSE(move_to(0, pe | pg)); // CS.L
}

TEST_F(OperatingMode, LongModeDoesNotBeginWithA16BitTss) {
    machine.fields[Field::guest_tr_access_rights] = 0x80U | segment_type::tss_busy_16;
    EXPECT_TRUE(write_efer(efer::long_mode_enable));
    EXPECT_TRUE(move_to(4, pae));
    EXPECT_FALSE(move_to(0, pe | pg));
    EXPECT_FALSE(enters_long_mode());
    machine.fields[Field::guest_tr_access_rights] = 0x80U | segment_type::tss_busy;
    EXPECT_TRUE(move_to(0, pe | pg));
}

// VM entry would refuse one there (SDM vol. 3, 27.2.1.3).
TEST_F(OperatingMode, ExceptionsHaveNoErrorCodeInRealAddressMode) {
    constexpr std::uint32_t valid = 1U << 31;
    constexpr std::uint32_t exception = 3 << 8;
    constexpr std::uint32_t with_error_code = 1 << 11;
    const auto event = [this] { return machine.fields[Field::vm_entry_interruption_information]; };
    EXPECT_FALSE(move_to(0, pg));
    EXPECT_EQ(event(), valid | exception | with_error_code | vector::general_protection);
    load_real_mode_state(vcpu, 0x9A);
    EXPECT_FALSE(move_to(0, pg));
    EXPECT_EQ(event(), valid | exception | vector::general_protection);
}

// CS.L has no meaning there.
TEST_F(OperatingMode, RipHas32BitsOutsideLongMode) {
    machine.fields[Field::guest_cs_access_rights] = 0xE09B; // L and D
    machine.fields[Field::guest_rip] = 0xFFFFFFFE;
    EXPECT_TRUE(move_to(0, pe));
    EXPECT_EQ(machine.fields[Field::guest_rip], 1U);
}

TEST_F(OperatingMode, PaePagingLoadsFourEntries) {
    const std::uint64_t page = machine.take_guest_page();
    constexpr std::uint64_t offset = 0x20;
    for (std::uint64_t index = 0; index < 4; ++index)
        machine.word(page + offset + index * 8) = 0x1000 * (index + 1) | 1;
    machine.fields[Field::guest_cr3] = page + offset;
    EXPECT_TRUE(move_to(4, pae));
    machine.word(page + offset + 16) |= 2; // reserved
    EXPECT_FALSE(move_to(0, pe | pg));
    machine.word(page + offset + 16) &= ~std::uint64_t{1}; // not present: not judged
    EXPECT_TRUE(move_to(0, pe | pg));
    EXPECT_FALSE(enters_long_mode());
    EXPECT_EQ(machine.fields[Field::guest_pdpte0], 0x1001U);
    EXPECT_EQ(machine.fields[Field::guest_pdpte3], 0x4001U);
    EXPECT_TRUE(move_to(4, 0));
    machine.word(page + offset) |= std::uint64_t{1} << 63;
    EXPECT_FALSE(move_to(4, pae));
}

// Under shadow paging the processor has paging enabled in every mode (SDM vol. 3, 24.8).
class OperatingModeOnClassic : public OperatingModeTest {
  protected:
    OperatingModeOnClassic() : OperatingModeTest{abi::Profile::classic, false} {}

    std::uint64_t pointer(std::uint32_t index) {
        return machine.word(machine.fields[Field::guest_cr3] + index * 8);
    }
    /// What the guest reads.
    std::uint64_t move_from_cr3() {
        constexpr std::uint64_t from_cr3_to_rbx = 3 | 1 << 4 | 3 << 8;
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(abi::ExitReason::cr_access);
        machine.fields[Field::exit_qualification] = from_cr3_to_rbx;
        handle_vm_exit(vcpu.registers);
        return vcpu.registers.rbx;
    }
};

TEST_F(OperatingModeOnClassic, TheProcessorAlwaysHasPaging) {
    EXPECT_EQ(machine.fields[Field::guest_cr0] & pg, pg);
    EXPECT_EQ(machine.fields[Field::guest_cr4] & pae, pae);
    EXPECT_EQ(machine.fields[Field::cr0_read_shadow] & (pe | pg), pe);
    EXPECT_EQ(machine.fields[Field::cr4_read_shadow], 0U);
    EXPECT_FALSE(enters_long_mode());
    EXPECT_LT(machine.fields[Field::guest_cr3], std::uint64_t{1} << 32);
    EXPECT_TRUE(move_to(0, pe | pg));
    EXPECT_TRUE(move_to(0, pe));
    EXPECT_EQ(machine.fields[Field::guest_cr0] & pg, pg);
}

TEST_F(OperatingModeOnClassic, TheGuestReadsItsOwnCr3) {
    const std::uint64_t page = machine.take_guest_page();
    EXPECT_TRUE(move_to(3, page | 0x18));
    EXPECT_NE(machine.fields[Field::guest_cr3], page | 0x18);
    EXPECT_EQ(move_from_cr3(), page | 0x18);
    EXPECT_TRUE(move_to(0, pe | pg));
    EXPECT_EQ(move_from_cr3(), page | 0x18);
}

// SetCR3 loads the root in the mode in which the guest is: VM entry would take a root of 4-level
// paging for four pointers.
TEST_F(OperatingModeOnClassic, SetCr3LoadsARootOfTheMode) {
    const std::uint64_t page = machine.take_guest_page();
    const std::uint64_t pointers = machine.fields[Field::guest_cr3];
    vcpu.registers.rax = static_cast<std::uint64_t>(abi::Call::set_cr3);
    vcpu.registers.rdi = page;
    machine.exit(0, abi::ExitReason::vmcall);
    EXPECT_EQ(vcpu.registers.rax, 0U);
    EXPECT_EQ(machine.fields[Field::guest_cr3], pointers);
    EXPECT_EQ(move_from_cr3(), page);
}

// The calls of 64-bit kernels for tables that 32-bit ones keep.
TEST_F(OperatingModeOnClassic, OtherCallsAreUnknown) {
    for (const abi::Call call :
         {abi::Call::allocate_page, abi::Call::update_pxe, abi::Call::set_gdt, abi::Call::set_cr4,
          abi::Call::shootdown, abi::Call::set_initial_ap_state}) {
        vcpu.registers.rax = static_cast<std::uint64_t>(call);
        machine.exit(0, abi::ExitReason::vmcall);
        EXPECT_EQ(vcpu.registers.rax, static_cast<std::uint64_t>(abi::Error::unknown_call));
    }
}

TEST_F(OperatingModeOnClassic, PaePagingLoadsFourEntries) {
    const std::uint64_t page = machine.take_guest_page();
    machine.word(page + 16) = page | 1 | 2; // reserved
    EXPECT_TRUE(move_to(3, page));
    EXPECT_TRUE(move_to(4, pae));
    EXPECT_FALSE(move_to(0, pe | pg));
    machine.word(page + 16) = page | 1;
    EXPECT_TRUE(move_to(0, pe | pg));
    machine.word(page + 16) = page | 1 | std::uint64_t{1} << 63;
    EXPECT_FALSE(move_to(3, page));
    EXPECT_TRUE(move_to(3, page + 32)); // none is present there
}

TEST_F(OperatingModeOnClassic, LongModeBeginsAndEndsWithPaging) {
    const std::uint64_t page = machine.take_guest_page();
    EXPECT_TRUE(move_to(3, page));
    EXPECT_TRUE(write_efer(efer::long_mode_enable));
    EXPECT_TRUE(move_to(4, pae));
    // VM entry demands that LME be LMA.
    EXPECT_EQ(machine.fields[Field::guest_ia32_efer] & efer::long_mode_enable, 0U);
    const std::uint64_t pointers = machine.fields[Field::guest_cr3];
    EXPECT_TRUE(move_to(0, pe | pg));
    EXPECT_NE(machine.fields[Field::guest_cr3], pointers);
    EXPECT_TRUE(enters_long_mode());
    EXPECT_EQ(machine.fields[Field::guest_ia32_efer] & efer::long_mode_enable,
              efer::long_mode_enable);
    EXPECT_EQ(move_from_cr3(), page);
    EXPECT_FALSE(move_to(4, 0));
    EXPECT_TRUE(move_to(0, pe));
    EXPECT_FALSE(enters_long_mode());
    EXPECT_EQ(machine.fields[Field::guest_cr3], pointers);
    EXPECT_EQ(move_from_cr3(), page);
}

// The processor would take the displaced root for four pointers.
// CR4.PSE says how the entries of 32-bit paging are read.
TEST_F(OperatingModeOnClassic, ARefusedCr4ChangesNothing) {
    const std::uint64_t page = machine.take_guest_page();
    machine.word(page) = page | 1 | 2; // reserved under PAE paging
    EXPECT_TRUE(move_to(3, page));
    EXPECT_TRUE(move_to(0, pe | pg));
    EXPECT_FALSE(move_to(4, pae | cr4::page_size_extensions));
    EXPECT_EQ(machine.fields[Field::cr4_read_shadow], 0U);
    EXPECT_FALSE(machine.machine().features.large_pages);
    EXPECT_TRUE(move_to(4, cr4::page_size_extensions));
    EXPECT_TRUE(machine.machine().features.large_pages);
}

// A mode that does not begin leaves the mode as it was, with its root.
TEST_F(OperatingModeOnClassic, ARefusedCr0ChangesNothing) {
    constexpr std::uint64_t beyond_memory = 0xF0000000;
    EXPECT_TRUE(move_to(3, beyond_memory));
    EXPECT_TRUE(write_efer(efer::long_mode_enable));
    EXPECT_TRUE(move_to(4, pae));
    const std::uint64_t pointers = machine.fields[Field::guest_cr3];
    EXPECT_FALSE(move_to(0, pe | pg));
    EXPECT_FALSE(enters_long_mode());
    EXPECT_EQ(vcpu.efer, efer::long_mode_enable);
    EXPECT_EQ(machine.fields[Field::guest_cr3], pointers);
    EXPECT_EQ(machine.fields[Field::guest_ia32_efer] & efer::long_mode_enable, 0U);
}

TEST(OperatingModeOfUnawareKernel, NoRootIsLoadedWithoutAnExitOutsideLongMode) {
    ClassicMachine machine{256, 1, true};
    const auto move_to = [&machine](std::uint32_t number, std::uint64_t value) {
        machine.vcpu().registers.rbx = value;
        machine.fields[Field::exit_qualification] = number | 3 << 8;
        machine.fields[Field::vm_exit_instruction_length] = 3;
        machine.exit(0, abi::ExitReason::cr_access);
    };
    const auto offered = [&machine] {
        std::uint32_t count = 0;
        for (const Field target : target_fields)
            count += machine.fields[target] != no_target ? 1 : 0;
        return count;
    };
    const std::uint64_t other = machine.make_root();
    for (int load = 0; load < 20; ++load)
        move_to(3, load % 2 == 0 ? other : machine.root);
    EXPECT_EQ(offered(), 2U);
    machine.fields[Field::guest_cs_access_rights] = 0xC09B;
    move_to(0, pe);
    EXPECT_EQ(offered(), 0U);
    EXPECT_LT(machine.shadows().table(current_shadow_root(machine.vcpu())).level, 4);
    set_tables_aside(machine.vcpu());
    settle(machine.vcpu());
    EXPECT_EQ(offered(), 0U);
    move_to(0, pe | pg);
    move_to(3, other);
    EXPECT_EQ(offered(), 2U);
}

TEST_F(OperatingModeOnClassic, AProtectedKernelStaysIn64BitMode) {
    KernelMachine other{abi::Profile::classic, 256};
    EXPECT_FALSE(other.machine().runs_in_protected_mode());
}

TEST_F(OperatingMode, ASipiLeadsToRealAddressMode) {
    load_real_mode_state(vcpu, 0x9A);
    EXPECT_EQ(machine.fields[Field::guest_cs_selector], 0x9A00U);
    EXPECT_EQ(machine.fields[Field::guest_cs_base], 0x9A000U);
    EXPECT_EQ(machine.fields[Field::guest_rip], 0U);
    EXPECT_EQ(machine.fields[Field::guest_cr0] & (pe | pg), 0U);
    EXPECT_FALSE(enters_long_mode());
}

} // namespace
} // namespace hv::test

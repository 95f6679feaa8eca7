// A kernel that leaves 64-bit mode for a moment, as Linux's decompressor does.

#include "hypervisor/exits/exit_handlers.h"
#include "tests/unit/cases/startup_modes_case.h"

namespace hv::test {
namespace {

class WithoutPaging : public StartupModesCase {
  protected:
    Vcpu& vcpu = machine.vcpu();

    WithoutPaging() {
        put_gdt();
        machine.machine().protects = false;
        machine.machine().profile = abi::Profile::modern;
        machine.fields[Field::guest_gdtr_base] = 0x9000;
        machine.fields[Field::guest_gdtr_limit] = 31;
        machine.fields[Field::guest_cs_selector] = 0x08;
        machine.fields[Field::guest_cs_limit] = 0xFFFFFFFF;
        machine.fields[Field::guest_cs_access_rights] = 0xC09B; // 32-bit
        for (const Field rights : {Field::guest_ss_access_rights, Field::guest_ds_access_rights,
                                   Field::guest_es_access_rights, Field::guest_fs_access_rights,
                                   Field::guest_gs_access_rights})
            machine.fields[rights] = 0xC093;
        for (const Field limit :
             {Field::guest_ss_limit, Field::guest_ds_limit, Field::guest_es_limit,
              Field::guest_fs_limit, Field::guest_gs_limit})
            machine.fields[limit] = 0xFFFFFFFF;
        machine.fields[Field::guest_tr_access_rights] = 0x8B; // a busy TSS
        machine.fields[Field::guest_tr_limit] = 0x67;
        machine.fields[Field::guest_ldtr_access_rights] = 0x10000; // none
        machine.fields[Field::guest_cr3] = top_table;
        machine.fields[Field::guest_rip] = code_base;
    }

    /// MOV EAX to CR0, at code_base, with PG clear; then comes `code`.
    void end_paging(std::span<const std::uint8_t> code) {
        put(code_base + 3, code);
        vcpu.registers.rax = cr0::protection_enable | cr0::extension_type | cr0::numeric_error;
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(abi::ExitReason::cr_access);
        machine.fields[Field::exit_qualification] = 0;
        machine.fields[Field::vm_exit_instruction_length] = 3;
        handle_vm_exit(vcpu.registers);
    }
};

STARTUP_CODE(back_again, R"(
    .code32
    movl %cr0, %eax
    btsl $31, %eax
    movl %eax, %cr0
    ljmp $0x18, $0x12345
)");

TEST_F(WithoutPaging, GoesOnIn64BitModeAgain) {
    machine.fields[Field::guest_rsp] = 0x7000;
    machine.fields[Field::guest_tr_selector] = 0x20;
    vcpu.registers.rbx = 0x55;
    end_paging(back_again);
    EXPECT_EQ(machine.fields[Field::guest_rip], 0x12345U);
    EXPECT_EQ(machine.fields[Field::guest_cs_selector], 0x18U);
    EXPECT_EQ(machine.fields[Field::guest_rsp], 0x7000U);
    EXPECT_EQ(machine.fields[Field::guest_tr_selector], 0x20U); // stays
    EXPECT_EQ(vcpu.registers.rbx, 0x55U);
    EXPECT_NE(machine.fields[Field::guest_cr0] & cr0::paging, 0U);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U);
}

STARTUP_CODE(never_back, "hlt");

TEST_F(WithoutPaging, EndsTheRunWhenItDoesNotComeBack) {
    EXPECT_THROW(end_paging(never_back), RunEnded);
    EXPECT_NE(machine.console.find("left 64-bit mode and does not come back"), std::string::npos)
        << machine.console;
}

TEST_F(WithoutPaging, In64BitModeItIsRefused) {
    machine.fields[Field::guest_cs_access_rights] = 0xA09B;
    end_paging(back_again);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information] & 0xFF, 13U);
    EXPECT_EQ(machine.fields[Field::guest_rip], code_base);
}

} // namespace
} // namespace hv::test

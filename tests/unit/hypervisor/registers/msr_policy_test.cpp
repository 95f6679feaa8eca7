// RDMSR and WRMSR.

#include "hypervisor/vcpu/msr_bitmaps.h"
#include "tests/unit/cases/exit_case.h"

namespace hv::test {
namespace {

using abi::ExitReason;

TEST_F(Exits, MsrsThatTheGuestMayNotHave) {
    for (const Msr msr : {Msr::ia32_feature_control, Msr::ia32_vmx_basic}) {
        machine.msrs[number(msr)] = 1;
        vcpu.registers.rcx = number(msr);
        exit_with(ExitReason::msr_read);
        EXPECT_TRUE(faulted());
        exit_with(ExitReason::msr_write);
        EXPECT_TRUE(faulted());
    }
    vcpu.registers.rcx = 0x12345678; // no such MSR
    exit_with(ExitReason::msr_read);
    EXPECT_TRUE(faulted());
}

TEST_F(Exits, AWriteOfWhatIsThereChangesNothing) {
    machine.msrs[number(Msr::ia32_platform_id)] = 5;
    vcpu.registers.rcx = number(Msr::ia32_platform_id);
    vcpu.registers.rdx = 0;
    vcpu.registers.rax = 5;
    exit_with(ExitReason::msr_write);
    EXPECT_FALSE(faulted());
    vcpu.registers.rax = 6;
    exit_with(ExitReason::msr_write);
    EXPECT_TRUE(faulted());
    EXPECT_EQ(machine.msrs[number(Msr::ia32_platform_id)], 5U);
}

TEST_F(Exits, EachMsrThatAnUnawareKernelIsRefusedIsNamedOnce) {
    machine.machine().protects = false;
    vcpu.registers.rax = 1;
    for (const std::uint32_t msr : {0x140U, 0x141U, 0x140U}) {
        machine.msrs[msr] = 0;
        vcpu.registers.rcx = msr;
        exit_with(ExitReason::msr_write);
        EXPECT_TRUE(faulted());
    }
    const auto first = machine.console.find("MSR_WRITE 0x140");
    EXPECT_NE(first, std::string::npos) << machine.console;
    EXPECT_EQ(machine.console.find("MSR_WRITE 0x140", first + 1), std::string::npos);
    EXPECT_NE(machine.console.find("MSR_WRITE 0x141"), std::string::npos);
    EXPECT_EQ(vcpu.statistics.refused, 3U);
}

TEST_F(Exits, MtrrWritesAreKeptFromTheProcessor) {
    machine.msrs[number(Msr::ia32_mtrr_def_type)] = 0xC06;
    vcpu.registers.rcx = number(Msr::ia32_mtrr_def_type);
    vcpu.registers.rax = 0;
    vcpu.registers.rdx = 0;
    exit_with(ExitReason::msr_write);
    EXPECT_FALSE(faulted());
    EXPECT_EQ(machine.msrs[number(Msr::ia32_mtrr_def_type)], 0xC06U);
    vcpu.registers.rax = 5;
    exit_with(ExitReason::msr_read);
    EXPECT_EQ(vcpu.registers.rax, 0U); // but the guest reads what it wrote
}

// What the processor does, by SDM vol. 3, 12.11.1 and 12.11.2, and as Bochs does it.
TEST_F(Exits, MtrrsTakeWhatTheProcessorTakes) {
    machine.machine().physical_address_bits = 40;
    machine.msrs[number(Msr::ia32_mtrrcap)] = 0x508; // 8 variable ranges, fixed ranges, WC
    const auto refused = [&](std::uint32_t msr, std::uint64_t value) {
        vcpu.registers.rcx = msr;
        vcpu.registers.rax = value & 0xFFFFFFFF;
        vcpu.registers.rdx = value >> 32;
        exit_with(ExitReason::msr_write);
        return faulted();
    };
    const std::uint32_t default_type = number(Msr::ia32_mtrr_def_type);
    for (const std::uint64_t type : {0U, 1U, 4U, 5U, 6U}) {
        EXPECT_FALSE(refused(default_type, 0xC00 | type)) << type;
        EXPECT_FALSE(refused(0x200, 0xFF'FFFF'F000 | type)) << type;
        EXPECT_FALSE(refused(0x250, type << 56 | type)) << type;
    }
    for (const std::uint64_t type : {2U, 3U, 7U, 8U, 0xFFU}) {
        EXPECT_TRUE(refused(default_type, 0xC00 | type)) << type;
        EXPECT_TRUE(refused(0x200, type)) << type;
        EXPECT_TRUE(refused(0x26F, type << 56)) << type;
    }
    EXPECT_TRUE(refused(default_type, 0x1C06));
    EXPECT_TRUE(refused(default_type, 0xD06));
    EXPECT_TRUE(refused(default_type, std::uint64_t{1} << 40 | 0xC06));
    EXPECT_TRUE(refused(0x200, 0x106)); // reserved bits
    EXPECT_TRUE(refused(0x200, std::uint64_t{1} << 40 | 6));
    EXPECT_FALSE(refused(0x201, 0xFF'0000'0800));
    EXPECT_TRUE(refused(0x201, 0xFF'0000'0400));
    EXPECT_TRUE(refused(0x201, std::uint64_t{1} << 50));
    EXPECT_FALSE(refused(0x20F, 0x800));
    for (const std::uint32_t none : {0x210U, 0x24FU, 0x251U, 0x257U, 0x25AU, 0x267U, 0x270U}) {
        EXPECT_TRUE(refused(none, 0)) << none;
        vcpu.registers.rcx = none;
        exit_with(ExitReason::msr_read);
        EXPECT_TRUE(faulted()) << none;
    }
}

TEST_F(Exits, TheApicStaysWhereItIs) {
    const std::uint32_t msr = number(Msr::ia32_apic_base);
    machine.msrs[msr] = 0xFEE00900;
    vcpu.registers.rcx = msr;
    vcpu.registers.rdx = 0;
    vcpu.registers.rax = 0x00F00900; // over other memory
    exit_with(ExitReason::msr_write);
    EXPECT_TRUE(faulted());
    vcpu.registers.rax = 0xFEE00D00; // x2APIC mode
    exit_with(ExitReason::msr_write);
    EXPECT_EQ(machine.msrs[msr], 0xFEE00D00U);
}

TEST_F(Exits, EferKeeps64BitMode) {
    machine.msrs[number(Msr::ia32_efer)] = 0xD01;
    vcpu.registers.rcx = number(Msr::ia32_efer);
    vcpu.registers.rdx = 0;
    vcpu.registers.rax = 0x401; // LME clear
    exit_with(ExitReason::msr_write);
    EXPECT_TRUE(faulted());
    vcpu.registers.rax = 0x101 | 1 << 12; // SVME
    exit_with(ExitReason::msr_write);
    EXPECT_TRUE(faulted());
    vcpu.registers.rax = 0x101;
    exit_with(ExitReason::msr_write);
    // The monitor's own page tables need NXE, where EFER is shared.
    EXPECT_EQ(machine.msrs[number(Msr::ia32_efer)], 0xD01U);
}

TEST_F(Exits, MsrBitmapsPassWhatASwitchUses) {
    const std::uint64_t page = machine.take_guest_page();
    fill_msr_bitmaps(page);
    const auto exits = [page](std::uint32_t msr, std::uint64_t half) {
        const std::uint64_t base = page + half + (msr >= 0xC0000000 ? 1024 : 0);
        return (*direct_pointer(base + (msr & 0x1FFF) / 8) >> msr % 8 & 1) != 0;
    };
    for (const Msr msr : {Msr::ia32_fs_base, Msr::ia32_gs_base, Msr::ia32_kernel_gs_base}) {
        EXPECT_FALSE(exits(number(msr), 0));
        EXPECT_FALSE(exits(number(msr), 2048));
    }
    for (const Msr msr : {Msr::ia32_pred_cmd, Msr::ia32_flush_cmd}) { // written only
        EXPECT_TRUE(exits(number(msr), 0));
        EXPECT_FALSE(exits(number(msr), 2048));
    }
    for (const Msr msr : {Msr::ia32_efer, Msr::ia32_apic_base, Msr::ia32_pat, Msr::ia32_debugctl,
                          Msr::ia32_mtrr_physbase0, Msr::ia32_feature_control}) {
        EXPECT_TRUE(exits(number(msr), 0));
        EXPECT_TRUE(exits(number(msr), 2048));
    }
}

} // namespace
} // namespace hv::test

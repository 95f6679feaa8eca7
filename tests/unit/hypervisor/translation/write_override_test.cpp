// Stores of a kernel with CR0.WP clear, under shadow paging.

#include "tests/unit/cases/classic_case.h"

namespace hv::test {
namespace {

class WriteOverride : public ClassicCase {
  protected:
    static constexpr std::uint32_t user = fault_code::user;
    static constexpr std::uint32_t present = fault_code::present;
    static constexpr std::uint64_t read_only = 5;        ///< present, user
    static constexpr std::uint64_t large_page = 1U << 7; ///< PS
    static constexpr std::uint64_t large = 0x40000000;   ///< a linear address

    void SetUp() override { set_write_protect(false); }
    void set_write_protect(bool on) {
        vcpu.registers.rbx = 0x80000031U | (on ? cr0::write_protect : 0);
        exit(abi::ExitReason::cr_access, 0 | 3 << 8);
    }
    void set_cr4(std::uint64_t bits) {
        vcpu.registers.rbx = cr4::physical_address_extension | bits;
        exit(abi::ExitReason::cr_access, 4 | 3 << 8);
    }
    bool kernel_writes(std::uint64_t linear) {
        return cpu.translate(linear, {.write = true}).translated;
    }
    bool user_reads(std::uint64_t linear) {
        return cpu.translate(linear, {.user = true}).translated;
    }
};

TEST_F(WriteOverride, TheKernelWritesAndTheUserDoesNot) {
    map_page(page, read_only);
    fault(page, write);
    EXPECT_EQ(event(), 0U);
    EXPECT_TRUE(kernel_writes(page));
    EXPECT_TRUE(shadows.consistent());
    EXPECT_FALSE(user_reads(page));
    fault(page, user | present);
    EXPECT_TRUE(user_reads(page));
    EXPECT_FALSE(kernel_writes(page));
    EXPECT_FALSE(cpu.translate(page, {.write = true, .user = true}).translated);
    fault(page, user | write | present);
    EXPECT_TRUE(reflected(user | write | present));
}

TEST_F(WriteOverride, ALargePage) {
    machine.map(machine.root, large, 0, 0);
    machine.word(guest_entry(large, 2)) = read_only | large_page;
    fault(large + page_size, write);
    EXPECT_TRUE(kernel_writes(large + page_size));
    EXPECT_FALSE(user_reads(large + page_size));
    EXPECT_TRUE(shadows.consistent());
    set_write_protect(true);
    EXPECT_FALSE(kernel_writes(large + page_size));
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(WriteOverride, EndsWhenWriteProtectIsSet) {
    map_page(page, read_only);
    fault(page, write);
    EXPECT_TRUE(kernel_writes(page)); // and the processor has it cached
    set_write_protect(true);
    EXPECT_FALSE(shadows.has_overrides());
    EXPECT_FALSE(kernel_writes(page));
    fault(page, write);
    EXPECT_TRUE(reflected(write | present));
    EXPECT_FALSE(kernel_writes(page));
}

TEST_F(WriteOverride, WhereAnEntryAboveIsReadOnlyEachStoreIsCarriedOut) {
    const std::uint64_t gpa = map_page(page, 7);
    machine.word(guest_entry(page, 3)) &= ~paging::writable;
    vcpu.registers.rdx = 0x1234;
    fault(page, write);
    EXPECT_EQ(event(), 0U);
    EXPECT_EQ(machine.word(gpa), 0x1234U);
    EXPECT_FALSE(kernel_writes(page));
}

TEST_F(WriteOverride, AnEventIsDeliveredToAReadOnlyStack) {
    map_page(page, read_only);
    machine.fields[Field::idt_vectoring_information] = 0x80000306; // #UD
    fault(page, write);
    EXPECT_EQ(event(), 0x80000306U);
    EXPECT_TRUE(kernel_writes(page));
}

TEST_F(WriteOverride, APageThatBecomesATableIsWritableNowhere) {
    const std::uint64_t table = map_page(page, read_only);
    fault(page, write);
    EXPECT_TRUE(kernel_writes(page));
    EXPECT_EQ(call(abi::Call::allocate_page, table / page_size, 0, 1), abi::Error::none);
    EXPECT_FALSE(kernel_writes(page));
    machine.word(table) = 0;
    vcpu.registers.rdx = std::uint64_t{1} << 51 | 1; // a frame that does not exist
    fault(page, write);
    EXPECT_TRUE(refused());
    EXPECT_EQ(machine.word(table), 0U);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(WriteOverride, SmepAndSmapSeeAUserPage) {
    map_page(page, read_only);
    set_cr4(cr4::supervisor_execution_prevention);
    fault(page, write);
    EXPECT_TRUE(kernel_writes(page));
    EXPECT_FALSE(cpu.translate(page, {.fetch = true}).translated);
    set_cr4(cr4::supervisor_access_prevention);
    EXPECT_FALSE(kernel_writes(page));
    machine.fields[Field::guest_rflags] |= 1 << 18; // AC
    fault(page, write);
    EXPECT_EQ(event(), 0U);
    machine.fields[Field::guest_rflags] &= ~std::uint64_t{1 << 18};
    EXPECT_FALSE(shadows.has_overrides());
    set_cr4(0);
    fault(page, write);
    EXPECT_TRUE(cpu.translate(page, {.fetch = true}).translated);
}

TEST_F(WriteOverride, ThereIsNoLimitToTheirNumber) {
    for (std::uint64_t index = 0; index < 200; ++index) {
        const std::uint64_t linear = page + index * page_size;
        map_page(linear, read_only);
        fault(linear, write);
        EXPECT_TRUE(kernel_writes(linear)) << index;
        EXPECT_TRUE(shadows.consistent()) << index;
    }
    set_write_protect(true);
    for (std::uint64_t index = 0; index < 200; ++index)
        EXPECT_FALSE(kernel_writes(page + index * page_size)) << index;
}

} // namespace
} // namespace hv::test

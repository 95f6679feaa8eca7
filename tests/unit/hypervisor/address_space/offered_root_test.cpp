// A root that was offered to be loaded without an exit, and is registered only then: the monitor
// sees its next load, and from then on it leads to the descriptor tables for good.

#include "shared/page_table_calls.h"
#include "tests/unit/cases/classic_case.h"

namespace hv::test {
namespace {

using abi::Call;
using OfferedRoot = ClassicCase;

constexpr std::uint64_t kernel_entry = 511 * 8;

TEST_F(OfferedRoot, IsKeptWhenItIsRegisteredLater) {
    const std::uint64_t root = make_bare_root();
    EXPECT_EQ(call(Call::set_cr3, root), abi::Error::none);
    EXPECT_EQ(call(Call::set_cr3, machine.root), abi::Error::none);
    const auto is_offered = [&] {
        for (const abi::RootPair& pair : machine.area().control.root_pair)
            if (pair.guest_root == root)
                return true;
        return false;
    };
    ASSERT_TRUE(is_offered());
    const auto options = abi::AllocateOptions::make(abi::page_flags::pml4, 0, 0);
    EXPECT_EQ(call(Call::allocate_page, root / page_size, 0, options.encode()), abi::Error::none);
    EXPECT_FALSE(is_offered());
    EXPECT_EQ(call(Call::set_cr3, root), abi::Error::none);
    EXPECT_EQ(call(Call::set_pxe, 0, root + kernel_entry), abi::Error::kept_mapping);
}

} // namespace
} // namespace hv::test

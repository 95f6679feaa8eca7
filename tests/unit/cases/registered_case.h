#pragma once
// What tests of registered page tables have in common, on both profiles that have them.

#include "hypervisor/calls/call_handlers.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {

namespace page_flags = abi::page_flags;

class Registered : public ::testing::TestWithParam<abi::Profile> {
  protected:
    KernelMachine machine{GetParam(), 256};
    Vcpu& vcpu = machine.vcpu();
    const bool hardened = GetParam() == abi::Profile::hardened;
    static constexpr std::uint64_t no_execute = paging::execute_disable;

    abi::Error allocate(std::uint64_t gpa, std::uint64_t flags, std::uint64_t clone = 0,
                        std::uint64_t first = 0, std::uint64_t entries = 0) {
        return call_allocate_page(vcpu, gpa / page_size, clone / page_size,
                                  abi::AllocateOptions::make(flags, first, entries).encode());
    }
    abi::Error release(std::uint64_t gpa) { return call_release_page(vcpu, gpa / page_size, 0, 0); }
    abi::Error set(std::uint64_t gpa, std::uint64_t value, std::uint64_t flags = 0) {
        return call_set_pxe(vcpu, value, gpa, flags);
    }
    std::uint64_t table(int level) {
        const std::uint64_t gpa = machine.take_guest_page();
        EXPECT_EQ(allocate(gpa, abi::page_level_flag(static_cast<std::uint32_t>(level))),
                  abi::Error::none);
        return gpa;
    }
    Frame& frame(std::uint64_t gpa) { return *machine.machine().frames.of_address(gpa); }
    bool stale() { return machine.area().control.stale_translations != 0; }
};

inline auto registered_profiles() {
    return ::testing::Values(abi::Profile::hardened, abi::Profile::classic);
}
inline std::string profile_name(const ::testing::TestParamInfo<abi::Profile>& parameter) {
    return std::string{abi::name(parameter.param)};
}

} // namespace hv::test

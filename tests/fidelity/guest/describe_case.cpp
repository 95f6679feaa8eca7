#include "tests/fidelity/guest/kinds.h"
#include "tests/fidelity/guest/run_case.h"

namespace fidelity {
namespace {

void describe_bytes(Report& report, const std::uint8_t* bytes, std::uint32_t count) {
    constexpr const char* digits = "0123456789abcdef";
    for (std::uint32_t index = 0; index < count; ++index)
        report.add(std::string_view(digits + (bytes[index] >> 4), 1),
                   std::string_view(digits + (bytes[index] & 0xF), 1));
}

void describe_code(Report& report, const Case& c) {
    report.add(" mode=",
               Hex{c.mode.bits == 64   ? 0x64U
                   : c.mode.bits == 32 ? 0x32U
                                       : 0x16U},
               c.mode.ring_3 ? "/3" : "/0", " kinds=");
    for (std::uint32_t index = 0; index < c.kind_count; ++index)
        report.add(index == 0 ? "" : ",", c.kinds[index]->name);
    report.add(" at=", Hex{c.code_begin}, " code=");
    describe_bytes(report, c.code.data(), c.code_size);
}

void describe_features(Report& report, const Case& c) {
    report.add(" with=");
    bool is_first = true;
    for (std::uint32_t feature = 0; feature < feature_count; ++feature) {
        if ((c.uses >> feature & 1) == 0 || (c.without >> feature & 1) != 0)
            continue;
        report.add(is_first ? "" : ",", feature_names[feature]);
        is_first = false;
    }
}

void describe_pages(Report& report, const Case& c) {
    const std::uint64_t plain =
        window::present | window::writable | (c.mode.ring_3 ? window::user : 0);
    for (std::uint32_t slot = 0; slot < slot_absent_0; ++slot)
        if (c.rights.page[slot] != plain)
            report.add(" page:", Hex{slot_address(slot)}, "=", Hex{c.rights.page[slot]});
    report.add(" levels=", Hex{c.rights.directory_entry}, ",", Hex{c.rights.pointer_entry}, ",",
               Hex{c.rights.top_level_entry}, ",", Hex{c.rights.large_page});
}

void describe_state(Report& report, const Case& c) {
    for (std::uint32_t number = 0; number < register_count; ++number)
        report.add(" r", Hex{number}, "=", Hex{c.general[number]});
    report.add(" flags=", Hex{c.rflags}, " cr0=", Hex{c.cr0}, " cr4=", Hex{c.cr4},
               " cr8=", Hex{c.cr8}, " efer=", Hex{c.efer}, " xcr0=", Hex{c.xcr0},
               " mask=", Hex{c.flag_mask});
    report.add(" segments=", Hex{c.ds}, ",", Hex{c.es}, ",", Hex{c.fs}, ",", Hex{c.gs},
               " bases=", Hex{c.fs_base}, ",", Hex{c.gs_base});
    if (c.dr7 != 0x400)
        report.add(" dr7=", Hex{c.dr7}, " dr=", Hex{c.breakpoint[0]}, ",", Hex{c.breakpoint[1]},
                   ",", Hex{c.breakpoint[2]}, ",", Hex{c.breakpoint[3]});
    report.add(" exception-stack=", Hex{c.exception_stack});
    for (std::uint32_t index = 0; index < c.poke_count; ++index) {
        report.add(" put:", Hex{c.pokes[index].linear}, "=");
        describe_bytes(report, c.pokes[index].bytes.data(), c.pokes[index].count);
    }
}

} // namespace

void describe_case(Report& report, const Case& test_case) {
    describe_code(report, test_case);
    describe_features(report, test_case);
    if (!test_case.mode.real)
        describe_pages(report, test_case);
    describe_state(report, test_case);
}

} // namespace fidelity

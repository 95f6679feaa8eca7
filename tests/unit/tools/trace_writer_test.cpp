#include "shared/exit_reason.h"
#include "shared/statistics.h"
#include "tools/trace/exit_statistics.h"
#include "tools/trace/trace_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace tool {
namespace {

using testing::HasSubstr;

ExitRecord exit_of(abi::ExitReason reason, std::uint64_t ticks) {
    ExitRecord exit{};
    exit.record.reason = static_cast<std::uint32_t>(reason);
    exit.record.exit_time = 100;
    exit.record.entry_time = 100 + ticks;
    exit.record.rip = 0x1008;
    exit.record.cr3 = 0x5000;
    return exit;
}

TracedRun example_run() {
    return {"hardened/lazy",
            0,
            {Symbols::of_lines("1000 20 T switch_to(task, \"a\")\n2000 T data_end\n1800 d data\n"),
             Symbols::of_lines("00000000000d0a20 0000000000000100 T rom::set_lazy_mode(int)\n")}};
}

std::string written(std::unique_ptr<TraceWriter> (*writer)(const std::string&)) {
    const std::string file = testing::TempDir() + "trace-" + std::to_string(getpid());
    const std::unique_ptr<TraceWriter> writing = writer(file);
    ExitRecord exit = exit_of(abi::ExitReason::cr_access, 500);
    exit.record.control_registers = 1U << static_cast<int>(abi::ControlRegisterAccess::mov_to_cr3) |
                                    1U << static_cast<int>(abi::ControlRegisterAccess::clts);
    exit.calls = {13, 13, 14};
    writing->add(example_run(), exit);
    writing->add(example_run(), exit_of(abi::ExitReason::cpuid, 20));
    writing->finish();
    std::ifstream stream(file);
    const std::string text{std::istreambuf_iterator<char>(stream),
                           std::istreambuf_iterator<char>()};
    std::filesystem::remove(file);
    return text;
}

TEST(Symbols, KnowFunctionsOfGuestAndRom) {
    const GuestSymbols symbols = example_run().symbols;
    EXPECT_EQ(symbols.place(0x1008), "switch_to+0x8");
    EXPECT_EQ(symbols.function(0x101F), "switch_to");
    EXPECT_EQ(symbols.place(0x1020), "0x1020"); // after its end
    EXPECT_EQ(symbols.place(0x800), "0x800");
    EXPECT_EQ(symbols.place(0x2010), "data_end+0x10"); // whose size is not known
    EXPECT_EQ(symbols.place(0xFFFFFFFF800D0A78), "rom::set_lazy_mode+0x58");
    EXPECT_EQ(symbols.place(0xC00D0A78), "rom::set_lazy_mode+0x58");
}

TEST(TraceWriter, WritesALineOfCsvForEachExit) {
    EXPECT_EQ(written(csv_writer),
              "run,vcpu,exit_time,entry_time,reason,sub_reason,rip,place,cr3,qualification,"
              "interruption,drained,calls\r\n"
              "hardened/lazy,0,100,600,CR_ACCESS,MOV_TO_CR3+CLTS,0x1008,switch_to+0x8,0x5000,0x0,"
              "0x0,3,\"WriteIDTEntry 2, UpdateKernelStack 1\"\r\n"
              "hardened/lazy,0,100,120,CPUID,,0x1008,switch_to+0x8,0x5000,0x0,0x0,0,\r\n");
}

TEST(TraceWriter, WritesJsonThatCanBeRead) {
    const nlohmann::json exits = nlohmann::json::parse(written(json_writer));
    ASSERT_EQ(exits.size(), 2U);
    EXPECT_EQ(exits[0]["reason"], "CR_ACCESS");
    EXPECT_EQ(exits[0]["drained"], 3);
    EXPECT_EQ(exits[1]["entry_time"], 120);
}

TEST(ExitStatistics, HasTheColumnsOfPerf) {
    ExitStatistics statistics;
    for (const std::uint64_t ticks : {100U, 300U})
        statistics.add(exit_of(abi::ExitReason::vmcall, ticks), "switch_to");
    statistics.add(exit_of(abi::ExitReason::cpuid, 100), "start");
    const std::string text = statistics.text("instructions");
    EXPECT_THAT(
        text, HasSubstr("  VM-EXIT  Samples  Samples%   Time%  Min  Max               Avg time\n"
                        "  VMCALL         2    66.67%  80.00%  100  300  200.00 ( +-  50.00% )\n"
                        "  CPUID          1    33.33%  20.00%  100  100  100.00 ( +-   0.00% )\n"));
    EXPECT_THAT(text, HasSubstr("switch_to"));
    EXPECT_THAT(text, HasSubstr("CR3 0x5000"));
    EXPECT_THAT(text, HasSubstr("Total samples: 3, total in the monitor: 500 instructions"));
}

} // namespace
} // namespace tool

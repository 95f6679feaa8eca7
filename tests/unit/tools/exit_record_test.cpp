#include "shared/call_number.h"
#include "shared/exit_reason.h"
#include "shared/statistics.h"
#include "tools/trace/exit_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace tool {
namespace {

using testing::ElementsAre;

abi::TraceRecord record_of(abi::ExitReason reason) {
    abi::TraceRecord record{};
    record.magic = abi::trace_magic;
    record.size = sizeof(record);
    record.reason = static_cast<std::uint32_t>(reason);
    return record;
}

std::string bytes_of(abi::TraceRecord record, const std::string& calls = "") {
    record.calls = static_cast<std::uint16_t>(calls.size());
    record.size = static_cast<std::uint16_t>(sizeof(record) + calls.size());
    std::string bytes(sizeof(record), '\0');
    std::memcpy(bytes.data(), &record, sizeof(record));
    return bytes + calls;
}

std::vector<ExitRecord> read(std::string_view bytes, std::size_t portion) {
    std::vector<ExitRecord> exits;
    RecordReader reader([&exits](const ExitRecord& exit) { exits.push_back(exit); });
    for (; !bytes.empty(); bytes.remove_prefix(std::min(portion, bytes.size())))
        reader.feed(bytes.substr(0, portion));
    return exits;
}

TEST(ExitRecords, AreFoundAmongOtherBytesInPortionsOfAnySize) {
    abi::TraceRecord first = record_of(abi::ExitReason::cpuid);
    first.rip = 0x1234;
    const std::string bytes = "Bochs says\n" + bytes_of(first) + "\x1A\x56" +
                              bytes_of(record_of(abi::ExitReason::vmcall), "\x01\x02") +
                              "<bochs:1>";
    for (const std::size_t portion : {1U, 2U, 3U, 7U, 88U, 1000U}) {
        const std::vector<ExitRecord> exits = read(bytes, portion);
        ASSERT_EQ(exits.size(), 2U) << portion;
        EXPECT_EQ(exits[0].record.rip, 0x1234U);
        EXPECT_EQ(exits[0].reason(), "CPUID");
        EXPECT_THAT(exits[1].calls, ElementsAre(1, 2));
    }
}

TEST(ExitRecords, AreNotTakenFromAMagicNumberAlone) {
    abi::TraceRecord wrong = record_of(abi::ExitReason::cpuid);
    wrong.vcpu = 200;
    std::string bytes = bytes_of(wrong) + bytes_of(record_of(abi::ExitReason::hlt));
    const std::vector<ExitRecord> exits = read(bytes, 5);
    ASSERT_EQ(exits.size(), 1U);
    EXPECT_EQ(exits[0].reason(), "HLT");
}

TEST(ExitRecords, SayWhatAnExitWasWithinItsReason) {
    ExitRecord exit{record_of(abi::ExitReason::vmcall), {}};
    exit.record.rax = static_cast<std::uint64_t>(abi::Call::set_cr3);
    EXPECT_EQ(exit.sub_reason(), ""); // a VMCALL that was executed again later
    exit.record.counted_call = 1;
    EXPECT_EQ(exit.sub_reason(), "SetCR3");
    exit.record = record_of(abi::ExitReason::cr_access);
    exit.record.control_registers = 1U << static_cast<int>(abi::ControlRegisterAccess::clts);
    EXPECT_EQ(exit.sub_reason(), "CLTS");
    exit.record = record_of(abi::ExitReason::ept_violation);
    exit.record.memory = 1U << static_cast<int>(abi::MemoryAccess::tss_write);
    EXPECT_EQ(exit.sub_reason(), "TSS_WRITE");
    exit.record = record_of(abi::ExitReason::msr_read);
    exit.record.ecx = 0x1B;
    EXPECT_EQ(exit.sub_reason(), "MSR 0x1b");
    exit.record = record_of(abi::ExitReason::io_instruction);
    exit.record.qualification = 0x00700008;
    EXPECT_EQ(exit.sub_reason(), "port 0x70");
}

TEST(ExitRecords, CountDrainedCalls) {
    const auto number = [](abi::Call call) { return static_cast<std::uint8_t>(call); };
    const ExitRecord exit{record_of(abi::ExitReason::vmcall),
                          {number(abi::Call::set_cr3), number(abi::Call::write_gdt_entry),
                           number(abi::Call::write_gdt_entry), 250}};
    EXPECT_EQ(drained_text(exit), "WriteGDTEntry 2, SetCR3 1, call 250 1");
}

TEST(ExitRecords, TimeWithoutThatOfTracing) {
    ExitRecord exit{record_of(abi::ExitReason::cpuid), {}};
    exit.record.exit_time = 1000;
    exit.record.begin_time = 150;
    exit.record.entry_time = 1650;
    EXPECT_EQ(exit.ticks(), 500U);
}

} // namespace
} // namespace tool

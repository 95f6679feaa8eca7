#include "tools/trace/exit_record.h"

#include "shared/call_table.h"
#include "shared/exit_reason.h"
#include "shared/statistics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <map>

namespace tool {
namespace {

using abi::ExitReason;
using abi::TraceRecord;

constexpr std::size_t longest_record = sizeof(TraceRecord) + 512;
constexpr std::uint32_t most_vcpus = 64;

ExitReason basic_reason(const TraceRecord& record) {
    return static_cast<ExitReason>(record.reason & 0xFFFF);
}

/// The names of the bits that are set.
template <std::size_t count>
std::string names_of(std::uint32_t bits, const std::array<std::string_view, count>& names) {
    std::vector<std::string_view> found;
    for (std::size_t bit = 0; bit < count; ++bit)
        if ((bits >> bit & 1) != 0)
            found.push_back(names[bit]);
    return fmt::format("{}", fmt::join(found, "+"));
}

bool is_plausible(const TraceRecord& record) {
    return record.magic == abi::trace_magic && record.vcpu < most_vcpus &&
           record.size == sizeof(TraceRecord) + record.calls && record.size <= longest_record;
}

} // namespace

std::string call_name(std::uint32_t call) {
    for (const abi::CallInfo& info : abi::call_table)
        if (static_cast<std::uint32_t>(info.call) == call)
            return std::string(info.name);
    return fmt::format("call {}", call);
}

std::string_view ExitRecord::reason() const { return abi::name(basic_reason(record)); }

std::string ExitRecord::sub_reason() const {
    constexpr std::uint64_t port_shift = 16;
    if (record.memory != 0)
        return names_of(record.memory, abi::memory_access_names);
    switch (basic_reason(record)) {
    case ExitReason::vmcall:
        return record.counted_call != 0 ? call_name(static_cast<std::uint32_t>(record.rax)) : "";
    case ExitReason::cr_access:
        return names_of(record.control_registers, abi::control_register_access_names);
    case ExitReason::msr_read:
    case ExitReason::msr_write:
        return fmt::format("MSR {:#x}", record.ecx);
    case ExitReason::io_instruction:
        return fmt::format("port {:#x}", record.qualification >> port_shift & 0xFFFF);
    case ExitReason::exception_nmi:
        return fmt::format("vector {}", record.interruption & 0xFF);
    default:
        return "";
    }
}

std::string drained_text(const ExitRecord& exit) {
    std::map<std::uint32_t, std::uint32_t> numbers;
    for (const std::uint8_t call : exit.calls)
        ++numbers[call];
    std::vector<std::pair<std::uint32_t, std::uint32_t>> sorted(numbers.begin(), numbers.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& left, const auto& right) {
        return left.second > right.second;
    });
    std::vector<std::string> parts;
    for (const auto& [call, number] : sorted)
        parts.push_back(fmt::format("{} {}", call_name(call), number));
    return fmt::format("{}", fmt::join(parts, ", "));
}

void RecordReader::feed(std::string_view bytes) {
    constexpr auto magic = std::bit_cast<std::array<char, 4>>(abi::trace_magic);
    bytes_ += bytes;
    std::size_t begin = 0;
    for (;;) {
        begin = std::min(bytes_.find(magic.data(), begin, magic.size()), bytes_.size());
        ExitRecord exit{};
        if (bytes_.size() - begin < sizeof(exit.record))
            break;
        std::memcpy(&exit.record, bytes_.data() + begin, sizeof(exit.record));
        if (!is_plausible(exit.record)) {
            ++begin;
            continue;
        }
        if (bytes_.size() - begin < exit.record.size)
            break;
        const auto* const calls = bytes_.data() + begin + sizeof(exit.record);
        exit.calls.assign(calls, calls + exit.record.calls);
        sink_(exit);
        begin += exit.record.size;
    }
    // The first bytes of a magic number may be the last ones.
    if (begin == bytes_.size())
        begin -= std::min(begin, magic.size() - 1);
    bytes_.erase(0, begin);
}

} // namespace tool

#pragma once
// One VM exit of a traced run, and how it is found in what the emulator prints.

#include "shared/trace_record.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

struct ExitRecord {
    abi::TraceRecord record;
    std::vector<std::uint8_t> calls; ///< that were drained, in the order of the ring

    /// As KVM spells it: "CR_ACCESS".
    [[nodiscard]] std::string_view reason() const;
    /// What it was within its reason: "MOV_TO_CR3", "Flush", "GDT_WRITE", "MSR 0x10", "port 0x70";
    /// "" if there is nothing to say.
    [[nodiscard]] std::string sub_reason() const;
    /// Ticks in which the monitor handled it.
    [[nodiscard]] std::uint64_t ticks() const {
        return record.entry_time - record.exit_time - record.begin_time;
    }
};

/// The name of a call as VMI spells it, or its number.
std::string call_name(std::uint32_t call);

/// "WriteGDTEntry 3, SetCR3 1": the drained calls with their numbers, the most frequent first.
std::string drained_text(const ExitRecord& exit);

/// Finds the records among other bytes, which it skips.
class RecordReader {
  public:
    using Sink = std::function<void(const ExitRecord&)>;
    explicit RecordReader(Sink sink) : sink_(std::move(sink)) {}

    /// Bytes in portions of any size.
    void feed(std::string_view bytes);

  private:
    Sink sink_;
    std::string bytes_; ///< not taken yet: less than a record
};

} // namespace tool

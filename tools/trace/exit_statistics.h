#pragma once
// What the exits of a run were, in the columns of `perf kvm stat report`.

#include "tools/trace/exit_record.h"

#include <map>
#include <string>
#include <string_view>

namespace tool {

/// Exits that have something in common.
struct ExitGroup {
    std::uint64_t samples = 0;
    std::uint64_t ticks = 0;
    std::uint64_t least = ~std::uint64_t{0};
    std::uint64_t most = 0;
    double sum_of_squares = 0;

    void add(std::uint64_t taken);
    [[nodiscard]] double average() const;
    /// Of the average, in per cent of it, as `perf kvm stat` has it.
    [[nodiscard]] double deviation() const;
};

class ExitStatistics {
  public:
    /// `function`: in which the guest exited.
    void add(const ExitRecord& exit, const std::string& function);

    /// Tables by reason, by what each was within its reason, by drained call, by guest task (CR3)
    /// and by function. Ends with what tracing itself has taken.
    [[nodiscard]] std::string text(std::string_view tick_name) const;

    [[nodiscard]] const std::map<std::string, ExitGroup>& by_reason() const { return reasons_; }

  private:
    std::map<std::string, ExitGroup> reasons_;
    std::map<std::string, ExitGroup> sub_reasons_; ///< "CR_ACCESS MOV_TO_CR3"
    std::map<std::string, std::uint64_t> drained_;
    std::map<std::string, ExitGroup> tasks_;
    std::map<std::string, ExitGroup> functions_;
    ExitGroup all_;
    std::map<std::uint32_t, std::uint64_t> own_time_; ///< by vCPU, up to its last record
};

} // namespace tool

#pragma once
// What `lazyhv test` prints of ctest's output: a line for each test, and what failed at the end.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

class TestReport {
  public:
    /// Takes a line of ctest's, without its line feed. Returns what is to be printed of it, line
    /// feeds included: of a test's result one line, of what a failed test printed everything.
    std::string take(std::string_view line);

    /// "12 of 403: unit.Drain, unit.Ring": what has ended and what runs; "" before the first test.
    [[nodiscard]] std::string progress() const;

    /// How many have failed, and for each the command that runs it again.
    [[nodiscard]] std::string end() const;

  private:
    std::string result_line(std::string_view line, std::size_t mark);

    std::string ended_; ///< "12"
    std::string count_; ///< "403"
    std::vector<std::string> running_;
    std::vector<std::string> failed_;
    bool has_ended_all_ = false;
};

} // namespace tool

#pragma once
// What goes wrong in the lazyhv command.

#include <stdexcept>

namespace tool {

/// Ends the command: main() prints the text, which says what is wrong and what to do about it, and
/// exits with a status other than 0.
class Failure : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The user ended the command with a signal; everything started or created is undone on the way
/// out.
class Interrupted : public std::exception {
  public:
    explicit Interrupted(int signal_number) : signal_number_(signal_number) {}
    [[nodiscard]] int signal_number() const { return signal_number_; }
    [[nodiscard]] const char* what() const noexcept override { return "interrupted"; }

  private:
    int signal_number_;
};

} // namespace tool

#pragma once
// The exceptions of the lazyhv command.

#include <stdexcept>

namespace tool {

/// An error that ends the command. The text says what is wrong and what to do about it; main()
/// prints it and returns a status other than 0.
class Failure : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Exit status after WrongUsage.
inline constexpr int wrong_usage_status = 2;

/// What the user gave cannot be used: wrong words, or a file that cannot be read. main()
/// returns wrong_usage_status, so that it differs from the 1 with which `compare` answers.
class WrongUsage : public Failure {
  public:
    using Failure::Failure;
};

/// The user ended the command with a signal. While this exception propagates, destructors stop what
/// was started and remove what was created.
class Interrupted : public std::exception {
  public:
    explicit Interrupted(int signal_number) : signal_number_(signal_number) {}
    [[nodiscard]] int signal_number() const { return signal_number_; }
    [[nodiscard]] const char* what() const noexcept override { return "interrupted"; }

  private:
    int signal_number_;
};

} // namespace tool

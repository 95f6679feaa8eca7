#pragma once
// Takes the serial console apart: GRUB's text, the lines for programs, and what a person reads.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// Finds a Linux kernel's panic message. Gets every byte of the console.
class KernelPanic {
  public:
    void take(char byte);

    /// The first "Kernel panic - not syncing: ...", up to the end of its line; nothing until that
    /// line has ended.
    [[nodiscard]] const std::optional<std::string>& message() const { return message_; }

  private:
    std::string line_;
    std::optional<std::string> message_;
};

/// GRUB prints one of these (image/grub_config.cpp) before any code of ours runs.
inline constexpr std::string_view grub_ready = "@grub ready";
inline constexpr std::string_view grub_failed = "@grub failed";

/// Gets the bytes of COM1 in portions of any size. The protocol is that of shared/console.h.
class ConsoleReader {
  public:
    enum class Kind {
        text,    ///< for a person, in portions as they arrive; CR LF has become LF
        program, ///< a whole line that starts with '@', with its LF
        monitor, ///< a whole line of the monitor, with its LF
        error,   ///< a whole line with abi::error_prefix, with its LF
    };
    using Sink = std::function<void(Kind, std::string_view)>;

    explicit ConsoleReader(Sink sink) : sink_(std::move(sink)) {}

    /// A line that is shown only as a whole has at most this many characters, and the lines that
    /// are kept have at most this many together, so that no guest can fill the host's memory.
    static constexpr std::size_t max_line = std::size_t{64} << 10U;
    static constexpr std::size_t max_kept = std::size_t{4} << 20U;

    /// Throws Failure when the guest prints more than that.
    void feed(std::string_view bytes);
    /// To be called after the last byte: passes an unfinished line to the sink.
    void finish();

    /// The N of the first "@end status=N", which says how the run ended; nothing if there was none
    /// so far.
    [[nodiscard]] std::optional<int> end_status() const { return end_status_; }
    /// GRUB could not load the image; grub_error() says why.
    [[nodiscard]] bool grub_has_failed() const { return phase_ == Phase::failed; }
    /// GRUB has started what it loaded.
    [[nodiscard]] bool is_started() const { return phase_ == Phase::running; }
    /// The text after "error: " in the first such line that GRUB printed.
    [[nodiscard]] const std::string& grub_error() const { return grub_error_; }
    /// GRUB has been started a second time, so the machine was reset.
    [[nodiscard]] bool has_restarted() const { return has_restarted_; }
    /// The panic message of a Linux kernel; nothing if there was none so far.
    [[nodiscard]] const std::optional<std::string>& kernel_panic() const {
        return kernel_panic_.message();
    }
    [[nodiscard]] const std::vector<std::string>& result_lines() const { return result_lines_; }
    [[nodiscard]] const std::vector<std::string>& context_lines() const { return context_lines_; }
    /// The texts after abi::error_prefix.
    [[nodiscard]] const std::vector<std::string>& errors() const { return errors_; }

  private:
    enum class Phase { grub, running, failed };

    void take(char byte);
    /// Throws Failure if the line is one that must be held, and is too long for that.
    void append(char byte);
    void take_grub_line();
    void take_line(bool finished);
    /// Throws Failure when the guest has printed too many of them.
    void keep(std::vector<std::string>& lines, std::string_view line);
    /// Whether the line may still become one that is shown only as a whole.
    [[nodiscard]] bool must_be_held() const;
    [[nodiscard]] Kind line_kind() const;

    Sink sink_;
    Phase phase_ = Phase::grub;
    bool after_carriage_return_ = false;
    bool streaming_ = false; ///< the start of this line has already been passed to the sink
    bool in_escape_ = false; ///< inside a terminal control sequence of GRUB
    bool has_restarted_ = false;
    bool at_start_ =
        true; ///< since GRUB started the monitor, only GRUB's control sequences have come
    std::string line_;
    KernelPanic kernel_panic_;
    std::optional<int> end_status_;
    std::string grub_error_;
    std::vector<std::string> result_lines_;
    std::vector<std::string> context_lines_;
    std::vector<std::string> errors_;
    std::size_t kept_ = 0; ///< bytes of the three
};

} // namespace tool

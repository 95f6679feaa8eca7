#include "tools/console/console_reader.h"

#include "shared/console.h"
#include "tools/host/failure.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace tool {
namespace {

/// Followed by what went wrong; a timestamp of the kernel may precede it.
constexpr std::string_view beginning = "Kernel panic - not syncing: ";
/// Longer lines are searched up to this length only.
constexpr std::size_t max_line = 4096;

constexpr char escape = '\x1b';

/// The status of an end line; 1 if it is not a number, because such a run was no success.
int parse_end_status(std::string_view text) {
    int status = 1;
    const auto [parsed_to, error] = std::from_chars(text.data(), text.data() + text.size(), status);
    const bool whole = error == std::errc() && parsed_to == text.data() + text.size();
    return whole ? status : 1;
}

bool either_starts_with_other(std::string_view left, std::string_view right) {
    return left.starts_with(right) || right.starts_with(left);
}

} // namespace

void KernelPanic::take(char byte) {
    if (message_)
        return;
    if (byte != '\n') {
        if (byte != '\r' && line_.size() < max_line)
            line_ += byte;
        return;
    }
    if (const std::size_t found = line_.find(beginning); found != std::string::npos)
        message_ = line_.substr(found);
    line_.clear();
}

void ConsoleReader::feed(std::string_view bytes) {
    for (const char byte : bytes)
        take(byte);
    // A line that cannot be one for programs is shown at once, before it ends.
    if (phase_ == Phase::running && !line_.empty() && !must_be_held()) {
        sink_(Kind::text, line_);
        line_.clear();
        streaming_ = true;
    }
}

void ConsoleReader::finish() {
    if (phase_ == Phase::running && !line_.empty())
        take_line(false);
}

void ConsoleReader::take(char byte) {
    const bool may_be_grubs = phase_ == Phase::grub || at_start_;
    if (may_be_grubs && (in_escape_ || byte == escape)) {
        // ESC [ parameters letter: with these GRUB moves the cursor and clears the screen.
        const bool is_letter = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
        in_escape_ = byte == escape || !is_letter;
        return;
    }
    if (phase_ == Phase::grub) {
        if (byte == '\n' || byte == '\r')
            take_grub_line();
        else
            append(byte);
        return;
    }
    if (at_start_ && (byte == '\r' || byte == '\n'))
        return; // the rest of GRUB's last line
    at_start_ = false;
    kernel_panic_.take(byte);
    if (after_carriage_return_ && byte != '\n')
        append('\r');
    after_carriage_return_ = byte == '\r';
    if (byte == '\n')
        take_line(true);
    else if (byte != '\r')
        append(byte);
}

void ConsoleReader::append(char byte) {
    line_ += byte;
    if (line_.size() <= max_line)
        return;
    if (phase_ == Phase::grub)
        throw Failure(fmt::format("GRUB prints a line of more than {} characters", max_line));
    if (must_be_held()) {
        throw Failure(fmt::format("the guest prints a line of more than {} characters that begins "
                                  "with \"{}\": such lines are for programs (docs/guests.md)",
                                  max_line, line_.starts_with('@') ? "@" : abi::monitor_prefix));
    }
}

void ConsoleReader::take_grub_line() {
    if (line_ == grub_ready) {
        phase_ = Phase::running;
    } else if (line_ == grub_failed) {
        phase_ = Phase::failed;
    } else if (const std::size_t found = line_.find("error: ");
               found != std::string::npos && grub_error_.empty()) {
        grub_error_ = line_.substr(found + std::string_view("error: ").size());
    }
    line_.clear();
}

void ConsoleReader::take_line(bool finished) {
    const Kind kind = line_kind();
    const std::string_view line = line_;
    // An emulator that ends at once may lose the end of this line, but never a part of the number.
    if (kind == Kind::program && line.starts_with(abi::end_prefix) && !end_status_)
        end_status_ = parse_end_status(line.substr(abi::end_prefix.size()));
    has_restarted_ = has_restarted_ || line == grub_ready;
    if (finished) {
        if (kind == Kind::program && line.starts_with(abi::result_prefix))
            keep(result_lines_, line.substr(abi::result_prefix.size()));
        else if (kind == Kind::program && line.starts_with(abi::context_prefix))
            keep(context_lines_, line.substr(abi::context_prefix.size()));
        else if (kind == Kind::error)
            keep(errors_, line.substr(abi::error_prefix.size()));
        line_ += '\n';
    }
    sink_(kind, line_);
    line_.clear();
    streaming_ = false;
}

void ConsoleReader::keep(std::vector<std::string>& lines, std::string_view line) {
    kept_ += line.size() + sizeof(std::string);
    if (kept_ > max_kept) {
        throw Failure(
            fmt::format("the guest prints more results and errors than the {} MiB that are "
                        "kept",
                        max_kept >> 20U));
    }
    lines.emplace_back(line);
}

bool ConsoleReader::must_be_held() const {
    if (streaming_)
        return false;
    return line_.starts_with('@') || either_starts_with_other(line_, abi::monitor_prefix);
}

ConsoleReader::Kind ConsoleReader::line_kind() const {
    if (streaming_)
        return Kind::text;
    if (line_.starts_with('@'))
        return Kind::program;
    if (line_.starts_with(abi::error_prefix))
        return Kind::error;
    if (line_.starts_with(abi::monitor_prefix))
        return Kind::monitor;
    return Kind::text;
}

} // namespace tool

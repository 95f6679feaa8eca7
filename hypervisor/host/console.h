#pragma once
// What the monitor prints on COM1, and how it ends a run. The UART is the guest's too: the guest
// may have set another speed, loopback, or interrupts. So the monitor sets the UART up before each
// line and puts the guest's settings back after it, and it waits for the UART only for a bounded
// time.

#include "shared/console.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace hv::console {

/// A number to be printed as 0x-prefixed hexadecimal.
struct Hex {
    std::uint64_t value;
};

/// A line, or a part of one; what does not fit is cut off.
class Text {
  public:
    template <typename... Parts>
    explicit Text(const Parts&... parts) {
        (add(parts), ...);
    }
    [[nodiscard]] std::string_view view() const { return {characters_.data(), size_}; }

  private:
    std::array<char, 240> characters_; // not initialised beyond size_
    std::uint32_t size_ = 0;

    void add(char character) {
        if (size_ < characters_.size())
            characters_[size_++] = character;
    }
    void add(std::string_view text);
    void add(Hex number);
    void add(std::uint64_t number);
    void add(std::uint32_t number) { add(std::uint64_t{number}); }
    void add(std::uint16_t number) { add(std::uint64_t{number}); }
    void add(const char* text) { add(std::string_view{text}); }
};

/// Sets COM1 to 115200 baud, 8N1, and clears what it held.
void initialise();

/// Gives the text to the UART as it is. The rest is lost when the UART takes no character for long.
void write(std::string_view text);

/// Prints parts of a line, before a guest runs: the UART is as initialise() has set it.
template <typename... Parts>
void print(const Parts&... parts) {
    write(Text{parts...}.view());
}

/// Prints queued lines and then this text, with the UART set up for it. With no lock held.
void write_line(std::string_view text);

/// Prints one line of the monitor's: prefix, parts, newline. With no lock held.
template <typename... Parts>
void say(const Parts&... parts) {
    write_line(Text{abi::monitor_prefix, parts..., '\n'}.view());
}

/// The same for what ends the run.
template <typename... Parts>
void error(const Parts&... parts) {
    write_line(Text{abi::error_prefix, parts..., '\n'}.view());
}

/// Queues a line, which is printed by the next print_queue(), say() or error(). What does not fit
/// into the queue is lost, and a line says so. Whatever locks are held.
void queue(std::string_view line);
/// Prints what is queued. With no lock held.
void print_queue();

/// Prints the end line, ends the emulator (QEMU, Bochs) and, where there is none, stops.
[[noreturn]] void end_run(std::uint32_t status);

/// Says why the monitor cannot go on, and ends the run with status 1.
template <typename... Parts>
[[noreturn]] void fail(const Parts&... parts) {
    error(parts...);
    end_run(1);
}

} // namespace hv::console

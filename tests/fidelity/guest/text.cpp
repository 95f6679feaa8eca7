#include "tests/fidelity/guest/text.h"

#include "guest/kernel/cpu/port.h"
#include "shared/console.h"

namespace fidelity {
namespace {

constexpr std::uint16_t data = abi::serial_port;
constexpr std::uint16_t interrupt_enable = abi::serial_port + 1;
constexpr std::uint16_t fifo_control = abi::serial_port + 2;
constexpr std::uint16_t line_control = abi::serial_port + 3;
constexpr std::uint16_t modem_control = abi::serial_port + 4;
constexpr std::uint16_t line_status = abi::serial_port + 5;

constexpr std::uint8_t line_8n1 = 0x03;
constexpr std::uint8_t divisor_latch = 0x80;
constexpr std::uint8_t transmitter_empty = 0x20;
constexpr std::uint8_t transmitter_idle = 0x40;

void put_byte(char byte) {
    while ((guest::port::in8(line_status) & transmitter_empty) == 0) {
    }
    guest::port::out8(data, static_cast<std::uint8_t>(byte));
}

} // namespace

void initialise_console() {
    guest::port::out8(interrupt_enable, 0);
    guest::port::out8(line_control, divisor_latch | line_8n1);
    guest::port::out8(data, 1); // 115200 baud / 1
    guest::port::out8(interrupt_enable, 0);
    guest::port::out8(line_control, line_8n1);
    guest::port::out8(fifo_control, 0x07);
    guest::port::out8(modem_control, 0x03);
}

void print(std::string_view text) {
    for (const char byte : text)
        put_byte(byte);
}

void print(Hex number) {
    std::uint32_t digits = 1;
    while (digits < 16 && number.value >> (4 * digits) != 0)
        ++digits;
    for (; digits > 0; --digits)
        put_byte("0123456789abcdef"[number.value >> (4 * (digits - 1)) & 0xF]);
}

void print(std::uint64_t number) {
    char text[20];
    std::size_t begin = sizeof text;
    do {
        text[--begin] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    print(std::string_view(text + begin, sizeof text - begin));
}

void end_run(std::uint64_t status) {
    print(abi::end_prefix);
    print(status);
    print("\n");
    while ((guest::port::in8(line_status) & transmitter_idle) == 0) {
    }
    for (;;) {
        guest::port::out8(abi::qemu_exit_port, static_cast<std::uint8_t>(status));
        for (const char letter : abi::bochs_exit_word)
            guest::port::out8(abi::bochs_exit_port, static_cast<std::uint8_t>(letter));
    }
}

void Report::mix(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9E3779B97F4A7C15;
    hash_ ^= hash_ >> 29;
}

void Report::put(std::string_view text) {
    for (const char byte : text)
        mix(static_cast<std::uint8_t>(byte));
    if (prints_)
        print(text);
}

void Report::put(Hex number) {
    mix(number.value);
    if (prints_)
        print(number);
}

} // namespace fidelity

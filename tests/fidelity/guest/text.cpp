#include "tests/fidelity/guest/text.h"

#include "guest/kernel/console/serial_port.h"
#include "guest/kernel/cpu/port.h"
#include "shared/console.h"

namespace fidelity {
namespace serial_port = guest::serial_port;

void print(std::string_view text) {
    for (const char byte : text)
        serial_port::put_byte(byte);
}

void print(Hex number) {
    std::uint32_t digits = 1;
    while (digits < 16 && number.value >> (4 * digits) != 0)
        ++digits;
    for (; digits > 0; --digits)
        serial_port::put_byte("0123456789abcdef"[number.value >> (4 * (digits - 1)) & 0xF]);
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
    serial_port::wait_until_idle();
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

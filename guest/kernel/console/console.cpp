#include "guest/kernel/console/console.h"

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/port.h"
#include "shared/console.h"

#include <array>

namespace guest::console {
namespace {

// Registers of a 16550, from its base port.
constexpr std::uint16_t data = abi::serial_port;
constexpr std::uint16_t interrupt_enable = abi::serial_port + 1;
constexpr std::uint16_t fifo_control = abi::serial_port + 2;
constexpr std::uint16_t line_control = abi::serial_port + 3;
constexpr std::uint16_t modem_control = abi::serial_port + 4;
constexpr std::uint16_t line_status = abi::serial_port + 5;

constexpr std::uint8_t line_8n1 = 0x03;
constexpr std::uint8_t divisor_latch = 0x80;
constexpr std::uint8_t transmitter_empty = 0x20;

TicketLock the_lock;
/// One lock for each processor, which no other processor takes.
TicketLock own_lock[max_processors];
std::atomic<bool> lock_broken;

void put_byte(char byte) {
    while ((port::in8(line_status) & transmitter_empty) == 0) {
    }
    port::out8(data, static_cast<std::uint8_t>(byte));
}

} // namespace

void initialise() {
    port::out8(interrupt_enable, 0);
    port::out8(line_control, divisor_latch | line_8n1);
    port::out8(data, 1); // 115200 baud / 1
    port::out8(interrupt_enable, 0);
    port::out8(line_control, line_8n1);
    port::out8(fifo_control, 0x07);  // enable and clear
    port::out8(modem_control, 0x03); // DTR, RTS
}

TicketLock& lock() {
    return lock_broken.load(std::memory_order_relaxed) ? own_lock[this_cpu().number] : the_lock;
}

void break_lock() { lock_broken = true; }

void put(std::string_view text) {
    for (const char byte : text) {
        if (byte == '\n')
            put_byte('\r');
        put_byte(byte);
    }
}

void put(Hex number) {
    constexpr std::uint32_t max_digits = 16;
    put("0x");
    bool significant = false;
    for (std::uint32_t left = max_digits; left > 0; --left) {
        const auto digit = static_cast<std::uint32_t>(number.value >> (4 * (left - 1)) & 0xF);
        significant = significant || digit != 0 || left <= number.digits || left == 1;
        if (significant)
            put_byte("0123456789abcdef"[digit]);
    }
}

void put_decimal(std::uint64_t number) {
    std::array<char, 20> text{};
    std::size_t begin = text.size();
    do {
        text[--begin] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    put(std::string_view(text.data() + begin, text.size() - begin));
}

} // namespace guest::console

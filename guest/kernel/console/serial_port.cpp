#include "guest/kernel/console/serial_port.h"

#include "guest/kernel/cpu/port.h"
#include "shared/console.h"

#include <cstdint>

namespace guest::serial_port {
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
constexpr std::uint8_t transmitter_idle = 0x40;

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

void put_byte(char byte) {
    while ((port::in8(line_status) & transmitter_empty) == 0) {
    }
    port::out8(data, static_cast<std::uint8_t>(byte));
}

void wait_until_idle() {
    while ((port::in8(line_status) & transmitter_idle) == 0) {
    }
}

} // namespace guest::serial_port

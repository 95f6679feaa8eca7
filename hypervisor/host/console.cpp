#include "hypervisor/host/console.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/host/spin_lock.h"

namespace hv::console {

namespace {

// The 16550's registers, relative to its first port.
constexpr std::uint16_t data_register = abi::serial_port + 0;
constexpr std::uint16_t interrupt_enable = abi::serial_port + 1;
constexpr std::uint16_t fifo_control = abi::serial_port + 2;
constexpr std::uint16_t line_control = abi::serial_port + 3;
constexpr std::uint16_t line_status = abi::serial_port + 5;
constexpr std::uint8_t divisor_latch_access = 0x80;
constexpr std::uint8_t eight_bits_no_parity_one_stop = 0x03;
constexpr std::uint8_t holding_register_empty = 0x20;
constexpr std::uint8_t transmitter_empty = 0x40;

constexpr std::uint32_t patience = 1 << 20;
std::uint32_t taken;

} // namespace

Turn::Turn() {
    for (std::uint32_t tries = 0; tries < patience; ++tries) {
        if (__atomic_exchange_n(&taken, 1, __ATOMIC_ACQUIRE) == 0)
            return;
        pause();
    }
}

Turn::~Turn() { __atomic_store_n(&taken, 0, __ATOMIC_RELEASE); }

void initialise() {
    cpu::write_port8(interrupt_enable, 0);
    cpu::write_port8(line_control, divisor_latch_access);
    cpu::write_port8(data_register, 1); // 115200 baud
    cpu::write_port8(interrupt_enable, 0);
    cpu::write_port8(line_control, eight_bits_no_parity_one_stop);
    cpu::write_port8(fifo_control, 0x07);
}

void flush() {
    while ((cpu::read_port8(line_status) & transmitter_empty) == 0) {
    }
}

void print(char character) {
    while ((cpu::read_port8(line_status) & holding_register_empty) == 0) {
    }
    cpu::write_port8(data_register, static_cast<std::uint8_t>(character));
}

void print(std::string_view text) {
    for (char character : text)
        print(character);
}

void print(Hex number) {
    print("0x");
    bool leading = true;
    for (int shift = 60; shift >= 0; shift -= 4) {
        const auto digit = static_cast<std::uint32_t>(number.value >> shift) & 0xF;
        leading = leading && digit == 0 && shift != 0;
        if (!leading)
            print("0123456789abcdef"[digit]);
    }
}

void print(std::uint64_t number) {
    char digits[20];
    std::uint32_t count = 0;
    do {
        digits[count++] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0)
        print(digits[--count]);
}

[[noreturn]] void end_run(std::uint32_t status) {
    print('\n', abi::end_prefix, status, '\n');
    flush();
    cpu::write_port8(abi::qemu_exit_port, static_cast<std::uint8_t>(status));
    for (char letter : abi::bochs_exit_word)
        cpu::write_port8(abi::bochs_exit_port, static_cast<std::uint8_t>(letter));
    cpu::stop();
}

} // namespace hv::console

#include "hypervisor/host/console.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/host/spin_lock.h"

#include <boost/container/static_vector.hpp>

#include <algorithm>

namespace hv::console {

namespace {

// The 16550's registers, relative to its first port.
constexpr std::uint16_t data_register = abi::serial_port + 0;
constexpr std::uint16_t interrupt_enable = abi::serial_port + 1;
constexpr std::uint16_t fifo_control = abi::serial_port + 2;
constexpr std::uint16_t line_control = abi::serial_port + 3;
constexpr std::uint16_t modem_control = abi::serial_port + 4;
constexpr std::uint16_t line_status = abi::serial_port + 5;
// With the divisor latch open, the first two registers are the divisor's halves.
constexpr std::uint16_t divisor_low = data_register;
constexpr std::uint16_t divisor_high = interrupt_enable;
constexpr std::uint8_t divisor_latch_access = 0x80;
constexpr std::uint8_t eight_bits_no_parity_one_stop = 0x03;
constexpr std::uint8_t data_terminal_ready_request_to_send = 0x03;
constexpr std::uint8_t holding_register_empty = 0x20;
constexpr std::uint8_t transmitter_empty = 0x40;
constexpr std::uint8_t enable_and_clear_fifos = 0x07;

/// What of the UART's settings affects the transmitter.
struct Settings {
    std::uint8_t line;
    std::uint8_t modem;
    std::uint8_t interrupts;
    std::uint8_t divisor_low;
    std::uint8_t divisor_high;
};

/// 115200 baud, no interrupts, no loopback.
constexpr Settings own{eight_bits_no_parity_one_stop, data_terminal_ready_request_to_send, 0, 1, 0};

void apply(const Settings& settings) {
    cpu::write_port8(line_control, divisor_latch_access);
    cpu::write_port8(divisor_low, settings.divisor_low);
    cpu::write_port8(divisor_high, settings.divisor_high);
    cpu::write_port8(line_control,
                     static_cast<std::uint8_t>(settings.line & ~divisor_latch_access));
    cpu::write_port8(interrupt_enable, settings.interrupts);
    cpu::write_port8(modem_control, settings.modem);
    cpu::write_port8(line_control, settings.line);
}

Settings read_settings() {
    Settings settings{};
    settings.line = cpu::read_port8(line_control);
    settings.modem = cpu::read_port8(modem_control);
    cpu::write_port8(line_control, static_cast<std::uint8_t>(settings.line | divisor_latch_access));
    settings.divisor_low = cpu::read_port8(divisor_low);
    settings.divisor_high = cpu::read_port8(divisor_high);
    cpu::write_port8(line_control,
                     static_cast<std::uint8_t>(settings.line & ~divisor_latch_access));
    settings.interrupts = cpu::read_port8(interrupt_enable);
    cpu::write_port8(line_control, settings.line);
    return settings;
}

/// How many times the line status is read before a wait is given up: for a character at the
/// monitor's speed, which takes some hundred, and for what the guest has left to send at its own.
constexpr std::uint32_t patience_for_character = 1 << 14;
constexpr std::uint32_t patience_for_guest = 1 << 18;

bool wait_until(std::uint8_t status, std::uint32_t patience) {
    for (std::uint32_t reads = 0; reads < patience; ++reads)
        if ((cpu::read_port8(line_status) & status) != 0)
            return true;
    return false;
}

/// Keeps the lines of several processors apart, and has the UART set up. It waits for a bounded
/// time only: the processor that holds it may have failed while it printed.
class Turn {
  public:
    Turn() {
        for (std::uint32_t tries = 0; tries < patience; ++tries) {
            if (__atomic_exchange_n(&taken, 1, __ATOMIC_ACQUIRE) == 0)
                break;
            pause();
        }
        wait_until(transmitter_empty, patience_for_guest);
        guests_ = read_settings();
        apply(own);
    }
    ~Turn() {
        wait_until(transmitter_empty, patience_for_guest);
        apply(guests_);
        __atomic_store_n(&taken, 0, __ATOMIC_RELEASE);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

  private:
    static constexpr std::uint32_t patience = 1 << 20;
    static std::uint32_t taken;
    Settings guests_;
};

std::uint32_t Turn::taken;

/// Lines that wait to be printed.
class Queue {
  public:
    void put(std::string_view line) {
        const SpinGuard guard{lock_};
        if (line.size() > text_.capacity() - text_.size())
            lost_ = true;
        else
            text_.insert(text_.end(), line.begin(), line.end());
    }
    /// Takes up to a line's length; nothing when it is empty.
    Text take() {
        const SpinGuard guard{lock_};
        const std::size_t size = std::min<std::size_t>(text_.size(), 128);
        Text part{std::string_view{text_.data(), size}};
        text_.erase(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(size));
        return part;
    }
    bool take_lost() { return __atomic_exchange_n(&lost_, false, __ATOMIC_RELAXED); }

  private:
    SpinLock lock_;
    boost::container::static_vector<char, 2048> text_;
    bool lost_ = false;
};

Queue queue_of_lines;

void write_queue(void (*write)(std::string_view)) {
    for (Text part = queue_of_lines.take(); !part.view().empty(); part = queue_of_lines.take())
        write(part.view());
    if (queue_of_lines.take_lost())
        write("lazyhv: further lines were lost: too many at once\n");
}

} // namespace

void Text::add(std::string_view text) {
    for (const char character : text)
        add(character);
}

void Text::add(Hex number) {
    add("0x");
    bool leading = true;
    for (int shift = 60; shift >= 0; shift -= 4) {
        const auto digit = static_cast<std::uint32_t>(number.value >> shift) & 0xF;
        leading = leading && digit == 0 && shift != 0;
        if (!leading)
            add("0123456789abcdef"[digit]);
    }
}

void Text::add(std::uint64_t number) {
    char digits[20];
    std::uint32_t count = 0;
    do {
        digits[count++] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0)
        add(digits[--count]);
}

void initialise() {
    apply(own);
    cpu::write_port8(fifo_control, enable_and_clear_fifos);
}

void write(std::string_view text) {
    for (const char character : text) {
        if (!wait_until(holding_register_empty, patience_for_character))
            return;
        cpu::write_port8(data_register, static_cast<std::uint8_t>(character));
    }
}

void write_line(std::string_view text) {
    const Turn turn;
    write_queue(write);
    write(text);
}

void queue(std::string_view line) { queue_of_lines.put(line); }

void print_queue() {
    const Turn turn;
    write_queue(write);
}

[[noreturn]] void end_run(std::uint32_t status) {
    write_line(Text{'\n', abi::end_prefix, status, '\n'}.view());
    cpu::write_port8(abi::qemu_exit_port, static_cast<std::uint8_t>(status));
    for (const char letter : abi::bochs_exit_word)
        cpu::write_port8(abi::bochs_exit_port, static_cast<std::uint8_t>(letter));
    cpu::stop();
}

} // namespace hv::console

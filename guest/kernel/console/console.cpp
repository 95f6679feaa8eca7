#include "guest/kernel/console/console.h"

#include "guest/kernel/console/serial_port.h"
#include "guest/kernel/cpu/cpu.h"

#include <array>

namespace guest::console {
namespace {

TicketLock the_lock;
/// One lock for each processor, which no other processor takes.
TicketLock own_lock[max_processors];
std::atomic<bool> lock_broken;

} // namespace

void initialise() { serial_port::initialise(); }

TicketLock& lock() {
    return lock_broken.load(std::memory_order_relaxed) ? own_lock[this_cpu().number] : the_lock;
}

void break_lock() { lock_broken = true; }

void put(std::string_view text) {
    for (const char byte : text) {
        if (byte == '\n')
            serial_port::put_byte('\r');
        serial_port::put_byte(byte);
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
            serial_port::put_byte("0123456789abcdef"[digit]);
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

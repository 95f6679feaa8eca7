#include "guest/i386/console.h"

#include "guest/kernel/cpu/port.h"

namespace guest::i386 {

void print(std::string_view text) {
    constexpr std::uint16_t com1 = 0x3F8;
    constexpr std::uint16_t line_status = com1 + 5;
    constexpr std::uint8_t holding_register_empty = 0x20;
    for (const char letter : text) {
        while ((port::in8(line_status) & holding_register_empty) == 0) {
        }
        port::out8(com1, static_cast<std::uint8_t>(letter));
    }
}

void print_hex(std::uint32_t value) {
    print("0x");
    for (int shift = 28; shift >= 0; shift -= 4) {
        const char digit = "0123456789abcdef"[value >> shift & 0xF];
        print({&digit, 1});
    }
}

void fail(std::string_view what) {
    print("failed: ");
    print(what);
    print("\n");
    end(1);
}

void end(std::uint8_t status) {
    print(status == 0 ? "@end status=0\n" : "@end status=1\n");
    port::out8(0xF4, status);
    for (;;)
        asm volatile("cli; hlt");
}

} // namespace guest::i386

#pragma once
// COM1, a 16550, polled.

namespace guest::serial_port {

/// Sets 115200 baud, 8N1, no interrupts. Must be called before anything is written.
void initialise();
/// Waits until there is room, and writes.
void put_byte(char byte);
/// Waits until everything has been sent.
void wait_until_idle();

} // namespace guest::serial_port

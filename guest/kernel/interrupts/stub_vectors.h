#pragma once
// Which vectors have entry stubs, for assembly too; interrupts.h gives them types and meanings.

// Exceptions and IRQs: 0 up to here.
#define VECTORS_IN_ORDER 48
#define SYSTEM_CALL_VECTOR 0x80
#define TEST_VECTOR 0x81
// Vectors of the local APIC: the first of them, and how many there are.
#define FIRST_PROCESSOR_VECTOR 0xF0
#define PROCESSOR_VECTORS 5
#define SPURIOUS_VECTOR 0xFF

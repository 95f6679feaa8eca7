#pragma once
// The selectors of the conformance guest, for C++ and assembly. SYSEXIT finds the program's two
// segments 16 and 24 bytes above IA32_SYSENTER_CS (Intel SDM vol. 2, SYSEXIT).

#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#define USER_CODE 0x1B
#define USER_DATA 0x23
#define TASK 0x28
/// The vector by which the program returns.
#define RETURN_VECTOR 0x80

#pragma once
// Offsets into Cpu for assembly; cpu.h checks them.

#define CPU_SELF 0
#define CPU_KERNEL_STACK 8
#define CPU_USER_STACK 16
#define CPU_SEGMENT_FAULTS 24

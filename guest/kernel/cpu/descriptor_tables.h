#pragma once
// GDT and TSS of each processor, and the IDT of all, each in pages of its own. Once loaded they are
// written through paravirt operations only: a monitor may own them and write-protect their pages.

#include <cstddef>
#include <cstdint>

namespace guest {

struct Cpu;

inline constexpr std::uint32_t interrupt_vectors = 256;
inline constexpr std::uint32_t io_ports = 65536;

/// The 64-bit TSS (Intel SDM vol. 3, figure 7-11), followed by the I/O bitmap.
struct [[gnu::packed]] TaskStateSegment {
    std::uint32_t reserved0;
    std::uint64_t rsp[3];
    std::uint64_t reserved1;
    std::uint64_t ist[7];
    std::uint64_t reserved2;
    std::uint16_t reserved3;
    std::uint16_t io_map_base;              ///< bytes from the start of the TSS
    std::uint64_t io_bitmap[io_ports / 64]; ///< a clear bit allows the port
    std::uint8_t io_bitmap_end; ///< all ones: the processor reads this byte too for the last ports
};
static_assert(offsetof(TaskStateSegment, rsp) == 4);
static_assert(offsetof(TaskStateSegment, ist) == 36);
static_assert(offsetof(TaskStateSegment, io_map_base) == 102);
static_assert(offsetof(TaskStateSegment, io_bitmap) == 104);

inline constexpr std::uint32_t tss_limit = sizeof(TaskStateSegment) - 1;
/// Values of the I/O map base: the bitmap, or beyond the limit, which refuses every access from
/// ring 3.
inline constexpr std::uint16_t io_map_present = offsetof(TaskStateSegment, io_bitmap);
inline constexpr std::uint16_t io_map_none = 0x8000;
static_assert(io_map_none > tss_limit);

inline constexpr std::uint16_t idt_limit = 16 * interrupt_vectors - 1;

/// IST index of #DF and NMI.
inline constexpr std::uint8_t emergency_stack = 1;

/// Fills a processor's GDT and TSS before they are loaded; for processor 0 the IDT as well.
void fill_descriptor_tables(Cpu& cpu);

/// Loads GDTR and IDTR (SetGDT, SetIDT) and reloads the segment registers. May be called again.
void load_descriptor_tables(const Cpu& cpu);

/// Loads TR and an empty LDTR (SetTR, SetLDT). Once on each processor, for the TSS becomes busy.
void load_task_register();

} // namespace guest

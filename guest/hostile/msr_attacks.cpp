// MSRs by RDMSR and WRMSR.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/paravirt/operations.h"

namespace guest::hostile {
namespace {

constexpr std::uint32_t gp = interrupts::general_protection;
constexpr std::uint64_t ones = ~std::uint64_t{0};

Caught read_msr(std::uint32_t msr) {
    return caught([msr] { asm volatile("rdmsr" : : "c"(msr) : "rax", "rdx", "memory"); });
}
Caught write_msr(std::uint32_t msr, std::uint64_t value) {
    return caught([=] {
        asm volatile("wrmsr"
                     :
                     : "a"(static_cast<std::uint32_t>(value)),
                       "d"(static_cast<std::uint32_t>(value >> 32)), "c"(msr)
                     : "memory");
    });
}

struct MsrRange {
    std::uint32_t first;
    std::uint32_t end;
};
constexpr MsrRange probed[]{{0, 0x2000},
                            {0x40000000, 0x40000110},
                            {0x4B564D00, 0x4B564D10},
                            {0xC0000000, 0xC0000200},
                            {0xC0010000, 0xC0010200},
                            {~0xFU, ~0U}};
/// VMX capabilities and feature control, and others of which the monitor knows nothing.
constexpr MsrRange hidden[]{{0x480, 0x494},
                            {0x3A, 0x3B},
                            {0x18, 0x1B},
                            {0x180, 0x1A0},
                            {0x280, 0x2FF},
                            {0x380, 0x400},
                            {0x500, 0x680},
                            {0x900, 0xD00},
                            {0x1000, 0x2000},
                            {0x40000000, 0x40000110},
                            {0x4B564D00, 0x4B564D10},
                            {0xC0000104, 0xC0000200},
                            {0xC0010000, 0xC0010200},
                            {~0xFU, ~0U}};
/// MSRs that the guest accesses without an exit (docs/profiles.md, "MSRs").
constexpr MsrRange passed[]{{0x10, 0x11},
                            {0x3B, 0x3C},
                            {0x48, 0x49},
                            {0x174, 0x177},
                            {0x6E0, 0x6E1},
                            {0x800, 0x900},
                            {0xC0000081, 0xC0000085},
                            {0xC0000100, 0xC0000104}};
/// MSRs that are read without an exit and cannot be written: MPERF, APERF.
constexpr MsrRange only_read[]{{0xE7, 0xE9}};
/// MSRs that are written without an exit and cannot be read: PRED_CMD, FLUSH_CMD.
constexpr MsrRange only_written[]{{0x49, 0x4A}, {0x10B, 0x10C}};
/// MSRs whose writes are remembered but never reach the processor, whatever the value.
constexpr MsrRange kept[]{{0x1A0, 0x1A1}, {0x8B, 0x8C}, {0xE2, 0xE3}, {0x1FC, 0x1FD}};

template <std::size_t count>
bool within(std::uint32_t msr, const MsrRange (&ranges)[count]) {
    for (const MsrRange& range : ranges)
        if (msr >= range.first && msr < range.end)
            return true;
    return false;
}

template <typename Visit>
void for_each_msr(Visit visit) {
    for (const MsrRange& range : probed)
        for (std::uint32_t msr = range.first; msr < range.end; ++msr)
            visit(msr);
}

void msr_reads(Attempt& attempt) {
    std::uint64_t exits = 0;
    std::uint64_t refused = 0;
    for_each_msr([&](std::uint32_t msr) {
        const Caught caught = read_msr(msr);
        if (within(msr, hidden))
            attempt.told(caught, gp);
        else
            attempt.told(caught, caught.vector == gp ? gp : no_exception);
        if (within(msr, passed) || within(msr, only_read))
            return;
        ++exits;
        refused += caught.vector == gp ? 1U : 0U;
    });
    attempt.counted(counter::exit(abi::ExitReason::msr_read), exits);
    attempt.counted(counter::refused, refused);
    attempt.counted(counter::injected, refused);
}

void special_msrs(Attempt& attempt) {
    constexpr std::uint32_t efer = 0xC0000080;
    constexpr std::uint32_t apic_base = 0x1B;
    constexpr std::uint32_t debug_control = 0x1D9;
    constexpr std::uint64_t may_change = 1 << 0 | 1 << 10 | 1 << 11; // SCE, LMA, NXE
    const std::uint64_t good = paravirt::rdmsr(efer);
    for (std::uint32_t bit = 0; bit < 64; ++bit) {
        if ((may_change >> bit & 1) == 0)
            attempt.told(write_msr(efer, good ^ std::uint64_t{1} << bit), gp);
        if (bit > 1)
            attempt.told(write_msr(debug_control, std::uint64_t{1} << bit), gp);
    }
    const std::uint64_t base = paravirt::rdmsr(apic_base);
    for (std::uint32_t bit = 12; bit < 64; ++bit)
        attempt.told(write_msr(apic_base, base ^ std::uint64_t{1} << bit), gp);
    attempt.expect(paravirt::rdmsr(efer) == good && paravirt::rdmsr(apic_base) == base,
                   "EFER and APIC base are what they were");
}

void msr_writes(Attempt& attempt) {
    std::uint64_t exits = 0;
    for_each_msr([&](std::uint32_t msr) {
        if (within(msr, passed) || within(msr, only_written))
            return;
        const bool is_kept = within(msr, kept);
        const std::uint64_t old =
            is_kept && read_msr(msr).vector == no_exception ? paravirt::rdmsr(msr) : 0;
        attempt.told(write_msr(msr, ones), is_kept ? no_exception : gp);
        if (is_kept) {
            attempt.expect(paravirt::rdmsr(msr) == ones, "what is remembered is read");
            write_msr(msr, old);
            ++exits;
        }
        ++exits;
    });
    attempt.counted(counter::exit(abi::ExitReason::msr_write), exits);
    special_msrs(attempt);
}

constexpr AttackCode codes[]{
    {"msr-reads", msr_reads},
    {"msr-writes", msr_writes},
};

} // namespace

std::span<const AttackCode> msr_attacks() { return codes; }

} // namespace guest::hostile

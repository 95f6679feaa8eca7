#include "tests/unit/cases/feature_needs.h"

#include "hypervisor/vmx/controls.h"

#include <algorithm>
#include <initializer_list>

namespace hv::test {

namespace {

namespace secondary = secondary_processor_based;

constexpr std::uint64_t every_bit = ~std::uint64_t{0};

constexpr std::uint64_t bit64(unsigned position) { return std::uint64_t{1} << position; }

// MSR numbers are those of SDM vol. 4, table 2-2. All but EFER, APIC base and MTRRs take zero.
const std::vector<NeedsOfFeature> rows{
    {.leaf = 1, .in = In::ecx, .bit = 3, .name = "MONITOR", .read = {0x6}},
    {.leaf = 1, .in = In::ecx, .bit = 14, .name = "xTPR", .written = {{0x1A0, bit64(23)}}},
    {.leaf = 1, .in = In::ecx, .bit = 17, .name = "PCID", .cr4 = bit64(17)},
    {.leaf = 1, .in = In::ecx, .bit = 21, .name = "x2APIC", .read = {0x802, 0x803, 0x80F}},
    {.leaf = 1, .in = In::ecx, .bit = 24, .name = "TSC-Deadline", .written = {{0x6E0, 5}}},
    {.leaf = 1, .in = In::ecx, .bit = 26, .name = "XSAVE", .cr4 = bit64(18), .xcr0 = 3},
    {.leaf = 1, .in = In::ecx, .bit = 28, .name = "AVX", .xcr0 = 4},
    {.leaf = 1, .in = In::edx, .bit = 1, .name = "VME", .cr4 = 3},
    {.leaf = 1, .in = In::edx, .bit = 2, .name = "DE", .cr4 = bit64(3)},
    {.leaf = 1, .in = In::edx, .bit = 3, .name = "PSE", .cr4 = bit64(4)},
    {.leaf = 1,
     .in = In::edx,
     .bit = 4,
     .name = "TSC",
     .read = {0x10},
     .written = {{0x10, 0}},
     .cr4 = bit64(2)},
    {.leaf = 1, .in = In::edx, .bit = 6, .name = "PAE", .cr4 = bit64(5)},
    {.leaf = 1, .in = In::edx, .bit = 7, .name = "MCE", .read = {0, 1}, .cr4 = bit64(6)},
    {.leaf = 1,
     .in = In::edx,
     .bit = 9,
     .name = "APIC",
     .read = {0x1B},
     .written = {{0x1B, 0xFEE00900}}},
    {.leaf = 1,
     .in = In::edx,
     .bit = 11,
     .name = "SEP",
     .written = {{0x174, 8}, {0x175, 0x1000}, {0x176, 0x1000}}},
    {.leaf = 1,
     .in = In::edx,
     .bit = 12,
     .name = "MTRR",
     .read = {0xFE},
     .written = {{0x2FF, 0xC06}, {0x200, 6}, {0x201, 0x800}, {0x250, 0}, {0x26F, 0}}},
    {.leaf = 1, .in = In::edx, .bit = 13, .name = "PGE", .cr4 = bit64(7)},
    {.leaf = 1,
     .in = In::edx,
     .bit = 14,
     .name = "MCA",
     .read = {0x179, 0x402, 0x403},
     .written = {{0x17A, 0}, {0x400, every_bit}, {0x401, 0}}},
    {.leaf = 1, .in = In::edx, .bit = 16, .name = "PAT", .written = {{0x277, 0x0007040600070406}}},
    {.leaf = 1, .in = In::edx, .bit = 24, .name = "FXSR", .cr4 = bit64(9)},
    {.leaf = 1, .in = In::edx, .bit = 25, .name = "SSE", .cr4 = bit64(10)},
    {.leaf = 1, .in = In::edx, .bit = 31, .name = "PBE", .written = {{0x1A0, 1 << 10}}},
    {.leaf = 6, .in = In::ecx, .bit = 0, .name = "APERF", .read = {0xE7, 0xE8}},
    {.leaf = 7,
     .in = In::ebx,
     .bit = 0,
     .name = "FSGSBASE",
     .written = {{0xC0000100, 0}, {0xC0000101, 0}},
     .cr4 = bit64(16)},
    {.leaf = 7, .in = In::ebx, .bit = 1, .name = "TSC_ADJUST", .written = {{0x3B, 5}}},
    {.leaf = 7, .in = In::ebx, .bit = 7, .name = "SMEP", .cr4 = bit64(20)},
    {.leaf = 7, .in = In::ebx, .bit = 10, .name = "INVPCID", .control = secondary::enable_invpcid},
    {.leaf = 7, .in = In::ebx, .bit = 16, .name = "AVX512F", .xcr0 = 0xE0},
    {.leaf = 7, .in = In::ebx, .bit = 20, .name = "SMAP", .cr4 = bit64(21)},
    {.leaf = 7, .in = In::ecx, .bit = 2, .name = "UMIP", .cr4 = bit64(11)},
    {.leaf = 7, .in = In::ecx, .bit = 3, .name = "PKU", .cr4 = bit64(22), .xcr0 = bit64(9)},
    {.leaf = 7,
     .in = In::ecx,
     .bit = 22,
     .name = "RDPID",
     .written = {{0xC0000103, 5}},
     .control = secondary::enable_rdtscp},
    {.leaf = 7,
     .in = In::edx,
     .bit = 26,
     .name = "IBRS and IBPB",
     .read = {0x48},
     .written = {{0x48, 1}, {0x49, 1}}},
    {.leaf = 7, .in = In::edx, .bit = 27, .name = "STIBP", .read = {0x48}, .written = {{0x48, 2}}},
    {.leaf = 7, .in = In::edx, .bit = 28, .name = "L1D_FLUSH", .written = {{0x10B, 1}}},
    {.leaf = 7, .in = In::edx, .bit = 29, .name = "ARCH_CAPABILITIES", .read = {0x10A}},
    {.leaf = 7, .in = In::edx, .bit = 31, .name = "SSBD", .read = {0x48}, .written = {{0x48, 4}}},
    {.leaf = 7, .subleaf = 2, .in = In::edx, .bit = 0, .name = "PSFD", .written = {{0x48, 0x80}}},
    {.leaf = 7, .subleaf = 2, .in = In::edx, .bit = 1, .name = "IPRED", .written = {{0x48, 0x18}}},
    {.leaf = 7, .subleaf = 2, .in = In::edx, .bit = 2, .name = "RRSBA", .written = {{0x48, 0x60}}},
    {.leaf = 7, .subleaf = 2, .in = In::edx, .bit = 3, .name = "DDPD", .written = {{0x48, 0x100}}},
    {.leaf = 7, .subleaf = 2, .in = In::edx, .bit = 4, .name = "BHI", .written = {{0x48, 0x400}}},
    {.leaf = 0xD,
     .subleaf = 1,
     .in = In::eax,
     .bit = 3,
     .name = "XSAVES",
     .read = {0xDA0},
     .written = {{0xDA0, 0}},
     .control = secondary::enable_xsaves_xrstors},
    {.leaf = 0x80000001,
     .in = In::edx,
     .bit = 11,
     .name = "SYSCALL",
     .read = {0xC0000080},
     .written =
         {{0xC0000080, 0xD01}, {0xC0000081, 0}, {0xC0000082, 0}, {0xC0000083, 0}, {0xC0000084, 0}}},
    {.leaf = 0x80000001, .in = In::edx, .bit = 20, .name = "NX", .written = {{0xC0000080, 0xD01}}},
    {.leaf = 0x80000001,
     .in = In::edx,
     .bit = 27,
     .name = "RDTSCP",
     .read = {0xC0000103},
     .written = {{0xC0000103, 5}},
     .control = secondary::enable_rdtscp},
    {.leaf = 0x80000001,
     .in = In::edx,
     .bit = 29,
     .name = "Intel 64",
     .written = {{0xC0000100, 0}, {0xC0000101, 0}, {0xC0000102, 0}}},
};

struct PlainBits {
    std::uint32_t leaf;
    std::uint32_t subleaf;
    In in;
    std::initializer_list<unsigned> bits;
};

// SDM vol. 2, "CPUID", tables 3-8 to 3-11.
const PlainBits plain_features[]{
    {1, 0, In::ecx, {0, 1, 9, 12, 13, 19, 20, 22, 23, 25, 29, 30, 31}},
    {1, 0, In::edx, {0, 5, 8, 15, 17, 19, 23, 26, 27, 28}},
    {6, 0, In::eax, {2}},
    {7, 0, In::ebx, {3, 4, 5, 6, 8, 9, 11, 13, 17, 18, 19, 21, 23, 24, 26, 27, 28, 29, 30, 31}},
    {7, 0, In::ecx, {0, 1, 6, 8, 9, 10, 11, 12, 14, 25, 27, 28}},
    {7, 0, In::edx, {2, 3, 4, 8, 10, 11, 14, 15, 16, 23}},
    {7, 1, In::eax, {0, 1, 2, 3, 4, 5, 7, 10, 11, 12, 23}},
    {7, 1, In::edx, {4, 5, 10, 14}},
    {7, 2, In::edx, {5}},
    {0xD, 1, In::eax, {0, 1, 2}},
    {0x80000001, 0, In::ecx, {0, 5, 8}},
    {0x80000001, 0, In::edx, {26}},
    {0x80000007, 0, In::edx, {8}},
    {0x80000008, 0, In::ebx, {9}},
};

struct NumberLeaf {
    std::uint32_t leaf;
    std::initializer_list<In> in;
};

// But for leaves 7 and 0xD, in all subleaves.
const NumberLeaf number_leaves[]{
    {0, {In::eax, In::ebx, In::ecx, In::edx}},
    {1, {In::eax, In::ebx}},
    {2, {In::eax, In::ebx, In::ecx, In::edx}},
    {4, {In::eax, In::ebx, In::ecx, In::edx}},
    {5, {In::eax, In::ebx, In::ecx, In::edx}},
    {0xB, {In::eax, In::ebx, In::ecx, In::edx}},
    {0x15, {In::eax, In::ebx, In::ecx}},
    {0x16, {In::eax, In::ebx, In::ecx}},
    {0x1A, {In::eax}},
    {0x1F, {In::eax, In::ebx, In::ecx, In::edx}},
    {0x80000000, {In::eax}},
    {0x80000002, {In::eax, In::ebx, In::ecx, In::edx}},
    {0x80000003, {In::eax, In::ebx, In::ecx, In::edx}},
    {0x80000004, {In::eax, In::ebx, In::ecx, In::edx}},
    {0x80000006, {In::ecx}},
    {0x80000008, {In::eax}},
};

bool is_number(std::uint32_t leaf, std::uint32_t subleaf, In in) {
    if (leaf == 7)
        return subleaf == 0 && in == In::eax;
    if (leaf == 0xD) // their values have a test of their own
        return subleaf == 0 || (subleaf == 1 ? in == In::ebx : in != In::edx);
    return std::any_of(
        std::begin(number_leaves), std::end(number_leaves), [=](const NumberLeaf& row) {
            return row.leaf == leaf && std::find(row.in.begin(), row.in.end(), in) != row.in.end();
        });
}

} // namespace

std::span<const NeedsOfFeature> needs_of_features() { return rows; }

std::uint32_t bits_without_needs(std::uint32_t leaf, std::uint32_t subleaf, In in) {
    if (is_number(leaf, subleaf, in))
        return ~std::uint32_t{0};
    std::uint32_t bits = 0;
    for (const PlainBits& row : plain_features)
        if (row.leaf == leaf && row.subleaf == subleaf && row.in == in)
            for (const unsigned position : row.bits)
                bits |= std::uint32_t{1} << position;
    return bits;
}

} // namespace hv::test

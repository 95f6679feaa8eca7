#include "tests/unit/cases/processor_models.h"

namespace hv::test {

namespace {

constexpr std::uint32_t ones = ~std::uint32_t{0};
constexpr std::uint32_t highest_extended_leaf = 0x80000008;

// State components where current processors have them (SDM vol. 1, 13.4.3): size, then offset.
constexpr cpu::CpuidResult avx{256, 576, 0, 0};
constexpr cpu::CpuidResult opmask{64, 1088, 0, 0};
constexpr cpu::CpuidResult zmm_hi256{512, 1152, 0, 0};
constexpr cpu::CpuidResult hi16_zmm{1024, 1664, 0, 0};
constexpr cpu::CpuidResult pkru{8, 2688, 0, 0};
constexpr cpu::CpuidResult tile_configuration{64, 2752, 0, 0};
constexpr cpu::CpuidResult tile_data{8192, 2816, 0, 0};

ProcessorModel core_2() {
    return {"Core 2",
            0xD,
            {{{0, 0}, {0xD, 0x756E6547, 0x6C65746E, 0x49656E69}},
             {{1, 0}, {0x1067A, 0x10800, 0x0C08E3FD, 0xBFEBFBFF}},
             {{6, 0}, {1, 2, 1, 0}},
             {{0xA, 0}, {0x07280202, 0, 0, 0x503}},
             {{0xD, 0}, {3, 0x240, 0x240, 0}},
             {{0x80000000, 0}, {highest_extended_leaf, 0, 0, 0}},
             {{0x80000001, 0}, {0, 0, 1, 0x20100800}},
             {{0x80000008, 0}, {0x3024, 0, 0, 0}}}};
}

ProcessorModel alder_lake() {
    return {"Alder Lake",
            0x20,
            {{{0, 0}, {0x20, 0x756E6547, 0x6C65746E, 0x49656E69}},
             {{1, 0}, {0x90672, 0x100800, 0x7FFAFBFF, 0xBFEBFBFF}},
             {{6, 0}, {0x00DF8FF7, 2, 0x401, 0x00020003}},
             {{7, 0}, {2, 0x239CA7EB, 0x98C027AC, 0xFC1CC410}},
             {{7, 1}, {0x04400810, 0, 0, 1 << 18}},
             {{7, 2}, {0, 0, 0, 0x17}},
             {{0xA, 0}, {0x07300605, 0, 7, 0x8603}},
             {{0xD, 0}, {0x207, 0x240, 0xA88, 0}},
             {{0xD, 1}, {0xF, 0x240, 0x19900, 0}},
             {{0xD, 2}, avx},
             {{0xD, 9}, pkru},
             {{0x80000000, 0}, {highest_extended_leaf, 0, 0, 0}},
             {{0x80000001, 0}, {0, 0, 0x121, 0x2C100800}},
             {{0x80000007, 0}, {0, 0, 0, 0x100}},
             {{0x80000008, 0}, {0x302E, 0, 0, 0}}}};
}

ProcessorModel sapphire_rapids() {
    return {"Sapphire Rapids",
            0x20,
            {{{0, 0}, {0x20, 0x756E6547, 0x6C65746E, 0x49656E69}},
             {{1, 0}, {0x806F8, 0x400800, 0x7FFEFBFF, 0xBFEBFBFF}},
             {{6, 0}, {0x00DFAFF7, 2, 1, 1}},
             {{7, 0}, {2, 0xF3BFBFFF, 0xFB417FFE, 0xFFDD4432}},
             {{7, 1}, {0x04001C30, 0, 0, 0}},
             {{7, 2}, {0, 0, 0, 0x1F}},
             {{0xA, 0}, {0x07300805, 0, 0xF, 0x8604}},
             {{0xD, 0}, {0x602E7, 0x240, 0x2B00, 0}},
             {{0xD, 1}, {0x1F, 0x240, 0x1F900, 0}},
             {{0xD, 2}, avx},
             {{0xD, 5}, opmask},
             {{0xD, 6}, zmm_hi256},
             {{0xD, 7}, hi16_zmm},
             {{0xD, 9}, pkru},
             {{0xD, 17}, tile_configuration},
             {{0xD, 18}, tile_data},
             {{0x80000000, 0}, {highest_extended_leaf, 0, 0, 0}},
             {{0x80000001, 0}, {0, 0, 0x121, 0x2C100800}},
             {{0x80000007, 0}, {0, 0, 0, 0x100}},
             {{0x80000008, 0}, {0x3934, 0x200, 0, 0}}}};
}

// FRED, LAM, LASS, and what nobody has thought of yet.
ProcessorModel every_bit() {
    ProcessorModel model{"every bit", 0x40, {{{0, 0}, {0x40, ones, ones, ones}}}};
    for (std::uint32_t leaf = 1; leaf <= 0x40; ++leaf)
        for (std::uint32_t subleaf = 0; subleaf < 4; ++subleaf)
            model.leaves[{leaf, subleaf}] = {ones, ones, ones, ones};
    for (std::uint32_t leaf = 1; leaf <= 0x20; ++leaf)
        model.leaves[{0x80000000 + leaf, 0}] = {ones, ones, ones, ones};
    model.leaves[{0x80000000, 0}] = {0x80000020, ones, ones, ones};
    return model;
}

} // namespace

cpu::CpuidResult ProcessorModel::cpuid(std::uint32_t leaf, std::uint32_t subleaf) const {
    const std::uint32_t highest =
        (leaf & 0x80000000) == 0 ? highest_leaf : leaves.at({0x80000000, 0}).eax;
    if (leaf > highest)
        leaf = highest_leaf;
    const bool has_subleaves = leaf == 4 || leaf == 7 || (leaf >= 0xB && leaf <= 0x20);
    const auto found = leaves.find({leaf, has_subleaves ? subleaf : 0});
    return found == leaves.end() ? cpu::CpuidResult{} : found->second;
}

const std::vector<ProcessorModel>& processor_models() {
    static const std::vector<ProcessorModel> models{core_2(), alder_lake(), sapphire_rapids(),
                                                    every_bit()};
    return models;
}

} // namespace hv::test

#include "tests/fidelity/guest/translations.h"

#include "tests/fidelity/guest/events.h"
#include "tests/fidelity/guest/run_case.h"
#include "tests/fidelity/guest/tables.h"
#include "tests/fidelity/translation_case.h"

#include <cstring>

namespace fidelity {
namespace {

constexpr std::uint64_t cr4_smep = 1 << 20;
constexpr std::uint64_t cr4_smap = 1 << 21;

constinit Case test_case;
/// [1] is the page table of the accessed page, [3] the page-directory-pointer table.
TablePage tables[4];

std::uint64_t& entry_at(int level) {
    auto* const table = level == 4 ? reinterpret_cast<std::uint64_t*>(kernel_base + window::root())
                                   : tables[level].word;
    return table[translated_address >> (12 + 9 * (level - 1)) & 511];
}

void build_tables(const TranslationCase& access) {
    for (int level = 4; level >= access.leaf_level; --level) {
        const std::uint64_t frame = level > access.leaf_level ? physical_of(&tables[level - 1])
                                    : level == 3              ? 0
                                    : level == 2              ? large_frame
                                                              : large_frame + 5 * page_size;
        auto& entry = *static_cast<volatile std::uint64_t*>(&entry_at(level));
        entry = frame | access.entry[static_cast<std::size_t>(level)];
    }
}

/// The code lies in the window, whose pages allow everything to the ring it runs in.
void make_case(Case& c, const TranslationCase& access) {
    constexpr std::uint8_t load[] = {0x48, 0x8B, 0x03};  // mov (%rbx),%rax
    constexpr std::uint8_t store[] = {0x48, 0x89, 0x03}; // mov %rax,(%rbx)
    constexpr std::uint8_t jump[] = {0xFF, 0xE3, 0x90};  // jmp *%rbx
    constexpr std::uint8_t end[] = {0xCD, end_vector};
    c = {};
    c.mode = {64, access.user};
    c.cs = access.user ? user_code : kernel_code;
    c.ss = c.ds = c.es = access.user ? user_data : kernel_data;
    c.rflags = 2 | (access.alignment_check ? 1 << 18 : 0);
    constexpr std::uint64_t cr0_write_protect = 1 << 16;
    constexpr std::uint64_t cr0_alignment_mask = 1 << 18;
    constexpr std::uint64_t efer_execute_disable = 1 << 11;
    c.cr0 = (processor.baseline_cr0 & ~(cr0_write_protect | cr0_alignment_mask)) |
            (access.write_protect ? cr0_write_protect : 0);
    c.cr4 = processor.baseline_cr4 | (access.smep ? cr4_smep : 0) | (access.smap ? cr4_smap : 0);
    c.efer = access.execute_disable ? baseline_efer : baseline_efer & ~efer_execute_disable;
    c.xcr0 = processor.baseline_xcr0;
    c.exception_stack = safe_exception_stack();
    const std::uint64_t plain =
        window::present | window::writable | (access.user ? window::user : 0);
    c.rights.page.fill(plain);
    c.rights.directory_entry = c.rights.pointer_entry = c.rights.top_level_entry = plain;
    c.rights.large_page = plain | window::large;
    c.general[rbx] = translated_address;
    c.general[rsp] = slot_address(slot_stack) + page_size / 2;
    c.code_begin = slot_address(slot_code) + code_offset;
    std::memcpy(c.code.data(), access.fetch ? jump : access.write ? store : load, sizeof load);
    std::memcpy(c.code.data() + sizeof load, end, sizeof end);
    c.code_size = sizeof load + sizeof end;
}

/// What a fetch finds, and a store overwrites: the end of the case.
void fill_page() {
    constexpr std::uint8_t end[] = {0xCD, end_vector};
    constexpr std::uint64_t place = large_frame + (translated_address & 0x1FFFFF);
    std::memcpy(reinterpret_cast<std::uint8_t*>(kernel_base + place), end, sizeof end);
}

} // namespace

void run_translations(const Options& options) {
    if ((processor.cr4_bits & cr4_smep) == 0 || (processor.cr4_bits & cr4_smap) == 0) {
        print("the processor must have SMEP and SMAP\n");
        end_run(1);
    }
    for (std::uint64_t index = 0; index < options.count; ++index) {
        const std::uint64_t number = options.first + index;
        const TranslationCase access = make_translation_case(options.seed, number);
        build_tables(access);
        make_case(test_case, access);
        fill_page();
        run_case(test_case);
        Report silent(false);
        const std::uint64_t vector = last_state().vector;
        const std::uint64_t error = last_error();
        describe_outcome(silent, test_case); // puts the machine into the state before the case
        if (vector == end_vector)
            print("translation ", number, " done\n");
        else
            print("translation ", number, " ", vector, " ", Hex{error}, "\n");
    }
}

} // namespace fidelity

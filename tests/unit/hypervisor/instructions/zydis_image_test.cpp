// The prelinked libZydis that goes into the monitor, against the ordinary one; and what its code
// must not use.

#include <Zydis/Zydis.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace {

struct Decoded {
    ZyanStatus status;
    ZydisDecodedInstruction instruction;
    std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
};

/// The library's functions that the monitor calls.
struct Functions {
    decltype(&ZydisDecoderInit) initialise;
    decltype(&ZydisDecoderDecodeInstruction) decode_instruction;
    decltype(&ZydisDecoderDecodeOperands) decode_operands;
};

Decoded decode(const Functions& functions, const std::uint8_t* bytes, std::size_t count) {
    Decoded decoded;
    std::memset(&decoded, 0, sizeof(decoded));
    ZydisDecoder decoder;
    ZydisDecoderContext context;
    decoded.status =
        functions.initialise(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    if (ZYAN_SUCCESS(decoded.status)) {
        decoded.status =
            functions.decode_instruction(&decoder, &context, bytes, count, &decoded.instruction);
    }
    if (ZYAN_SUCCESS(decoded.status)) {
        decoded.status =
            functions.decode_operands(&decoder, &context, &decoded.instruction,
                                      decoded.operands.data(), decoded.instruction.operand_count);
    }
    return decoded;
}

template <class Function>
Function* find(void* image, const char* name) {
    void* address = dlsym(image, name);
    EXPECT_NE(address, nullptr) << name;
    return reinterpret_cast<Function*>(address);
}

TEST(ZydisImage, DecodesAsTheLibraryDoes) {
    const char* path = LAZYHV_BINARY_DIR "/hypervisor/instructions/decoder/zydis_image_hosted.so";
    void* image = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(image, nullptr) << dlerror();
    const Functions library{ZydisDecoderInit, ZydisDecoderDecodeInstruction,
                            ZydisDecoderDecodeOperands};
    const Functions prelinked{
        find<decltype(ZydisDecoderInit)>(image, "ZydisDecoderInit"),
        find<decltype(ZydisDecoderDecodeInstruction)>(image, "ZydisDecoderDecodeInstruction"),
        find<decltype(ZydisDecoderDecodeOperands)>(image, "ZydisDecoderDecodeOperands")};
    ASSERT_FALSE(HasFailure());
    ASSERT_NE(prelinked.initialise, library.initialise) << "not loaded beside the library";

    std::mt19937_64 random{1};
    int valid = 0;
    for (int round = 0; round < 100000; ++round) {
        std::array<std::uint8_t, ZYDIS_MAX_INSTRUCTION_LENGTH> bytes{};
        for (std::uint8_t& byte : bytes) {
            byte = static_cast<std::uint8_t>(random());
        }
        Decoded ours = decode(prelinked, bytes.data(), bytes.size());
        Decoded theirs = decode(library, bytes.data(), bytes.size());
        ASSERT_EQ(ours.status, theirs.status);
        if (!ZYAN_SUCCESS(ours.status)) {
            continue;
        }
        ++valid;
        // Pointers into each library's own tables.
        ours.instruction.cpu_flags = theirs.instruction.cpu_flags = nullptr;
        ours.instruction.fpu_flags = theirs.instruction.fpu_flags = nullptr;
        // Both were cleared before, so that padding is equal, too.
        // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
        ASSERT_EQ(std::memcmp(&ours.instruction, &theirs.instruction, sizeof(ours.instruction)), 0);
        ASSERT_EQ(std::memcmp(ours.operands.data(), theirs.operands.data(),
                              sizeof(ZydisDecodedOperand) * ours.instruction.operand_count),
                  0);
    }
    EXPECT_GT(valid, 10000);
    dlclose(image);
}

/// The executable sections of the library that this program is linked with.
std::vector<std::vector<std::uint8_t>> library_code() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(&ZydisDecoderInit), &info) == 0) {
        return {};
    }
    std::ifstream input(info.dli_fname, std::ios::binary);
    const std::vector<char> file{std::istreambuf_iterator<char>(input), {}};
    Elf64_Ehdr header;
    std::memcpy(&header, file.data(), sizeof(header));
    std::vector<std::vector<std::uint8_t>> sections;
    for (std::size_t i = 0; i < header.e_shnum; ++i) {
        Elf64_Shdr section;
        std::memcpy(&section, file.data() + header.e_shoff + i * sizeof(section), sizeof(section));
        if (section.sh_type == SHT_PROGBITS && (section.sh_flags & SHF_EXECINSTR) != 0) {
            const auto* begin = file.data() + section.sh_offset;
            sections.emplace_back(begin, begin + section.sh_size);
        }
    }
    return sections;
}

// FXSAVE and FXRSTOR are enough only if nothing wider, and nothing that MXCSR or the x87 stack
// depends on, is touched.
TEST(ZydisImage, UsesNoVectorStateButIntegerSse) {
    const auto sections = library_code();
    ASSERT_FALSE(sections.empty());
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    int instructions = 0;
    int sse = 0;
    for (const auto& section : sections) {
        for (std::size_t at = 0; at < section.size();) {
            ZydisDecodedInstruction instruction;
            ASSERT_TRUE(ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(
                &decoder, nullptr, section.data() + at, section.size() - at, &instruction)))
                << "at " << at;
            const std::string extension = ZydisISAExtGetString(instruction.meta.isa_ext);
            EXPECT_TRUE(extension == "BASE" || extension == "CET" || extension == "SSE" ||
                        extension == "SSE2" || extension == "LONGMODE")
                << extension << " " << ZydisMnemonicGetString(instruction.mnemonic);
            EXPECT_EQ(instruction.encoding, ZYDIS_INSTRUCTION_ENCODING_LEGACY);
            sse += extension.starts_with("SSE") ? 1 : 0;
            ++instructions;
            at += instruction.length;
        }
    }
    EXPECT_GT(instructions, 10000);
    EXPECT_GT(sse, 0) << "then it need not be saved at all";
}

} // namespace

// The build's prelinker names what is wrong with a library, and survives any bytes.

#include <Zydis/Decoder.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

std::vector<char> read_file(const std::string& path) {
    std::ifstream input(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(input), {}};
}

std::vector<char> zydis() {
    Dl_info info{};
    return dladdr(reinterpret_cast<void*>(&ZydisDecoderInit), &info) != 0
               ? read_file(info.dli_fname)
               : std::vector<char>{};
}

class PrelinkLibrary : public testing::Test {
  protected:
    /// Runs it on these bytes; returns its exit status, or -1 if a signal ended it.
    int run(const std::vector<char>& bytes, const std::string& symbol = "ZydisDecoderInit") {
        std::ofstream(library_, std::ios::binary)
            .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        const std::string command =
            LAZYHV_BINARY_DIR "/hypervisor/instructions/decoder/prelink_library " + library_ +
            " .text prefix_ " + output_ + " " + symbol + " 2>" + errors_;
        const int status = std::system(command.c_str());
        const std::vector<char> text = read_file(errors_);
        message_.assign(text.begin(), text.end());
        return WIFEXITED(status) && WEXITSTATUS(status) < 128 ? WEXITSTATUS(status) : -1;
    }

    /// Tests run side by side, each in a process of its own.
    const std::string prefix_ = testing::TempDir() + "prelink_library." + std::to_string(getpid());
    const std::string library_ = prefix_ + ".so";
    const std::string output_ = prefix_ + ".s";
    const std::string errors_ = prefix_ + ".err";
    std::string message_;
};

TEST_F(PrelinkLibrary, TakesTheRealOne) {
    EXPECT_EQ(run(zydis()), 0) << message_;
    const std::vector<char> assembly = read_file(output_);
    const std::string text(assembly.begin(), assembly.end());
    EXPECT_NE(text.find(".globl ZydisDecoderInit"), std::string::npos);
    EXPECT_NE(text.find(".quad prefix_memset"), std::string::npos);
}

TEST_F(PrelinkLibrary, NamesWhatIsWrong) {
    EXPECT_EQ(run({'t', 'e', 'x', 't'}), 1);
    EXPECT_NE(message_.find("truncated"), std::string::npos) << message_;
    EXPECT_EQ(run(std::vector<char>(1000, 'x')), 1);
    EXPECT_NE(message_.find("not an ELF file"), std::string::npos) << message_;
    EXPECT_EQ(run(zydis(), "NoSuchFunction"), 1);
    EXPECT_NE(message_.find("does not define NoSuchFunction"), std::string::npos) << message_;
    std::vector<char> other_machine = zydis();
    other_machine[18] = 3; // e_machine: EM_386
    EXPECT_EQ(run(other_machine), 1);
    EXPECT_NE(message_.find("not an x86-64 shared library"), std::string::npos) << message_;
}

TEST_F(PrelinkLibrary, RefusesEveryTruncation) {
    std::vector<char> bytes = zydis();
    // After the last segment there are only section headers, which are not needed.
    for (const double part : {0.9, 0.5, 0.1, 0.01, 0.001, 0.0001, 0.0}) {
        bytes.resize(static_cast<std::size_t>(static_cast<double>(bytes.size()) * part));
        EXPECT_EQ(run(bytes), 1) << bytes.size();
    }
}

TEST_F(PrelinkLibrary, SurvivesBrokenHeadersAndTables) {
    const std::vector<char> good = zydis();
    std::mt19937_64 random{5};
    for (int round = 0; round < 40; ++round) {
        std::vector<char> bytes = good;
        // ELF header, program headers, symbols, relocations.
        const std::size_t end = round % 2 == 0 ? 600 : 0x11970;
        for (int change = 0; change < 4; ++change) {
            bytes[random() % end] = static_cast<char>(random());
        }
        EXPECT_GE(run(bytes), 0) << "round " << round;
    }
}

} // namespace

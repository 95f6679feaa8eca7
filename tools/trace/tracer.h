#pragma once
// Takes the exits of traced runs, several of which may go on at the same time, to what writes them.

#include "tools/trace/trace_writer.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tool {

class Tracer {
  public:
    /// Who reads a run gives what the emulator prints to it.
    using Input = std::function<void(std::string_view)>;

    /// `symbols`: a file with those of the guest, if it is not an ELF file that has them itself;
    /// may be empty. `rom`: the ROM's ELF file.
    Tracer(std::vector<std::unique_ptr<TraceWriter>> writers, std::filesystem::path symbols,
           const std::filesystem::path& rom)
        : writers_(std::move(writers)), symbols_(std::move(symbols)), rom_symbols_(rom) {}

    /// A run of `guest` begins. Threads may call it, and what it returns, at the same time.
    Input begin(const std::string& name, const std::filesystem::path& guest);

    /// After the last run. Throws Failure.
    void finish();
    /// Exits so far.
    [[nodiscard]] std::uint64_t exits() const { return exits_; }

  private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<TraceWriter>> writers_;
    std::filesystem::path symbols_;
    Symbols rom_symbols_;
    std::uint32_t runs_ = 0;
    std::uint64_t exits_ = 0;
};

} // namespace tool

#pragma once
// Ways of writing down the exits of traced runs.

#include "tools/trace/exit_record.h"
#include "tools/trace/symbols.h"

#include <fstream>
#include <memory>
#include <string>

namespace tool {

/// One run among those that a command traces.
struct TracedRun {
    std::string name; ///< "hardened/lazy"; "" if there is only one
    std::uint32_t number = 0;
    GuestSymbols symbols;
};

/// Gets the exits as they come. Nothing is kept of them.
class TraceWriter {
  public:
    TraceWriter() = default;
    TraceWriter(const TraceWriter&) = delete;
    TraceWriter& operator=(const TraceWriter&) = delete;
    virtual ~TraceWriter() = default;

    virtual void add(const TracedRun& run, const ExitRecord& exit) = 0;
    /// After the last exit. Throws Failure if something could not be written.
    virtual void finish() = 0;
};

/// A line for each exit, in the style of KVM's tracepoint kvm_exit, on standard output.
std::unique_ptr<TraceWriter> text_writer();
/// Tables, on standard output.
std::unique_ptr<TraceWriter> summary_writer(std::string tick_name);
/// A line for each exit, with a heading.
std::unique_ptr<TraceWriter> csv_writer(const std::string& file);
/// An array with an object for each exit, each on a line of its own.
std::unique_ptr<TraceWriter> json_writer(const std::string& file);

/// A file that is written while a run goes on. Throws Failure.
class TraceFile {
  public:
    explicit TraceFile(std::string name);
    void write(std::string_view bytes) {
        stream_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
    void finish();

  private:
    std::string name_;
    std::ofstream stream_;
};

} // namespace tool

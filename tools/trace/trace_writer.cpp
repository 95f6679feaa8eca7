#include "tools/trace/trace_writer.h"

#include "tools/host/failure.h"
#include "tools/trace/exit_statistics.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>

namespace tool {

TraceFile::TraceFile(std::string name) : name_(std::move(name)), stream_(name_, std::ios::binary) {
    if (!stream_)
        throw Failure(fmt::format("cannot write the trace to {}: {}", name_, std::strerror(errno)));
}

void TraceFile::finish() {
    stream_.close();
    if (!stream_)
        throw Failure(fmt::format("cannot write all of the trace to {}: is the disk full?", name_));
}

namespace {

void print(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
        throw Failure("cannot write the trace to standard output");
}

void flush_output() {
    if (std::fflush(stdout) != 0)
        throw Failure("cannot write the trace to standard output");
}

class TextWriter : public TraceWriter {
  public:
    void add(const TracedRun& run, const ExitRecord& exit) override {
        const abi::TraceRecord& record = exit.record;
        std::string line = fmt::format(
            "{}{}{:>12}: kvm_exit: vcpu {} reason {} rip {:#x} {} info1 {:#018x} intr_info "
            "{:#010x} cr3 {:#x}",
            run.name, run.name.empty() ? "" : " ", record.exit_time, record.vcpu, exit.reason(),
            record.rip, run.symbols.place(record.rip), record.qualification, record.interruption,
            record.cr3);
        if (const std::string sub_reason = exit.sub_reason(); !sub_reason.empty())
            line += fmt::format(" ({})", sub_reason);
        if (!exit.calls.empty())
            line += fmt::format(" drained {}: {};", exit.calls.size(), drained_text(exit));
        print(fmt::format("{} {} ticks\n", line, exit.ticks()));
    }
    void finish() override { flush_output(); }
};

class SummaryWriter : public TraceWriter {
  public:
    explicit SummaryWriter(std::string tick_name) : tick_name_(std::move(tick_name)) {}

    void add(const TracedRun& run, const ExitRecord& exit) override {
        names_[run.number] = run.name;
        runs_[run.number].add(exit, run.symbols.function(exit.record.rip));
    }
    void finish() override {
        for (const auto& [number, statistics] : runs_) {
            if (!names_[number].empty())
                print(names_[number] + "\n\n");
            print(statistics.text(tick_name_));
        }
        flush_output();
    }

  private:
    std::string tick_name_;
    std::map<std::uint32_t, std::string> names_;
    std::map<std::uint32_t, ExitStatistics> runs_;
};

/// What both files say of an exit.
nlohmann::ordered_json fields(const TracedRun& run, const ExitRecord& exit) {
    const abi::TraceRecord& record = exit.record;
    return {{"run", run.name},
            {"vcpu", record.vcpu},
            {"exit_time", record.exit_time},
            {"entry_time", record.entry_time},
            {"reason", exit.reason()},
            {"sub_reason", exit.sub_reason()},
            {"rip", fmt::format("{:#x}", record.rip)},
            {"place", run.symbols.place(record.rip)},
            {"cr3", fmt::format("{:#x}", record.cr3)},
            {"qualification", fmt::format("{:#x}", record.qualification)},
            {"interruption", fmt::format("{:#x}", record.interruption)},
            {"drained", exit.calls.size()},
            {"calls", drained_text(exit)}};
}

/// As RFC 4180 has it.
std::string csv_cell(const nlohmann::ordered_json& value) {
    if (!value.is_string())
        return value.dump();
    std::string text = value.get<std::string>();
    if (text.find_first_of(",\"\n") == std::string::npos)
        return text;
    for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2)
        text.insert(at, 1, '"');
    return '"' + text + '"';
}

class CsvWriter : public TraceWriter {
  public:
    explicit CsvWriter(const std::string& file) : file_(file) {
        write_line(fields({}, {}), [](const auto& item) { return item.key(); });
    }
    void add(const TracedRun& run, const ExitRecord& exit) override {
        write_line(fields(run, exit), [](const auto& item) { return csv_cell(item.value()); });
    }
    void finish() override { file_.finish(); }

  private:
    template <typename Cell>
    void write_line(const nlohmann::ordered_json& values, Cell cell) {
        std::string line;
        for (const auto& item : values.items())
            line += (line.empty() && item.key() == "run" ? "" : ",") + cell(item);
        file_.write(line + "\r\n");
    }
    TraceFile file_;
};

class JsonWriter : public TraceWriter {
  public:
    explicit JsonWriter(const std::string& file) : file_(file) { file_.write("["); }
    void add(const TracedRun& run, const ExitRecord& exit) override {
        file_.write(is_first_ ? "\n" : ",\n");
        file_.write(fields(run, exit).dump());
        is_first_ = false;
    }
    void finish() override {
        file_.write("\n]\n");
        file_.finish();
    }

  private:
    TraceFile file_;
    bool is_first_ = true;
};

} // namespace

std::unique_ptr<TraceWriter> text_writer() { return std::make_unique<TextWriter>(); }
std::unique_ptr<TraceWriter> summary_writer(std::string tick_name) {
    return std::make_unique<SummaryWriter>(std::move(tick_name));
}
std::unique_ptr<TraceWriter> csv_writer(const std::string& file) {
    return std::make_unique<CsvWriter>(file);
}
std::unique_ptr<TraceWriter> json_writer(const std::string& file) {
    return std::make_unique<JsonWriter>(file);
}

} // namespace tool

#include "tools/commands/fuzz_target.h"

#include "tools/host/build_folder.h"
#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/host/interruption.h"
#include "tools/host/progress.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <poll.h>
#include <unistd.h>

namespace tool {
namespace {

/// The number directly after `word`; `otherwise` when it is not there.
std::uint64_t number_after(std::string_view line, std::string_view word, std::uint64_t otherwise) {
    const std::size_t found = line.find(word);
    if (found == std::string_view::npos)
        return otherwise;
    const std::string_view rest = line.substr(found + word.size());
    std::uint64_t number = otherwise;
    std::from_chars(rest.data(), rest.data() + rest.size(), number);
    return number;
}

/// Updates `status` by a line of libFuzzer's output (without its line feed).
void note_line(std::string_view line, FuzzStatus& status) {
    if (line.starts_with("#") && line.find("cov: ") != std::string_view::npos) {
        status.executions = number_after(line, "#", status.executions);
        status.coverage = number_after(line, "cov: ", status.coverage);
        return;
    }
    if (line.starts_with("INFO:") || line.starts_with("\tNEW_FUNC"))
        return;
    constexpr std::string_view written = "Test unit written to ";
    if (const std::size_t found = line.find(written); found != std::string_view::npos)
        status.artifact = line.substr(found + written.size());
    status.report.append(line).push_back('\n');
}

using Clock = std::chrono::steady_clock;

constexpr std::string_view source_ending = "_fuzz.cpp";

/// A process of libFuzzer, and what it has printed.
class FuzzProcess {
  public:
    explicit FuzzProcess(const std::vector<std::string>& command) {
        Pipe pipe = open_pipe();
        reading_ = std::move(pipe.reading);
        child_ = std::make_unique<ChildProcess>(
            command,
            StandardStreams{.input = -1, .output = pipe.writing.get(), .error = pipe.writing.get()},
            false);
    }

    /// For poll(); -1 after the process has ended.
    [[nodiscard]] int descriptor() const { return reading_.get(); }
    [[nodiscard]] const FuzzStatus& status() const { return status_; }

    /// Reads the bytes that are there. At the end of the stream it waits for the process.
    void read_some() {
        std::array<char, 4096> bytes{};
        const ssize_t count = read(reading_.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR)
            return;
        if (count <= 0)
            return end();
        line_.append(bytes.data(), static_cast<std::size_t>(count));
        for (std::size_t feed = line_.find('\n'); feed != std::string::npos;
             feed = line_.find('\n')) {
            note_line(std::string_view(line_).substr(0, feed), status_);
            line_.erase(0, feed + 1);
        }
    }

    /// The process has ended with a status other than 0.
    [[nodiscard]] bool has_failed() const { return exit_status_ != 0; }

  private:
    FileDescriptor reading_;
    std::unique_ptr<ChildProcess> child_;
    std::string line_;
    FuzzStatus status_;
    int exit_status_ = 0;

    void end() {
        note_line(line_, status_);
        reading_.reset();
        exit_status_ = child_->wait();
    }
};

using Processes = std::vector<std::unique_ptr<FuzzProcess>>;

FuzzStatus sum_of(const Processes& processes) {
    FuzzStatus sum;
    for (const auto& process : processes) {
        sum.executions += process->status().executions;
        sum.coverage = std::max(sum.coverage, process->status().coverage);
        if (process->has_failed()) {
            sum.artifact = process->status().artifact;
            sum.report = process->status().report;
            if (sum.artifact.empty())
                throw Failure("the fuzzer failed:\n" + sum.report);
        }
    }
    return sum;
}

void show(Progress& progress, const FuzzTarget& target, const Processes& processes,
          std::chrono::seconds left) {
    const FuzzStatus sum = sum_of(processes);
    progress.say(fmt::format("{}: {} executions, coverage {}, {}:{:02} left", target.name,
                             sum.executions, sum.coverage, left.count() / 60, left.count() % 60));
}

/// Waits until one of them prints something, at most a second. False when all have ended.
bool wait_for(const Processes& processes) {
    std::vector<pollfd> waited{{.fd = interruption_descriptor(), .events = POLLIN, .revents = 0}};
    for (const auto& process : processes)
        waited.push_back({.fd = process->descriptor(), .events = POLLIN, .revents = 0});
    poll(waited.data(), waited.size(), 1000);
    throw_if_interrupted();
    for (std::size_t index = 0; index < processes.size(); ++index)
        if (waited[index + 1].revents != 0)
            processes[index]->read_some();
    return std::any_of(processes.begin(), processes.end(),
                       [](const auto& process) { return process->descriptor() >= 0; });
}

std::filesystem::path made(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw Failure(fmt::format("cannot create {}: {}", folder.string(), error.message()));
    return folder;
}

} // namespace

std::vector<std::string> fuzz_targets() {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(source_folder() / "tests" / "fuzz")) {
        const std::string file = entry.path().filename().string();
        if (file.ends_with(source_ending))
            names.push_back(file.substr(0, file.size() - source_ending.size()));
    }
    std::sort(names.begin(), names.end());
    return names;
}

FuzzTarget find_fuzz_target(const std::string& name) {
    const std::vector<std::string> names = fuzz_targets();
    if (std::find(names.begin(), names.end(), name) == names.end()) {
        throw Failure(
            fmt::format("unknown fuzz target \"{}\": give {}", name, fmt::join(names, ", ")));
    }
    const std::filesystem::path kept = build_folder() / "fuzz";
    return {.name = name,
            .program = built_file(std::filesystem::path("tests/fuzz") / (name + "_fuzz")),
            .seeds = source_folder() / "tests" / "fuzz" / "corpus" / name,
            .corpus = kept / "corpus" / name,
            .artifacts = kept / "artifacts" / name};
}

FuzzStatus run_fuzz_target(const FuzzTarget& target, std::chrono::seconds time,
                           std::uint32_t jobs) {
    // -reload: each process picks up what the others have found.
    const std::vector<std::string> command{target.program.string(),
                                           fmt::format("-max_total_time={}", time.count()),
                                           "-reload=1",
                                           "-timeout=10",
                                           "-rss_limit_mb=2048",
                                           "-max_len=4096",
                                           "-print_final_stats=1",
                                           "-artifact_prefix=" + made(target.artifacts).string() +
                                               "/",
                                           made(target.corpus).string(),
                                           target.seeds.string()};
    Processes processes;
    for (std::uint32_t job = 0; job < jobs; ++job)
        processes.push_back(std::make_unique<FuzzProcess>(command));
    const auto pause = std::chrono::seconds(isatty(STDERR_FILENO) != 0 ? 1 : 30);
    const auto end = Clock::now() + time;
    auto next = Clock::now();
    Progress progress;
    bool failed = false;
    while (!failed && wait_for(processes)) {
        failed = std::any_of(processes.begin(), processes.end(),
                             [](const auto& process) { return process->has_failed(); });
        const auto now = Clock::now();
        if (failed || now < next)
            continue;
        next = now + pause;
        show(progress, target, processes,
             std::max(std::chrono::seconds(0),
                      std::chrono::duration_cast<std::chrono::seconds>(end - now)));
    }
    return sum_of(processes);
}

} // namespace tool

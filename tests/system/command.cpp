#include "tests/system/command.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace test {
namespace {

constexpr std::chrono::milliseconds poll_interval{10};

std::string read_file(const std::filesystem::path& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void redirect(const std::filesystem::path& path, int flags, int target) {
    const int file = open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (file < 0 || dup2(file, target) < 0)
        _exit(127);
}

/// /proc/PID/stat without what stands before the state: the program's name may hold anything.
std::string stat_from_state(const std::string& process) {
    const std::string stat = read_file("/proc/" + process + "/stat");
    const std::size_t end_of_name = stat.rfind(')');
    return end_of_name == std::string::npos ? "" : stat.substr(end_of_name + 2);
}

pid_t parent_of(const std::string& process) {
    const std::string stat = stat_from_state(process);
    return stat.size() < 3 ? -1 : std::atoi(stat.c_str() + 2);
}

bool is_below(const std::string& process, pid_t ancestor) {
    for (pid_t parent = parent_of(process); parent > 1; parent = parent_of(std::to_string(parent)))
        if (parent == ancestor)
            return true;
    return false;
}

pid_t find_process_below(pid_t ancestor, const std::string& text) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string process = entry.path().filename();
        if (process.find_first_not_of("0123456789") == std::string::npos &&
            read_file(entry.path() / "cmdline").find(text) != std::string::npos &&
            is_below(process, ancestor))
            return std::atoi(process.c_str());
    }
    return -1;
}

} // namespace

Command::Command(std::vector<std::string> words,
                 const std::map<std::string, std::string>& environment) {
    std::string name = std::filesystem::temp_directory_path() / "lazyhv-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("cannot make a folder for temporary files");
    folder_ = name;
    std::filesystem::create_directory(folder_ / "tmp");
    process_ = fork();
    if (process_ != 0)
        return;
    setpgid(0, 0);
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(folder_ / "output", O_WRONLY | O_CREAT, STDOUT_FILENO);
    redirect(folder_ / "error", O_WRONLY | O_CREAT, STDERR_FILENO);
    setenv("TMPDIR", (folder_ / "tmp").c_str(), 1);
    for (const auto& [variable, value] : environment)
        setenv(variable.c_str(), value.c_str(), 1);
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv(arguments.front(), arguments.data());
    _exit(127);
}

Command::~Command() {
    if (process_ > 0) {
        send(SIGKILL);
        waitpid(process_, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

Outcome Command::wait(std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    Outcome outcome{.status = -1, .output = "", .error = ""};
    int status = 0;
    while (waitpid(process_, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > end)
            return outcome;
        std::this_thread::sleep_for(poll_interval);
    }
    process_ = -1;
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.output = read_file(folder_ / "output");
    outcome.error = read_file(folder_ / "error");
    return outcome;
}

void Command::send(int signal_number) const { kill(process_, signal_number); }

pid_t Command::wait_for_process(const std::string& text) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < end) {
        if (const pid_t found = find_process_below(process_, text); found != -1)
            return found;
        std::this_thread::sleep_for(poll_interval);
    }
    return -1;
}

std::vector<std::string> Command::leftovers() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "tmp"))
        names.push_back(entry.path().filename());
    return names;
}

std::string lazyhv_program() { return LAZYHV_BINARY_DIR "/tools/lazyhv"; }

std::string guest_image(const std::string& name) {
    return LAZYHV_BINARY_DIR "/guest/" + name + ".elf";
}

Outcome lazyhv(const std::vector<std::string>& arguments,
               const std::map<std::string, std::string>& environment) {
    std::vector<std::string> words{lazyhv_program()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return Command(std::move(words), environment).wait();
}

bool is_running(pid_t process) {
    const std::string stat = stat_from_state(std::to_string(process));
    return !stat.empty() && !stat.starts_with('Z');
}

bool has_ended(pid_t process) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (is_running(process)) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::sleep_for(poll_interval);
    }
    return true;
}

} // namespace test

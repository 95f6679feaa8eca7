#include "tests/unit/machine_code/walk.h"

#include "hypervisor/exits/exit_handlers.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/// Where this program was loaded: the linker defines it. Addresses in its file are relative to it.
extern "C" const char __executable_start; // NOLINT(bugprone-reserved-identifier)

namespace hv::test {

namespace {

struct Call {
    std::uint64_t target;
    std::size_t depth; ///< handle_vm_exit() is at 0
};

/// Follows the calls of a stopped child. A call is an instruction that pushes the address of the
/// one after it; a function has returned when RSP is above the address that was pushed for it.
class CallFollower {
  public:
    explicit CallFollower(pid_t child) : child_{child} {}

    std::vector<Call> follow() {
        const auto entry = reinterpret_cast<std::uint64_t>(&handle_vm_exit);
        std::vector<Call> calls;
        user_regs_struct before = registers();
        while (step()) {
            const user_regs_struct now = registers();
            while (!frames_.empty() && now.rsp > frames_.back())
                frames_.pop_back();
            if (!calls.empty() && frames_.empty())
                return calls;
            if (is_call(before, now)) {
                if (now.rip == entry || !calls.empty()) {
                    calls.push_back({now.rip, frames_.size()});
                    frames_.push_back(now.rsp);
                }
            }
            before = now;
        }
        return {};
    }

  private:
    pid_t child_;
    std::vector<std::uint64_t> frames_; ///< where the return address of each function lies

    user_regs_struct registers() const {
        user_regs_struct found{};
        ptrace(PTRACE_GETREGS, child_, nullptr, &found);
        return found;
    }
    bool step() const {
        int status = 0;
        return ptrace(PTRACE_SINGLESTEP, child_, nullptr, nullptr) == 0 &&
               waitpid(child_, &status, 0) == child_ && WIFSTOPPED(status);
    }
    bool is_call(const user_regs_struct& before, const user_regs_struct& now) const {
        constexpr std::uint64_t longest_call = 7;
        if (now.rsp != before.rsp - sizeof(std::uint64_t) || now.rip - before.rip <= longest_call)
            return false;
        const auto pushed =
            static_cast<std::uint64_t>(ptrace(PTRACE_PEEKDATA, child_, now.rsp, nullptr));
        return pushed > before.rip && pushed - before.rip <= longest_call;
    }
};

std::vector<Call> calls_of(const std::function<void()>& exit) {
    const pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0)
            _exit(1);
        raise(SIGSTOP);
        exit();
        _exit(0);
    }
    int status = 0;
    std::vector<Call> calls;
    if (waitpid(child, &status, 0) == child && WIFSTOPPED(status))
        calls = CallFollower{child}.follow();
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return calls;
}

struct Place {
    std::string folder; ///< below hypervisor/, or empty
    std::string function;
};

/// "hv::(anonymous namespace)::name(arguments)" without namespaces and arguments.
std::string short_name(const std::string& function) {
    std::string name =
        function.substr(0, function.find('(', function.starts_with("hv::(") ? 5 : 0));
    if (const std::size_t anonymous = function.find("(anonymous namespace)::");
        anonymous != std::string::npos) {
        const std::string rest = function.substr(anonymous + 23);
        name = rest.substr(0, rest.find('('));
    }
    return name.starts_with("hv::") ? name.substr(4) : name;
}

Place place_of(const std::string& function, const std::string& file) {
    constexpr std::string_view top = "/hypervisor/";
    const std::string path = "/" + file;
    const std::size_t found = path.rfind(top);
    // The tests of hypervisor/ lie in a folder of the same name.
    if (found == std::string::npos || path.substr(0, found).ends_with("/tests/unit"))
        return {};
    // The accessor of one word of memory: a part of the language here.
    if (function.find("direct_word") != std::string::npos)
        return {};
    const std::string below = path.substr(found + top.size());
    return {below.substr(0, below.find('/')), short_name(function)};
}

/// Asks addr2line, once for all.
std::map<std::uint64_t, Place> look_up(const std::vector<Call>& calls) {
    const auto base = reinterpret_cast<std::uint64_t>(&__executable_start);
    std::array<char, 4096> program{};
    if (readlink("/proc/self/exe", program.data(), program.size() - 1) < 0)
        return {};
    std::map<std::uint64_t, Place> places;
    for (const Call& call : calls)
        places[call.target] = {};
    std::string command = "addr2line -f -C -e " + std::string(program.data());
    std::array<char, 32> number{};
    for (const auto& [address, place] : places) {
        std::snprintf(number.data(), number.size(), " 0x%lx", address - base);
        command += number.data();
    }
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen(command.c_str(), "r"), pclose};
    std::array<char, 4096> line{};
    const auto next = [&] {
        std::string text =
            fgets(line.data(), line.size(), pipe.get()) != nullptr ? line.data() : "";
        return text.substr(0, text.find('\n'));
    };
    for (auto& [address, place] : places) {
        const std::string function = next();
        place = place_of(function, next());
    }
    return places;
}

} // namespace

std::vector<Crossing> trace_walk(const std::function<void()>& exit) {
    const std::vector<Call> calls = calls_of(exit);
    const std::map<std::uint64_t, Place> places = look_up(calls);
    std::vector<Crossing> crossings;
    std::vector<std::string> folders; ///< by depth; what is in no folder counts as its caller's
    std::size_t last_depth = 0;
    for (const Call& call : calls) {
        const Place& place = places.at(call.target);
        folders.resize(call.depth);
        const std::string caller = folders.empty() ? "" : folders.back();
        folders.push_back(place.folder.empty() ? caller : place.folder);
        if (place.folder.empty() || place.folder == caller)
            continue;
        const bool goes_on = !crossings.empty() && call.depth == last_depth &&
                             crossings.back().folder == place.folder;
        last_depth = call.depth;
        if (!goes_on)
            crossings.push_back({place.folder, place.function});
    }
    return crossings;
}

} // namespace hv::test

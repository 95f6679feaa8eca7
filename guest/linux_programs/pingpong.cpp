// Two processes on one processor pass one byte to and fro. Each direction takes a context switch
// and two system calls, write and read.

#include "guest/linux_programs/arguments.h"
#include "guest/linux_programs/failure.h"
#include "guest/linux_programs/processes.h"
#include "guest/linux_programs/result_line.h"

#include <cinttypes>
#include <cstdio>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace linux_guest {
namespace {

thread_local volatile std::uint64_t thread_value = 0;

/// The base of %fs, which the C library keeps at the address itself.
std::uint64_t fs_base() {
    std::uint64_t base = 0;
    asm volatile("mov %%fs:0, %0" : "=r"(base));
    return base;
}

/// What a process must find unchanged whenever it runs: %fs and the memory that it addresses.
class ThreadState {
  public:
    explicit ThreadState(std::uint64_t value) : value_(value), fs_base_(fs_base()) {
        thread_value = value;
    }
    void check() const {
        if (fs_base() != fs_base_)
            fail("%%fs is at %#" PRIx64 " and not at %#" PRIx64, fs_base(), fs_base_);
        if (thread_value != value_)
            fail("a thread-local variable is %" PRIu64 " and not %" PRIu64, thread_value, value_);
    }

  private:
    std::uint64_t value_;
    std::uint64_t fs_base_;
};

void check_byte(std::uint8_t byte, std::uint32_t round) {
    if (byte != static_cast<std::uint8_t>(round))
        fail("byte %u came in round %u", byte, round);
}

struct ChildsPart {
    Line line;
    std::uint32_t rounds;
    bool is_spoiled;
};

void* answer(void* argument) {
    const auto& part = *static_cast<const ChildsPart*>(argument);
    const ThreadState state(2);
    for (std::uint32_t round = 0; round < part.rounds; ++round) {
        check_byte(receive(part.line), round);
        state.check();
        const bool is_wrong = part.is_spoiled && round + 1 == part.rounds;
        send(part.line, static_cast<std::uint8_t>(is_wrong ? ~round : round));
    }
    return nullptr;
}

/// Runs the child in a new thread, so that its %fs base differs from the parent's.
[[noreturn]] void run_child(ChildsPart part) {
    pthread_t thread{};
    if (pthread_create(&thread, nullptr, answer, &part) != 0)
        fail("pthread_create fails");
    pthread_join(thread, nullptr);
    _exit(0);
}

void ask(const Line& line, const ThreadState& state, std::uint32_t begin, std::uint32_t end) {
    for (std::uint32_t round = begin; round < end; ++round) {
        send(line, static_cast<std::uint8_t>(round));
        check_byte(receive(line), round);
        state.check();
    }
}

/// How often the processor was taken from this process, willingly or not.
std::int64_t times_switched_away() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw + usage.ru_nivcsw;
}

void run(const Arguments& arguments) {
    // A round is two switches: there and back.
    const std::uint32_t warm_up = (arguments.warm_up + 1) / 2;
    const std::uint32_t rounds = (arguments.count + 1) / 2;
    pin_to_one_processor();
    Measurement measurement;
    const Lines lines = open_lines();
    const pid_t child = start_process();
    if (child == 0) {
        close_line(lines.parent);
        run_child({lines.child, warm_up + rounds, arguments.is_spoiled});
    }
    close_line(lines.child);
    const ThreadState state(1);
    ask(lines.parent, state, 0, warm_up);
    const std::int64_t switched_before = times_switched_away();
    measurement.begin();
    ask(lines.parent, state, warm_up, warm_up + rounds);
    measurement.end();
    const std::int64_t switched = times_switched_away() - switched_before;
    if (wait_for_exit(child) != 0)
        fail("the other process has found something wrong");
    const std::uint64_t switches = std::uint64_t{rounds} * 2;
    std::printf("pingpong: %" PRIu64 " switches, all bytes and TLS as they must be; %" PRIu64
                " ticks a switch; the kernel took the processor from one side %" PRId64 " times\n",
                switches, measurement.ticks_for_each(switches), switched);
    print_switches_result("pingpong", switches, measurement);
}

} // namespace
} // namespace linux_guest

int main(int argument_count, char** arguments) {
    linux_guest::run(linux_guest::parse_arguments(
        argument_count, arguments,
        {.purpose = "Two processes on one processor pass a byte to and fro through pipes.",
         .unit = "switches"},
        {.count = 2000, .warm_up = 200, .is_spoiled = false}));
}

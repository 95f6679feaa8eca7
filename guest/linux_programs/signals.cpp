// Signals: between processes, from a timer, for exceptions, on a stack of their own, one within the
// other. Each one is counted.

#include "guest/linux_programs/arguments.h"
#include "guest/linux_programs/failure.h"
#include "guest/linux_programs/faults.h"
#include "guest/linux_programs/processes.h"
#include "guest/linux_programs/result_line.h"

#include <array>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <sys/time.h>
#include <unistd.h>

namespace linux_guest {
namespace {

constexpr int timer_signals = 5;
constexpr suseconds_t timer_microseconds = 2000;

// Global, because a signal handler can reach nothing else.
volatile std::sig_atomic_t received = 0;
volatile std::sig_atomic_t alarms = 0;
volatile std::sig_atomic_t nested = 0;
volatile std::sig_atomic_t depth = 0;
volatile std::sig_atomic_t deepest = 0;
alignas(16) std::array<char, 65536> own_stack;

void set_handler(int signal_number, void (*handler)(int), int flags) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    if (sigaction(signal_number, &action, nullptr) != 0)
        fail_with_errno("sigaction");
}

void count_received(int) { received = received + 1; }
void count_alarm(int) { alarms = alarms + 1; }

/// The handler of SIGUSR1 and SIGUSR2, on an alternate stack: each raises the other from within.
void nest(int signal_number) {
    const char on_stack = 0;
    const char* volatile at = &on_stack;
    if (at < own_stack.data() || at >= own_stack.data() + own_stack.size())
        fail("a handler does not run on the stack it was given");
    nested = nested + 1;
    depth = depth + 1;
    if (depth > deepest)
        deepest = depth;
    if (depth == 1)
        raise(signal_number == SIGUSR1 ? SIGUSR2 : SIGUSR1);
    depth = depth - 1;
}

/// SIGUSR1 is blocked except while this waits, so that none arrives too early.
void await_received(std::sig_atomic_t count, const sigset_t& while_waiting) {
    while (received < count)
        sigsuspend(&while_waiting);
    if (received != count)
        fail("%d signals were received and not %d", received, count);
}

/// The child answers each signal with one.
[[noreturn]] void run_child(pid_t parent, std::uint32_t count, const sigset_t& while_waiting) {
    for (std::uint32_t done = 0; done < count; ++done) {
        await_received(static_cast<std::sig_atomic_t>(done + 1), while_waiting);
        kill(parent, SIGUSR1);
    }
    _exit(0);
}

/// The other process, which is ended when this goes out of scope.
struct Partner {
    pid_t process;
    sigset_t while_waiting;
};

Partner start_partner(std::uint32_t count) {
    set_handler(SIGUSR1, count_received, 0);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    Partner partner{};
    sigprocmask(SIG_BLOCK, &blocked, &partner.while_waiting);
    const pid_t parent = getpid();
    partner.process = start_process();
    if (partner.process == 0)
        run_child(parent, count, partner.while_waiting);
    return partner;
}

void exchange(const Partner& partner, std::uint32_t begin, std::uint32_t end) {
    for (std::uint32_t done = begin; done < end; ++done) {
        kill(partner.process, SIGUSR1);
        await_received(static_cast<std::sig_atomic_t>(done + 1), partner.while_waiting);
    }
}

void test_timer() {
    set_handler(SIGALRM, count_alarm, 0);
    const itimerval every{.it_interval = {.tv_sec = 0, .tv_usec = timer_microseconds},
                          .it_value = {.tv_sec = 0, .tv_usec = timer_microseconds}};
    if (setitimer(ITIMER_REAL, &every, nullptr) != 0)
        fail_with_errno("setitimer");
    while (alarms < timer_signals)
        pause();
    const itimerval never{};
    setitimer(ITIMER_REAL, &never, nullptr);
}

void test_nesting(bool is_spoiled) {
    const stack_t stack{.ss_sp = own_stack.data(), .ss_flags = 0, .ss_size = own_stack.size()};
    if (sigaltstack(&stack, nullptr) != 0)
        fail_with_errno("sigaltstack");
    set_handler(SIGUSR1, nest, SA_ONSTACK);
    set_handler(SIGUSR2, nest, SA_ONSTACK);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
    raise(SIGUSR1);
    if (is_spoiled)
        raise(SIGUSR2);
    if (nested != 2 || deepest != 2 || depth != 0)
        fail("of two nested signals %d came, %d deep", nested, deepest);
}

void run(const Arguments& arguments) {
    pin_to_one_processor();
    Measurement measurement;
    const Partner partner = start_partner(arguments.warm_up + arguments.count);
    exchange(partner, 0, arguments.warm_up);
    measurement.begin();
    exchange(partner, arguments.warm_up, arguments.warm_up + arguments.count);
    measurement.end();
    if (wait_for_exit(partner.process) != 0)
        fail("the other process has found something wrong");
    test_timer();
    test_nesting(arguments.is_spoiled);
    const int faults = make_faults();
    std::printf("signals: %u there and back, %d from a timer, %d for exceptions, 2 nested, each as "
                "it must be; %" PRIu64 " ticks there and back\n",
                arguments.count, timer_signals, faults,
                measurement.ticks_for_each(arguments.count));
    print_operations_result("signals", arguments.count, arguments.count, measurement);
}

} // namespace
} // namespace linux_guest

int main(int argument_count, char** arguments) {
    linux_guest::run(linux_guest::parse_arguments(
        argument_count, arguments,
        {.purpose = "Signals between processes, from a timer, for exceptions, and nested ones.",
         .unit = "signals there and back"},
        {.count = 100, .warm_up = 5, .is_spoiled = false}));
}

// Two processes on one processor keep different numbers in the registers of x87, SSE and AVX while
// they take turns. The system calls that make the other one run are made with the registers in use.

#include "guest/linux_programs/arguments.h"
#include "guest/linux_programs/failure.h"
#include "guest/linux_programs/fpu_registers.h"
#include "guest/linux_programs/processes.h"
#include "guest/linux_programs/result_line.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <sys/syscall.h>
#include <unistd.h>

namespace linux_guest {
namespace {

/// One of the processes: `number` makes its registers differ from the other's.
class Side {
  public:
    explicit Side(std::uint8_t number)
        : number_(number), has_avx_(__builtin_cpu_supports("avx") != 0) {}

    void fill(std::uint32_t round) {
        before_ = {};
        for (std::size_t index = 0; index < 8; ++index) {
            const long double value =
                static_cast<long double>(std::uint64_t{round} * 16 + index) + number_ / 3.0L;
            std::memcpy(before_.x87[index], &value, 10); // its other six bytes are padding
        }
        const std::size_t width = has_avx_ ? 32 : 16;
        for (std::size_t index = 0; index < 16; ++index) {
            for (std::size_t byte = 0; byte < width; ++byte)
                before_.vector[index][byte] =
                    static_cast<std::uint8_t>(number_ * 128U + round + index * 8 + byte);
        }
        // All exceptions are masked; each side has its own rounding mode.
        constexpr std::uint32_t masked = 0x1F80;
        constexpr std::uint16_t masked_and_extended = 0x037F;
        before_.mxcsr = masked | std::uint32_t{number_} << 13;
        before_.control_word = static_cast<std::uint16_t>(masked_and_extended | number_ << 10);
    }

    void send(const Line& line) {
        std::uint8_t byte = number_;
        if (call(SYS_write, line.writing, reinterpret_cast<long>(&byte), 1) != 1)
            fail("write to the other process");
    }
    void receive(const Line& line) {
        std::uint8_t byte = 0;
        if (call(SYS_read, line.reading, reinterpret_cast<long>(&byte), 1) != 1)
            fail("the other process is gone");
    }
    void yield() { call(SYS_sched_yield, 0, 0, 0); }
    void spoil() { is_spoiled_ = true; }

  private:
    long call(long number, long first, long second, long third) {
        FpuRegisters after{};
        const long result = (has_avx_ ? call_with_avx : call_with_sse)(&before_, &after, number,
                                                                       first, second, third);
        if (is_spoiled_)
            after.vector[15][15] ^= 1;
        check(after);
        return result;
    }
    void check(const FpuRegisters& after) const {
        for (std::size_t index = 0; index < 8; ++index)
            if (std::memcmp(after.x87[index], before_.x87[index], sizeof(after.x87[index])) != 0)
                fail("process %u: ST%zu is not what it was", number_, index);
        for (std::size_t index = 0; index < 16; ++index) {
            if (std::memcmp(after.vector[index], before_.vector[index],
                            sizeof(after.vector[index])) != 0)
                fail("process %u: vector register %zu is not what it was", number_, index);
        }
        if (after.mxcsr != before_.mxcsr || after.control_word != before_.control_word) {
            fail("process %u: MXCSR is %#x and not %#x, or the control word %#x and not %#x",
                 number_, after.mxcsr, before_.mxcsr, after.control_word, before_.control_word);
        }
    }

    std::uint8_t number_;
    bool has_avx_;
    bool is_spoiled_ = false;
    FpuRegisters before_{};
};

[[noreturn]] void run_child(const Line& line, const Arguments& arguments) {
    Side side(1);
    const std::uint32_t rounds = arguments.warm_up + arguments.count;
    for (std::uint32_t round = 0; round < rounds; ++round) {
        if (arguments.is_spoiled && round + 1 == rounds)
            side.spoil();
        side.fill(round);
        side.receive(line);
        side.yield();
        side.send(line);
    }
    _exit(0);
}

void take_turns(Side& side, const Line& line, std::uint32_t rounds) {
    for (std::uint32_t round = 0; round < rounds; ++round) {
        side.fill(round);
        side.send(line);
        side.yield();
        side.receive(line);
    }
}

void run(const Arguments& arguments) {
    pin_to_one_processor();
    Measurement measurement;
    const Lines lines = open_lines();
    const pid_t child = start_process();
    if (child == 0) {
        close_line(lines.parent);
        run_child(lines.child, arguments);
    }
    close_line(lines.child);
    Side side(2);
    take_turns(side, lines.parent, arguments.warm_up);
    measurement.begin();
    take_turns(side, lines.parent, arguments.count);
    measurement.end();
    if (wait_for_exit(child) != 0)
        fail("the other process has found something wrong");
    std::printf("fpu: %u turns with x87 and %s, all registers as they were; %" PRIu64
                " ticks a turn\n",
                arguments.count, __builtin_cpu_supports("avx") != 0 ? "AVX" : "SSE",
                measurement.ticks_for_each(arguments.count));
    print_operations_result("fpu", arguments.count, arguments.count, measurement);
}

} // namespace
} // namespace linux_guest

int main(int argument_count, char** arguments) {
    linux_guest::run(linux_guest::parse_arguments(
        argument_count, arguments,
        {.purpose = "Two processes on one processor keep different numbers in the FPU's registers.",
         .unit = "turns"},
        {.count = 500, .warm_up = 20, .is_spoiled = false}));
}

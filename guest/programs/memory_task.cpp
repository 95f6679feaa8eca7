// Ring 3: a task that keeps a model of its pages (mapped or not, writable or not, what they hold),
// changes them by system calls and stores, and compares all of them with the model. Its forks go on
// with a copy of the model. It calls nothing outside the ring-3 image and has no static data.

#include "guest/programs/memory_task.h"

#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/layout.h"
#include "guest/programs/check.h"
#include "guest/programs/system_calls.h"

namespace guest::programs {
namespace {

constexpr std::uint64_t spins = 3000;
constexpr std::uint64_t child_rounds = 6;
constexpr std::uint64_t last_word = page_size - 8;

enum class State : std::uint8_t { unmapped, read_only, read_write };

struct Self {
    std::uint64_t id;
    std::uint64_t flags;
    std::uint64_t random;
    std::uint64_t checked;
    std::uint64_t content[memory_pages];
    State state[memory_pages];
};

std::uint64_t address_of_page(std::uint64_t page) { return user_memory_base + page * page_size; }

volatile std::uint64_t& word(std::uint64_t address) {
    return *reinterpret_cast<volatile std::uint64_t*>(address);
}

/// Marsaglia's xorshift64.
std::uint64_t next_random(Self& self) {
    self.random ^= self.random << 13;
    self.random ^= self.random >> 7;
    self.random ^= self.random << 17;
    return self.random;
}

void expect(Self& self, std::uint64_t expected, std::uint64_t found) {
    ++self.checked;
    if (expected != found)
        call(ProgramCall::report_mismatch, static_cast<std::uint64_t>(Check::memory), expected,
             found);
}

/// Returns the vector of the exception that an access raised, or 0. A store leaves the contents as
/// they are.
#define VECTOR_OF(instruction)                                                                     \
    std::uint64_t vector = static_cast<std::uint64_t>(SystemCall::on_fault);                       \
    asm volatile("leaq 1f(%%rip), %%rdi\n\t"                                                       \
                 "syscall\n\t" instruction "\n\t"                                                  \
                 "xorl %%eax, %%eax\n"                                                             \
                 "1:"                                                                              \
                 : "+a"(vector)                                                                    \
                 : "b"(address)                                                                    \
                 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory");          \
    call(SystemCall::on_fault, 0);                                                                 \
    return vector

std::uint64_t vector_of_read(std::uint64_t address) { VECTOR_OF("testb $0, (%%rbx)"); }
std::uint64_t vector_of_write(std::uint64_t address) { VECTOR_OF("orb $0, (%%rbx)"); }

void write_page(Self& self, std::uint64_t page) {
    self.content[page] = next_random(self) ^ self.id << 48;
    word(address_of_page(page)) = self.content[page];
    word(address_of_page(page) + last_word) = ~self.content[page];
}

/// Compares every page with the model.
void check_pages(Self& self) {
    for (std::uint64_t page = 0; page < memory_pages; ++page) {
        if (self.state[page] == State::unmapped)
            continue;
        expect(self, self.content[page], word(address_of_page(page)));
        expect(self, ~self.content[page], word(address_of_page(page) + last_word));
    }
    const std::uint64_t page = next_random(self) % memory_pages;
    expect(self, self.state[page] == State::unmapped ? interrupts::page_fault : 0,
           vector_of_read(address_of_page(page)));
    expect(self, self.state[page] == State::read_write ? 0 : interrupts::page_fault,
           vector_of_write(address_of_page(page)));
}

struct Range {
    std::uint64_t first;
    std::uint64_t count;
};

/// Sometimes all pages, so that more than a few translations are dropped at once.
Range random_range(Self& self) {
    const std::uint64_t random = next_random(self);
    if (random % 8 == 0)
        return {0, memory_pages};
    const std::uint64_t first = (random >> 8) % memory_pages;
    return {first, 1 + (random >> 16) % (memory_pages - first)};
}

void change(Self& self, ProgramCall how, Range range, State state) {
    expect(self, 0, call(how, range.first, range.count, state == State::read_write ? 1 : 0));
    for (std::uint64_t page = range.first; page < range.first + range.count; ++page) {
        State& now = self.state[page];
        const bool mapped = now != State::unmapped;
        if (how == ProgramCall::map_pages && !mapped) {
            expect(self, 0, word(address_of_page(page)));
            now = State::read_write;
            write_page(self, page);
        } else if (how == ProgramCall::unmap_pages ||
                   (how == ProgramCall::protect_pages && mapped)) {
            now = state;
        }
    }
}

void change_something(Self& self) {
    const Range range = random_range(self);
    switch (next_random(self) % 6) {
    case 0:
    case 1:
        return change(self, ProgramCall::map_pages, range, State::read_write);
    case 2:
        return change(self, ProgramCall::unmap_pages, range, State::unmapped);
    case 3:
        return change(self, ProgramCall::protect_pages, range, State::read_only);
    case 4:
        return change(self, ProgramCall::protect_pages, range, State::read_write);
    default:
        return change(self, ProgramCall::move_pages, range, State::read_write);
    }
}

void write_some(Self& self) {
    for (std::uint64_t page = next_random(self) % 4; page < memory_pages; page += 4)
        if (self.state[page] == State::read_write)
            write_page(self, page);
}

void wait(const Self& self) {
    if ((self.flags & memory_preemptive) == 0) {
        call(SystemCall::yield);
        return;
    }
    for (std::uint64_t i = 0; i < spins; ++i)
        asm volatile("");
}

void round(Self& self) {
    change_something(self);
    wait(self);
    check_pages(self);
    write_some(self);
    wait(self);
    check_pages(self);
}

[[noreturn]] void end(const Self& self) {
    call(ProgramCall::report_checked, static_cast<std::uint64_t>(Check::memory), self.checked);
    call(SystemCall::exit);
    __builtin_unreachable();
}

/// The child has all of the parent's pages, and changes them for itself alone.
[[noreturn]] void run_child(Self& self, std::uint64_t id) {
    self.id = id;
    self.random ^= id << 32;
    self.checked = 0;
    check_pages(self);
    for (std::uint64_t i = 0; i < child_rounds && call(ProgramCall::stop_requested) == 0; ++i)
        round(self);
    end(self);
}

[[noreturn]] void run(std::uint64_t id, std::uint64_t flags) {
    Self self;
    self.id = id;
    self.flags = flags;
    self.random = id * 0x9E3779B97F4A7C15;
    self.checked = 0;
    // One by one, because the ring-3 image has no memset.
    for (State& state : self.state)
        *static_cast<volatile State*>(&state) = State::unmapped;
    for (std::uint64_t number = 1; call(ProgramCall::stop_requested) == 0; ++number) {
        round(self);
        if (number % 3 == 0 && call_by_interrupt(SystemCall::fork) == 0)
            run_child(self, id + (number << 8));
        if (number % 4 == 0)
            expect(self, 1, call(ProgramCall::yield_in_section));
    }
    end(self);
}

} // namespace
} // namespace guest::programs

// The arguments come in registers, as to any function; the kernel takes the address only.
asm(".pushsection .text\n\t"
    ".global memory_task\n"
    "memory_task:\n\t"
    "jmp run_memory_task\n\t"
    ".popsection");

extern "C" [[noreturn, gnu::used]] void run_memory_task(std::uint64_t id, std::uint64_t flags) {
    guest::programs::run(id, flags);
}

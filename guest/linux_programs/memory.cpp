// mmap, mprotect and munmap: checks the contents and access rights of pages again and again.

#include "guest/linux_programs/arguments.h"
#include "guest/linux_programs/failure.h"
#include "guest/linux_programs/processes.h"
#include "guest/linux_programs/result_line.h"

#include <array>
#include <cinttypes>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <sys/mman.h>

namespace linux_guest {
namespace {

constexpr std::array<std::size_t, 3> region_pages{1, 16, 512};
constexpr std::size_t words_a_page = abi::page_size / sizeof(std::uint64_t);
/// The words that are checked in each page: the first, one in the middle, and the last.
constexpr std::array<std::size_t, 3> looked_at{0, words_a_page / 3, words_a_page - 1};

// Global, because a signal handler can reach nothing else.
sigjmp_buf after_the_access;
const volatile void* volatile fault_address = nullptr;

void note_fault(int, siginfo_t* information, void*) {
    fault_address = information->si_addr;
    siglongjmp(after_the_access, 1);
}

void catch_faults() {
    struct sigaction action = {};
    action.sa_sigaction = note_fault;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGSEGV, &action, nullptr) != 0)
        fail_with_errno("sigaction");
}

enum class Access { reading, writing };

void expect_fault(volatile std::uint64_t* address, Access access, const char* of_what) {
    if (sigsetjmp(after_the_access, 1) == 0) {
        if (access == Access::writing)
            *address = 0;
        else
            static_cast<void>(*address);
        fail("no fault when %s", of_what);
    }
    if (fault_address != address)
        fail("a fault at another address when %s", of_what);
}

/// Pages mapped for the time of one loop.
class Region {
  public:
    Region(std::size_t pages, std::uint64_t seed) : pages_(pages), seed_(seed) {
        void* const memory =
            mmap(nullptr, size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            fail_with_errno("mmap");
        words_ = static_cast<volatile std::uint64_t*>(memory);
    }

    void expect_zeros() const {
        for_each_word([this](std::size_t at) {
            if (words_[at] != 0)
                fail("new memory is not zero at word %zu", at);
        });
    }
    void write() {
        for_each_word([this](std::size_t at) { words_[at] = pattern(at); });
    }
    void spoil() { words_[0] = ~pattern(0); }
    void expect_pattern() const {
        for_each_word([this](std::size_t at) {
            if (words_[at] != pattern(at)) {
                fail("word %zu of %zu pages is %#" PRIx64 " and not %#" PRIx64, at, pages_,
                     words_[at], pattern(at));
            }
        });
    }
    void protect(int rights) {
        if (mprotect(memory(), size(), rights) != 0)
            fail_with_errno("mprotect");
    }
    void unmap() {
        if (munmap(memory(), size()) != 0)
            fail_with_errno("munmap");
    }
    void expect_faults(Access access, const char* of_what) const {
        expect_fault(words_, access, of_what);
        expect_fault(words_ + pages_ * words_a_page - 1, access, of_what);
    }

  private:
    [[nodiscard]] std::size_t size() const { return pages_ * abi::page_size; }
    [[nodiscard]] void* memory() const { return const_cast<std::uint64_t*>(words_); }
    [[nodiscard]] std::uint64_t pattern(std::size_t at) const {
        return (seed_ + at) * 0x9E3779B97F4A7C15;
    }
    template <typename Do>
    void for_each_word(Do visit) const {
        for (std::size_t page = 0; page < pages_; ++page)
            for (const std::size_t word : looked_at)
                visit(page * words_a_page + word);
    }

    std::size_t pages_;
    std::uint64_t seed_;
    volatile std::uint64_t* words_ = nullptr;
};

/// Takes pages through all states, and returns the number of pages.
std::uint64_t loop_once(std::uint64_t seed, bool is_spoiled) {
    std::uint64_t done = 0;
    for (const std::size_t pages : region_pages) {
        Region region(pages, seed);
        region.expect_zeros();
        region.write();
        if (is_spoiled)
            region.spoil();
        region.protect(PROT_READ);
        region.expect_pattern();
        region.expect_faults(Access::writing, "writing to read-only memory");
        region.protect(PROT_READ | PROT_WRITE);
        region.expect_pattern();
        region.write();
        region.unmap();
        region.expect_faults(Access::reading, "reading memory that is unmapped");
        done += pages;
    }
    return done;
}

void run(const Arguments& arguments) {
    pin_to_one_processor();
    catch_faults();
    Measurement measurement;
    for (std::uint32_t loop = 0; loop < arguments.warm_up; ++loop)
        loop_once(loop, false);
    std::uint64_t pages = 0;
    measurement.begin();
    for (std::uint32_t loop = 0; loop < arguments.count; ++loop)
        pages += loop_once(loop, arguments.is_spoiled && loop + 1 == arguments.count);
    measurement.end();
    std::printf("memory: %u loops over %" PRIu64 " pages, all contents and rights as they must be; "
                "%" PRIu64 " ticks a page\n",
                arguments.count, pages, measurement.ticks_for_each(pages));
    print_operations_result("memory", arguments.count, pages, measurement);
}

} // namespace
} // namespace linux_guest

int main(int argument_count, char** arguments) {
    linux_guest::run(linux_guest::parse_arguments(
        argument_count, arguments,
        {.purpose = "Maps pages, writes, protects and unmaps them, and looks at what is there.",
         .unit = "loops"},
        {.count = 200, .warm_up = 5, .is_spoiled = false}));
}

#include "guest/kernel/memory/shootdown.h"

#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/interrupts/processor_interrupts.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/call_number.h"
#include "shared/processors.h"

namespace guest {
namespace {

/// For more pages than this, all translations are dropped at once.
constexpr std::uint64_t max_single_invalidations = 32;

/// There is one request at a time. The holder of the lock writes `waiting` last.
struct Request {
    TicketLock lock;
    std::uint64_t root;
    std::uint64_t linear;
    std::uint64_t pages;
    std::atomic<std::uint64_t> waiting; ///< processors that have not served the request yet
    std::atomic<std::uint64_t> count;
};
Request request;
bool monitor_does_it;

void drop_all() {
    std::uint64_t root = 0;
    asm volatile("movq %%cr3, %0\n\tmovq %0, %%cr3" : "=&r"(root) : : "memory");
}

/// Uses native instructions: this path is taken without a monitor, or under one that emulates them.
void drop(std::uint64_t linear, std::uint64_t pages) {
    if (pages > max_single_invalidations)
        return drop_all();
    for (std::uint64_t i = 0; i < pages; ++i)
        asm volatile("invlpg (%0)" : : "r"(linear + i * page_size) : "memory");
}

void send_request(std::uint64_t mask, std::uint64_t root, std::uint64_t linear,
                  std::uint64_t pages) {
    const LockGuard guard(request.lock);
    request.root = root;
    request.linear = linear;
    request.pages = pages;
    request.waiting.store(mask, std::memory_order_release);
    request.count.fetch_add(1, std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < processors::count(); ++i)
        if ((mask >> i & 1) != 0)
            processor_interrupts::send(cpu_of(i), interrupts::shootdown_vector);
    while (request.waiting.load(std::memory_order_acquire) != 0)
        asm volatile("pause");
}

} // namespace

void Shootdown::queue() {
    if (!processors::several() || !monitor_does_it)
        return;
    told_ = shootdown::running(root_);
    if (told_ == 0)
        return;
    request.count.fetch_add(1, std::memory_order_relaxed);
    const std::uint32_t error = paravirt::shootdown(told_, root_);
    if (error != 0) [[unlikely]]
        note_lazy_mode_error(this_cpu(), error);
}

void Shootdown::finish() {
    if (!processors::several())
        return;
    // A processor that began to run the address space since then may have seen the old entries.
    const std::uint64_t others = shootdown::running(root_) & ~told_;
    if (others == 0)
        return;
    if (!monitor_does_it)
        return send_request(others, root_, linear_, pages_);
    request.count.fetch_add(1, std::memory_order_relaxed);
    const std::uint32_t error = paravirt::shootdown(others, root_);
    if (error != 0) [[unlikely]]
        note_lazy_mode_error(this_cpu(), error);
    if (this_cpu().lazy_mode != abi::LazyMode::none)
        flush_lazy_mode(this_cpu());
}

void shootdown::ask_monitor() {
    monitor_does_it = paravirt::ask(abi::Call::shootdown).type == abi::RelocationType::call_rel;
}

std::uint64_t shootdown::running(std::uint64_t root) {
    const Cpu& cpu = this_cpu();
    if (root == abi::every_address_space)
        return processors::all_but(cpu);
    // Make the updates visible before reading which address spaces run: a processor sets Cpu::root
    // before it loads CR3 and reads the entries.
    asm volatile("mfence" : : : "memory");
    std::uint64_t mask = 0;
    for (std::uint32_t i = 0; i < processors::count(); ++i) {
        const std::uint64_t runs = *static_cast<const volatile std::uint64_t*>(&cpu_of(i).root);
        if (i != cpu.number && runs == root)
            mask |= std::uint64_t{1} << i;
    }
    return mask;
}

void shootdown::serve() {
    const std::uint64_t self = std::uint64_t{1} << this_cpu().number;
    if ((request.waiting.load(std::memory_order_acquire) & self) == 0)
        return;
    // A processor that has loaded another root meanwhile has no translations of this one left.
    drop(request.linear, request.pages);
    request.waiting.fetch_and(~self, std::memory_order_release);
}

std::uint64_t shootdown::requests() { return request.count.load(std::memory_order_relaxed); }

} // namespace guest

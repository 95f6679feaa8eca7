#include "guest/kernel/memory/page_fault.h"

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/cpu/lazy_section.h"
#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/memory/shootdown.h"
#include "guest/kernel/paravirt/operations.h"

#include <cstring>

namespace guest::page_fault {
namespace {

// Error code (Intel SDM vol. 3, 4.7).
constexpr std::uint64_t by_write = 1 << 1;
constexpr std::uint64_t by_user = 1 << 2;
constexpr std::uint64_t by_fetch = 1 << 4;

/// If the same fault repeats this often in a row, going on does not resolve it.
constexpr std::uint32_t max_repetitions = 64;
/// The limit where other processors may keep changing what is mapped.
constexpr std::uint32_t max_repetitions_of_several = 100'000;

/// Entries that reference a paging structure restrict no access, so the leaf decides. CR0.WP is
/// set.
bool allows(std::uint64_t entry, std::uint64_t error_code) {
    return (entry & pte::present) != 0 &&
           ((error_code & by_write) == 0 || (entry & pte::writable) != 0) &&
           ((error_code & by_user) == 0 || (entry & pte::user) != 0) &&
           ((error_code & by_fetch) == 0 || (entry & pte::execute_disable) == 0);
}

/// Gives the faulting address space its own writable page: a copy, or the page itself if no other
/// address space shares it now. If the page was copied, returns the old page, which is to be
/// released once no processor uses it.
std::uint64_t copy_page(std::uint64_t* entry) {
    const std::uint64_t old = *entry & pte::address_mask;
    std::uint64_t page = old;
    if (pages::shared(old)) {
        page = pages::allocate();
        std::memcpy(linear_pointer<void>(page), linear_pointer<void>(old), page_size);
    }
    page_tables::write(entry, (*entry & ~(pte::address_mask | pte::copy_on_write)) | page |
                                  pte::writable | pte::dirty);
    return page != old ? old : 0;
}

void check_progress(Cpu& cpu, const InterruptFrame& frame, std::uint64_t address) {
    const bool again = cpu.last_fault_address == address && cpu.last_fault_rip == frame.rip;
    cpu.last_fault_address = address;
    cpu.last_fault_rip = frame.rip;
    cpu.fault_repetitions = again ? cpu.fault_repetitions + 1 : 0;
    if (cpu.fault_repetitions ==
        (processors::several() ? max_repetitions_of_several : max_repetitions))
        panic(frame);
}

} // namespace

bool resolve(Cpu& cpu, const InterruptFrame& frame) {
    const std::uint64_t address = paravirt::get_cr2();
    if (cpu.lazy_mode != abi::LazyMode::none)
        flush_lazy_mode(cpu);
    const AddressSpace space{cpu.root};
    const LockGuard guard(address_spaces::lock_of(space.root));
    std::uint64_t* const entry = page_tables::find(space.root, address);
    if (allows(*entry, frame.error_code)) {
        check_progress(cpu, frame, address);
        ++cpu.resolved_faults;
        return true;
    }
    if ((frame.error_code & by_write) == 0 || (*entry & pte::present) == 0 ||
        (*entry & pte::copy_on_write) == 0)
        return false;
    const std::uint64_t old = copy_page(entry);
    // Outside a section the entry is written at once. Inside one it would only be queued, and the
    // same fault would come again.
    if (cpu.lazy_mode != abi::LazyMode::none)
        flush_lazy_mode(cpu);
    Shootdown(space.root, address, 1).finish();
    address_ranges::invalidate(space, address, 1);
    if (old != 0)
        pages::release(old);
    ++cpu.copied_pages;
    return true;
}

} // namespace guest::page_fault

// What the guest without batches does when the other one's ring was drained.

#include "shared/call_table.h"
#include "shared/page_table_calls.h"
#include "shared/processors.h"
#include "tests/differential/pair.h"

#include <algorithm>
#include <sstream>

namespace differential {

using abi::Call;
using abi::Error;

namespace {

/// Not a call: it is refused, and the mirrors are made to agree with the registers.
constexpr auto no_call = static_cast<Call>(abi::call_limit - 1);

constexpr std::uint64_t task_switched = 1 << 3;

} // namespace

// An NMI of another vCPU's brought it out of the guest: that exit drains, too.
bool Pair::end_late_exits() {
    for (;;) {
        together_.select();
        const std::uint32_t number = together_.end_late_exit();
        if (number == Guest::none_late)
            return true;
        if (!catch_up(number))
            return false;
    }
}

void Pair::end_late_exits_alone() {
    alone_.select();
    while (alone_.end_late_exit() != Guest::none_late) {
    }
}

bool Pair::catch_up(std::uint32_t number) {
    hv::Vcpu& vcpu = together_.machine().vcpu(number);
    const abi::RingHeader& header = vcpu.area->control.ring;
    Ring& ring = rings_[number];
    const std::uint32_t drained = vcpu.ring_head - ring.head;
    if (drained == 0)
        return true;
    const std::uint32_t first = ring.head;
    const bool refused = header.refusals != ring.refusals;
    const auto error = refused ? static_cast<Error>(header.refused_error) : Error::none;
    const std::uint32_t executed = refused ? header.refused_index - first : drained;
    const std::uint32_t behind = error == Error::ring_index ? drained
                                 : refused                  ? drained - executed - 1
                                                            : 0;
    if (!same("head, as the guest sees it", vcpu.ring_head, header.head) ||
        !same("refusals", ring.refusals + (refused ? 1 : 0), header.refusals) ||
        !same("entries discarded", behind, header.discarded - ring.discarded))
        return false;
    ring.head = vcpu.ring_head;
    ring.refusals = header.refusals;
    ring.discarded = header.discarded;
    ring.last_batch = error;
    if (refused)
        ring.pending = error;
    ++counts.flushes;
    counts.entries += executed;
    counts.refused += refused ? 1U : 0U;
    counts.discarded += behind;
    drained_ = true;
    const auto entries =
        std::count_if(ring.waiting.begin(), ring.waiting.end(),
                      [](const Work& work) { return work.kind == Work::Kind::entry; });
    if (error != Error::ring_index &&
        !same("entries drained", static_cast<std::uint64_t>(entries), drained))
        return false;
    if (!same("tail out of range", ring.bad_tail ? 1 : 0, error == Error::ring_index ? 1 : 0))
        return false;
    return do_waiting_stores(number) && catch_up_with(number, executed, error);
}

// In the program's order: entries up to the one that was refused, and all that was no entry.
bool Pair::catch_up_with(std::uint32_t number, std::uint32_t executed, Error refused) {
    std::vector<Work> waiting;
    waiting.swap(rings_[number].waiting);
    if (refused == Error::ring_index) {
        counts.errors |= std::uint64_t{1} << static_cast<std::uint32_t>(refused);
        do_alone(number, {.by_rom = false, .call = static_cast<std::uint16_t>(no_call)});
    }
    std::uint32_t index = 0;
    for (const Work& work : waiting) {
        if (work.kind == Work::Kind::store) {
            if (!do_store_alone(number, work))
                return false;
            continue;
        }
        if (work.kind == Work::Kind::left_out) {
            do_alone(number, work);
            continue;
        }
        const std::uint32_t place = index++;
        if (refused == Error::ring_index || place > executed)
            continue;
        const Error expected = place == executed ? refused : Error::none;
        const Error error = do_alone(number, work);
        if (error != expected) {
            std::ostringstream what;
            what << "error of entry " << place << ", call " << work.call;
            return same(what.str().c_str(), static_cast<std::uint64_t>(error),
                        static_cast<std::uint64_t>(expected));
        }
    }
    waiting.clear();
    if (rings_[number].waiting.empty())
        rings_[number].waiting.swap(waiting); // its memory is used again
    return true;
}

// The other vCPUs' stores that have been made; nothing that waits depends on them.
bool Pair::do_waiting_stores(std::uint32_t except) {
    for (std::uint32_t number = 0; number < vcpus_; ++number) {
        if (number == except)
            continue;
        std::vector<Work>& waiting = rings_[number].waiting;
        for (const Work& work : waiting)
            if (work.kind == Work::Kind::store && !do_store_alone(number, work))
                return false;
        std::erase_if(waiting, [](const Work& work) { return work.kind == Work::Kind::store; });
    }
    return true;
}

bool Pair::do_store_alone(std::uint32_t number, const Work& work) {
    alone_.select();
    alone_.run_on(number);
    const Outcome outcome = alone_.store(work.argument[0], work.argument[1]);
    end_late_exits_alone();
    return same(outcome, work.outcome);
}

Error Pair::do_alone(std::uint32_t number, const Work& work) {
    const abi::Answer answer = abi::answer(work.call, profile_, abi::Interface::lazy);
    alone_.select();
    alone_.run_on(number);
    Error error = Error::unknown_call;
    if (work.by_rom || answer == abi::Answer::queued) {
        if (work.by_rom)
            write_copies(work);
        note_update(number, work);
        error = static_cast<Error>(alone_.vmcall(static_cast<Call>(work.call), work.argument[0],
                                                 work.argument[1], work.argument[2]));
        if (error == Error::none && work.kind != Work::Kind::left_out)
            note_effects(number, work);
        Calls& results = error == Error::none ? counts.executed : counts.refused_calls;
        ++results[work.call];
        rings_[number].refused_alone[work.call] += error == Error::none ? 0U : 1U;
    } else {
        // Where no call may stand that is one by VMCALL.
        alone_.vmcall(no_call);
        const auto call = static_cast<Call>(work.call);
        if (answer == abi::Answer::synchronous || answer == abi::Answer::no_return ||
            call == Call::flush || call == Call::empty || call == Call::vmi_init)
            error = Error::not_queueable;
    }
    counts.errors |= std::uint64_t{1} << static_cast<std::uint32_t>(error);
    end_late_exits_alone();
    return error;
}

// As the ROM does, in the other guest.
void Pair::write_copies(const Work& work) {
    abi::ControlPage& control = alone_.machine().area().control;
    switch (static_cast<Call>(work.call)) {
    case Call::set_cr0:
        control.cr0 = work.argument[0];
        break;
    case Call::clts:
        control.cr0 &= ~task_switched;
        break;
    case Call::set_cr3:
        control.cr3 = work.argument[0];
        break;
    case Call::set_ldt:
        control.ldt_selector = static_cast<std::uint16_t>(work.argument[0]);
        break;
    default:
        break;
    }
}

void Pair::make_stale(std::uint32_t number, bool here) {
    for (std::uint32_t other = 0; other < vcpus_; ++other)
        if (other != number || here)
            rings_[other].stale.set();
}

// Before an entry changes: which translations are the guest's to drop from then on (docs/abi.md,
// "Page tables", and "Translations of other processors"). Those that come from the entry: elsewhere
// all, here if the kernel has promised to.
void Pair::note_update(std::uint32_t number, const Work& work) {
    namespace flags = abi::update_flags;
    const auto call = static_cast<Call>(work.call);
    const bool sets = call == Call::set_pxe || call == Call::set_pxe_long;
    if (!sets && call != Call::update_pxe && call != Call::update_pxe_long)
        return;
    const std::uint64_t entry = work.argument[sets ? 1 : 0];
    const bool promised =
        (work.argument[sets ? 2 : 1] & (flags::defer | flags::current_address_space)) != 0;
    for (std::uint32_t other = 0; other < vcpus_; ++other)
        if (other != number || promised)
            alone_.mark_pages_through(other, entry, rings_[other].stale);
}

// What a call that was executed has done to translations.
void Pair::note_effects(std::uint32_t number, const Work& work) {
    switch (static_cast<Call>(work.call)) {
    case Call::allocate_page:
        return make_stale(number, false);
    case Call::set_cr3:
        // What the last address space had in common with all others is nobody's to drop.
        together_.drop_all(number);
        return alone_.drop_all(number);
    case Call::inval_page:
        if (is_user_page(work.argument[0]))
            rings_[number].stale.reset(user_page(work.argument[0]));
        return;
    case Call::set_cr4:
    case Call::flush_tlb:
        rings_[number].stale.reset();
        return;
    case Call::shootdown:
        for (std::uint32_t other = 0; other < vcpus_; ++other)
            if ((work.argument[0] >> other & 1) != 0 &&
                (other == number || work.argument[1] == abi::every_address_space))
                rings_[other].stale.reset();
        return;
    default:
        return;
    }
}

} // namespace differential

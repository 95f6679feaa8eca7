// All that is no call.

#include "tests/differential/pair.h"
#include "vmi_rom/entries.h"

#include <algorithm>
#include <utility>

namespace differential {

using abi::Call;
using abi::Error;

namespace {

/// Whether an entry that waits has to do with the page at `gpa`.
bool names_page(std::uint16_t call, const std::array<std::uint64_t, abi::max_arguments>& argument,
                std::uint64_t gpa) {
    const std::uint64_t frame = gpa / page_size;
    switch (static_cast<Call>(call)) {
    case Call::set_pxe:
    case Call::set_pxe_long:
        return argument[1] / page_size == frame;
    case Call::update_pxe:
    case Call::update_pxe_long:
    case Call::set_cr3:
        return argument[0] / page_size == frame;
    case Call::allocate_page:
        return argument[0] == frame || argument[1] == frame;
    case Call::release_page:
        return argument[0] == frame;
    default:
        return false;
    }
}

} // namespace

bool Pair::has_entries(std::uint32_t number) const {
    const std::vector<Work>& waiting = rings_[number].waiting;
    return std::any_of(waiting.begin(), waiting.end(),
                       [](const Work& work) { return work.kind == Work::Kind::entry; });
}

bool Pair::do_raw_entry(const Operation& operation) {
    together_.select();
    together_.run_on(operation.vcpu);
    abi::VcpuArea& area = together_.machine().area();
    if (area.control.ring.tail - area.control.ring.head >= abi::ring_capacity &&
        !do_flush(operation.vcpu))
        return false;
    const auto& argument = operation.argument;
    const auto call = static_cast<std::uint16_t>(operation.call);
    const auto noise = static_cast<std::uint32_t>(argument[0] * 0x9E3779B97F4A7C15 >> 32);
    area.entry[area.control.ring.tail % abi::ring_capacity] = {
        call, static_cast<std::uint16_t>(noise), noise, {argument[0], argument[1], argument[2]}};
    ++area.control.ring.tail;
    rings_[operation.vcpu].waiting.push_back(
        {.by_rom = false, .call = call, .argument = {argument[0], argument[1], argument[2]}});
    return true;
}

bool Pair::do_bad_tail(const Operation& operation) {
    Ring& ring = rings_[operation.vcpu];
    abi::RingHeader& header = together_.machine().vcpu(operation.vcpu).area->control.ring;
    header.tail =
        header.head + abi::ring_capacity + static_cast<std::uint32_t>(operation.argument[0]);
    ring.bad_tail = true;
    const bool done = on_both(operation.vcpu, [](Guest& guest) { return guest.cpuid(); });
    ring.bad_tail = false;
    return done;
}

bool Pair::do_lazy_mode(std::uint32_t number, std::uint64_t mode) {
    together_.select();
    together_.run_on(number);
    const std::uint64_t flushes = rom_flushes();
    const auto result = static_cast<Error>(rom::set_lazy_mode(static_cast<std::uint32_t>(mode)));
    if (!catch_up(number))
        return false;
    Ring& ring = rings_[number];
    if (rom_flushes() != flushes)
        ring.last_batch = Error::none;
    Error expected = Error::none;
    if (mode > 2) {
        expected = Error::unknown_lazy_mode;
    } else if ((mode == 0) == (ring.mode == 0)) {
        expected = mode == 0 ? Error::unpaired_lazy_mode : Error::nested_lazy_mode;
    } else {
        if (mode == 0)
            expected = std::exchange(ring.pending, Error::none);
        ring.mode = static_cast<std::uint32_t>(mode);
    }
    counts.errors |= std::uint64_t{1} << static_cast<std::uint32_t>(expected);
    return same("SetLazyMode", static_cast<std::uint64_t>(expected),
                static_cast<std::uint64_t>(result)) &&
           end_late_exits();
}

bool Pair::do_flush(std::uint32_t number) {
    together_.select();
    together_.run_on(number);
    const std::uint64_t result = together_.vmcall(Call::flush);
    if (!catch_up(number))
        return false;
    const Error expected = std::exchange(rings_[number].last_batch, Error::none);
    return same("Flush", static_cast<std::uint64_t>(expected), result) && end_late_exits();
}

void Pair::drop_page(std::uint32_t number, std::uint64_t linear) {
    alone_.drop_page(number, linear);
    together_.drop_page(number, linear);
    if (is_user_page(linear))
        rings_[number].stale.reset(user_page(linear));
}

void Pair::drop_all(std::uint32_t number) {
    alone_.drop_all(number);
    together_.drop_all(number);
    rings_[number].stale.reset();
}

bool Pair::do_instruction(const Operation& operation) {
    const std::uint64_t value = operation.argument[0];
    const std::uint32_t number = operation.vcpu;
    if (operation.what == What::invlpg) {
        if (alone_.classic() &&
            !on_both(number, [value](Guest& guest) { return guest.invlpg(value); }))
            return false;
        drop_page(number, value);
        return true;
    }
    if (operation.what == What::move_to_cr3) {
        if (!on_both(number, [value](Guest& guest) { return guest.move_to_cr3(value); }))
            return false;
        alone_.drop_all(number);
        together_.drop_all(number);
        return true;
    }
    if (operation.what == What::empty)
        return on_both(number,
                       [](Guest& guest) { return Outcome{.error = guest.vmcall(Call::empty)}; });
    if (operation.what == What::clts)
        return on_both(number, [](Guest& guest) { return guest.clts(); });
    return on_both(number, [](Guest& guest) { return guest.cpuid(); });
}

// What waits may or may not have taken effect: a kernel that needs to know flushes first.
bool Pair::flush_before_store(std::uint32_t storing, std::uint64_t gpa) {
    for (std::uint32_t number = 0; number < vcpus_; ++number) {
        const std::vector<Work>& waiting = rings_[number].waiting;
        const auto& ldt = alone_.places()[number].ldt;
        const bool in_ldt =
            gpa / page_size == ldt[0] / page_size || gpa / page_size == ldt[1] / page_size;
        const bool named = std::any_of(waiting.begin(), waiting.end(), [&](const Work& work) {
            // Two stores to one word, by different vCPUs, stay in their order.
            if (work.kind == Work::Kind::store)
                return number != storing && work.argument[0] == gpa;
            const bool loads_ldt = work.call == static_cast<std::uint16_t>(Call::set_ldt);
            return (in_ldt && loads_ldt) || names_page(work.call, work.argument, gpa);
        });
        if (named && !do_flush(number))
            return false;
    }
    return true;
}

bool Pair::do_store(const Operation& operation) {
    const std::uint32_t number = operation.vcpu;
    const std::uint64_t gpa = operation.argument[0];
    const std::uint64_t value = operation.argument[1];
    if (!flush_before_store(number, gpa))
        return false;
    if (is_in_pool(gpa))
        make_stale(number, true);
    if (!has_entries(number))
        return on_both(number, [gpa, value](Guest& guest) { return guest.store(gpa, value); });
    together_.select();
    together_.run_on(number);
    const Work work{.kind = Work::Kind::store,
                    .argument = {gpa, value},
                    .outcome = together_.store(gpa, value)};
    if (!catch_up(number))
        return false;
    if (has_entries(number))
        rings_[number].waiting.push_back(work);
    else if (!do_store_alone(number, work))
        return false;
    return end_late_exits();
}

bool Pair::do_access(const Operation& operation) {
    const std::uint32_t number = operation.vcpu;
    const std::uint64_t linear = operation.argument[0];
    if (has_entries(number) && !do_flush(number))
        return false;
    if (rings_[number].stale.test(user_page(linear)))
        return true;
    ++counts.accesses;
    const std::uint64_t kind = operation.argument[1];
    const Access how{.write = (kind & access_kind::write) != 0,
                     .user = (kind & access_kind::user) != 0,
                     .fetch = (kind & access_kind::fetch) != 0};
    bool emulated = false;
    bool translated = false;
    bool any_stale = false;
    const bool done = on_both(number, [&](Guest& guest) {
        bool stale = false;
        const Outcome outcome = guest.access(linear, how, operation.argument[2], stale);
        emulated = outcome.emulated;
        translated = outcome.event == 0;
        any_stale = any_stale || stale;
        return outcome;
    });
    if (emulated)
        make_stale(number, true);
    counts.translated += translated ? 1U : 0U;
    return done && (!any_stale || complain("a translation that had to be dropped is used"));
}

bool Pair::step(const Operation& operation) {
    counts.operations += operation.times;
    switch (operation.what) {
    case What::call: {
        Operation one = operation;
        one.times = 1;
        for (std::uint16_t time = 0; time < operation.times; ++time, ++one.argument[2])
            if (!do_call(one))
                return false;
        return true;
    }
    case What::raw_entry:
        return do_raw_entry(operation);
    case What::bad_tail:
        return do_bad_tail(operation);
    case What::set_lazy_mode:
        return do_lazy_mode(operation.vcpu, operation.argument[0]);
    case What::flush:
        return do_flush(operation.vcpu);
    case What::store:
        return do_store(operation);
    case What::access:
        return do_access(operation);
    default:
        return do_instruction(operation);
    }
}

} // namespace differential

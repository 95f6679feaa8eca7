#include "tests/differential/pair.h"

#include "shared/call_table.h"
#include "vmi_rom/entries.h"

#include <cstring>
#include <sstream>

namespace differential {

Pair::Pair(abi::Profile profile, std::uint32_t vcpus)
    : profile_{profile}, vcpus_{vcpus}, alone_{profile, vcpus}, together_{profile, vcpus},
      rings_(vcpus) {
    for (std::uint32_t number = 0; number < vcpus; ++number) {
        together_.run_on(number);
        // As the monitor does before the guest starts.
        abi::ControlPage& control = together_.machine().area().control;
        for (std::uint32_t call = 0; call < abi::call_limit; ++call)
            control.answer[call] =
                static_cast<std::uint8_t>(abi::answer(call, profile, abi::Interface::lazy));
        std::memcpy(alone_.machine().vcpu(number).area->control.answer, control.answer,
                    sizeof(control.answer));
        if (rom::set_linear_mapping(0, hv::test::Machine::linear_base,
                                    hv::test::fake_memory_size / page_size, 0) != 0 ||
            rom::set_lazy_mode(1) != 0)
            throw std::logic_error("the ROM cannot be set up");
        rings_[number].mode = 1;
    }
    // With several, a vCPU that is kicked may stop as well, and then goes on when nobody waits.
    together_.has_little_time = vcpus == 1;
}

bool Pair::complain(const std::string& what) {
    complaint += what + '\n';
    return false;
}

bool Pair::same(const char* what, std::uint64_t alone, std::uint64_t together) {
    if (alone == together)
        return true;
    std::ostringstream text;
    text << std::hex << what << ": 0x" << alone << " one by one, 0x" << together << " in batches";
    return complain(text.str());
}

bool Pair::same(const Outcome& alone, const Outcome& together) {
    if (alone == together)
        return true;
    return same("RAX", alone.error, together.error) &&
           same("exception", alone.event, together.event) &&
           same("error code", alone.code, together.code) &&
           same("CR2", alone.address, together.address) &&
           same("physical address", alone.physical, together.physical) &&
           same("emulated", alone.emulated ? 1 : 0, together.emulated ? 1 : 0);
}

bool Pair::run(const Sequence& sequence, bool everything) {
    const Operation* current = nullptr;
    try {
        for (const Operation& operation : sequence) {
            current = &operation;
            if (!step(operation) || (drained_ && !compare(false)))
                return complain("behind: " + text(operation));
        }
        return !everything || compare(true);
    } catch (const std::exception& error) {
        return complain(std::string(error.what()) + "\nin: " + (current ? text(*current) : ""));
    }
}

void Counts::add(const Counts& other) {
    operations += other.operations;
    flushes += other.flushes;
    entries += other.entries;
    refused += other.refused;
    discarded += other.discarded;
    left_out += other.left_out;
    free_loads += other.free_loads;
    pauses += other.pauses;
    accesses += other.accesses;
    translated += other.translated;
    comparisons += other.comparisons;
    errors |= other.errors;
    for (std::uint32_t call = 0; call < abi::call_limit; ++call) {
        executed[call] += other.executed[call];
        refused_calls[call] += other.refused_calls[call];
    }
}

} // namespace differential

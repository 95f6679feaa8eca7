// Calls: through the ROM's entries in the guest that batches, by VMCALL in the other.

#include "shared/call_table.h"
#include "shared/page_table_calls.h"
#include "tests/differential/pair.h"
#include "vmi_rom/entries.h"

#include <stdexcept>

namespace differential {

using abi::Call;
using abi::Error;

namespace {

const void* pointer(std::uint64_t linear) { return reinterpret_cast<const void*>(linear); }

/// The call, by the ROM's entry. It reads nothing through pointers.
std::uint64_t call_rom(const Operation& operation) {
    const auto& argument = operation.argument;
    switch (operation.call) {
    case Call::set_gdt:
        return rom::set_gdt(static_cast<const abi::PseudoDescriptor*>(pointer(argument[0])));
    case Call::set_idt:
        return rom::set_idt(static_cast<const abi::PseudoDescriptor*>(pointer(argument[0])));
    case Call::set_tr:
        return rom::set_tr(argument[0]);
    case Call::set_cr4:
        return rom::set_cr4(argument[0]);
    case Call::set_initial_ap_state:
        return rom::set_initial_ap_state(
            static_cast<const abi::InitialState*>(pointer(argument[0])), argument[1]);
    case Call::set_ldt:
        return rom::set_ldt(argument[0]);
    case Call::write_gdt_entry:
        return rom::write_gdt_entry(argument[0], argument[1], argument[2]);
    case Call::write_ldt_entry:
        return rom::write_ldt_entry(argument[0], argument[1], argument[2]);
    case Call::write_idt_entry:
        return rom::write_idt_entry(argument[0], argument[1], argument[2]);
    case Call::update_kernel_stack:
        return rom::update_kernel_stack(argument[0], argument[1]);
    case Call::write_tss_word:
        return rom::write_tss_word(argument[0], argument[1], argument[2]);
    case Call::set_cr0:
        return rom::set_cr0(argument[0]);
    case Call::clts:
        return rom::clts();
    case Call::set_cr3:
        return rom::set_cr3(argument[0]);
    case Call::set_pxe:
        return rom::set_pxe(argument[0], argument[1], argument[2]);
    case Call::update_pxe:
        return rom::update_pxe(argument[0], argument[1]);
    case Call::allocate_page:
        return rom::allocate_page(argument[0], argument[1], argument[2], argument[3], argument[4]);
    case Call::release_page:
        return rom::release_page(argument[0], argument[1]);
    case Call::inval_page:
        return rom::inval_page(argument[0]);
    case Call::flush_tlb:
        return rom::flush_tlb(argument[0]);
    case Call::shootdown:
        return rom::shootdown(argument[0], argument[1]);
    default:
        throw std::logic_error("a call that is not to be generated");
    }
}

/// Whether the kernel has said where the entry at `linear` lies.
bool is_mapped(std::uint64_t linear) {
    return linear - hv::test::Machine::linear_base < hv::test::fake_memory_size;
}

bool changes_table(Call call) { return call == Call::set_pxe || call == Call::update_pxe; }

} // namespace

// What the monitor is given: worked out here a second time.
Pair::Work Pair::as_entry(const Operation& operation) const {
    const auto& argument = operation.argument;
    Work work{.call = static_cast<std::uint16_t>(operation.call),
              .argument = {argument[0], argument[1], argument[2]}};
    if (operation.call == Call::set_pxe)
        work.argument[1] -= hv::test::Machine::linear_base;
    else if (operation.call == Call::update_pxe)
        work.argument[0] -= hv::test::Machine::linear_base;
    else if (operation.call == Call::allocate_page)
        work.argument = {argument[0], argument[2],
                         argument[1] | argument[3] << 16 | argument[4] << 32};
    return work;
}

bool Pair::do_call(const Operation& operation) {
    const std::uint32_t number = operation.vcpu;
    Ring& ring = rings_[number];
    const auto call = static_cast<std::uint32_t>(operation.call);
    const abi::Answer answer = abi::answer(call, profile_, abi::Interface::lazy);
    if (answer == abi::Answer::native) {
        drop_page(number, operation.argument[0]);
        return true;
    }
    together_.select();
    together_.run_on(number);
    const abi::ControlPage& control = together_.machine().area().control;
    const std::uint32_t tail = control.ring.tail;
    const std::uint32_t root_loads = control.root_loads;
    const std::uint64_t flushes = rom_flushes();
    const std::uint64_t hypercalls = rom_hypercalls();
    const auto result = static_cast<Error>(call_rom(operation));
    const bool queued = control.ring.tail != tail;
    const bool loaded = control.root_loads != root_loads;
    const bool flushed = rom_flushes() != flushes;
    const bool executed = rom_hypercalls() - hypercalls > rom_flushes() - flushes;
    if (!catch_up(number))
        return false;
    if (flushed)
        ring.last_batch = Error::none;
    Work work = as_entry(operation);
    if (changes_table(operation.call) &&
        !is_mapped(operation.argument[operation.call == Call::set_pxe ? 1 : 0])) {
        counts.errors |= std::uint64_t{1} << static_cast<std::uint32_t>(result);
        return same("error", static_cast<std::uint64_t>(Error::no_linear_mapping),
                    static_cast<std::uint64_t>(result)) &&
               same("calls", 0, queued || executed ? 1 : 0);
    }
    if (queued) {
        ring.waiting.push_back(work);
        return same("error of a queued call", 0, static_cast<std::uint64_t>(result)) &&
               end_late_exits();
    }
    if (answer == abi::Answer::local) {
        drop_all(number);
        return true;
    }
    if (!executed) {
        work.kind = Work::Kind::left_out;
        ++(loaded ? counts.free_loads : counts.left_out);
        ++ring.without_monitor[call];
        note_effects(number, work); // now, whatever waits
        if (!loaded && has_entries(number)) {
            ring.waiting.push_back(work);
            return same("error", 0, static_cast<std::uint64_t>(result));
        }
    }
    if (!do_waiting_stores(number))
        return false;
    const Error error = do_alone(number, work);
    ring.refused_together[call] += result == Error::none ? 0U : 1U;
    return same("error", static_cast<std::uint64_t>(error), static_cast<std::uint64_t>(result)) &&
           end_late_exits();
}

} // namespace differential

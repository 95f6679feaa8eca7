#include "tests/unit/fake/rom_machine.h"

#include "shared/page_table_calls.h"
#include "vmi_rom/machine.h"

#include <stdexcept>
#include <utility>

namespace test {

namespace {

RomMachine* current = nullptr;
constexpr std::uint64_t cr0_task_switched = 1 << 3;

} // namespace

RomMachine::RomMachine(std::uint32_t first_index) {
    control().ring.tail = first_index;
    control().ring.head = first_index;
    for (abi::RootPair& pair : control().root_pair) {
        pair.guest_root = abi::no_root;
    }
    current = this;
}

RomMachine::~RomMachine() { current = nullptr; }

void RomMachine::interrupt_after(std::uint32_t n, std::function<void()> handler) {
    steps_left_ = n;
    handler_ = std::move(handler);
}

void RomMachine::exit_after(std::uint32_t n) {
    steps_to_exit_ = n;
    exit_is_due_ = true;
}

void RomMachine::step() {
    if (exit_is_due_ && steps_to_exit_-- == 0) {
        exit_is_due_ = false;
        drain();
    }
    if (!interrupts_enabled || handler_ == nullptr || steps_left_-- != 0) {
        return;
    }
    const std::function<void()> handler = std::exchange(handler_, nullptr);
    interrupts_enabled = false;
    handler();
    interrupts_enabled = true; // IRET
}

abi::Error RomMachine::execute(const Executed& call) {
    const abi::Error error = refuse ? refuse(call) : abi::Error::none;
    if (error != abi::Error::none) {
        return error;
    }
    executed.push_back(call);
    if (call.call == abi::Call::set_cr0) {
        cr0 = call.argument[0];
    } else if (call.call == abi::Call::clts) {
        cr0 &= ~cr0_task_switched;
    } else if (call.call == abi::Call::set_cr3) {
        cr3 = call.argument[0];
    } else if (call.call == abi::Call::set_ldt) {
        ldt_selector = call.argument[0];
    } else if (call.call == abi::Call::set_pxe || call.call == abi::Call::update_pxe) {
        const std::uint64_t flags = call.argument[call.call == abi::Call::set_pxe ? 2 : 1];
        if ((flags & abi::update_flags::defer) != 0) {
            stale = true;
        }
    } else if (call.call == abi::Call::inval_page || call.call == abi::Call::flush_tlb) {
        stale = false;
        control().stale_translations = 0;
    }
    return abi::Error::none;
}

void RomMachine::refuse_batch(abi::Error error, std::uint32_t discarded) {
    control().ring.pending_error = static_cast<std::uint32_t>(error);
    ++control().ring.refusals;
    control().ring.discarded += discarded;
    control().cr0 = cr0;
    control().cr3 = cr3;
    control().ldt_selector = static_cast<std::uint16_t>(ldt_selector);
}

void RomMachine::disable_interrupts() {
    step();
    saved_flags_.push_back(interrupts_enabled);
    interrupts_enabled = false;
}

void RomMachine::restore_interrupts() {
    interrupts_enabled = saved_flags_.back();
    saved_flags_.pop_back();
    step();
}

void RomMachine::load_root(std::uint64_t loaded, std::uint64_t guest_root) {
    step();
    if (before_root_load) {
        before_root_load();
    }
    for (const abi::RootPair& pair : control().root_pair) {
        if (pair.guest_root != abi::no_root && pair.loaded == loaded) {
            cr3 = guest_root;
            root_loads.push_back(loaded);
            return;
        }
    }
    ++root_exits; // the MOV exits, and is SetCR3
    drain();
    execute({abi::Call::set_cr3, {guest_root, 0, 0}});
}

abi::Error RomMachine::drain() {
    abi::RingHeader& ring = control().ring;
    if (queued() > abi::ring_capacity) {
        throw std::logic_error("the ring holds more than its capacity");
    }
    abi::Error error = abi::Error::none;
    for (std::uint32_t index = ring.head; index != ring.tail && error == abi::Error::none;
         ++index) {
        const abi::RingEntry& entry = area->entry[index % abi::ring_capacity];
        error = execute({static_cast<abi::Call>(entry.call),
                         {entry.argument[0], entry.argument[1], entry.argument[2]}});
        if (error != abi::Error::none) {
            refuse_batch(error, ring.tail - index - 1);
        }
    }
    ring.head = ring.tail;
    return error;
}

std::uint64_t RomMachine::hypercall(const Executed& call) {
    hypercalls.push_back(call.call);
    const abi::Error drained = drain();
    return static_cast<std::uint16_t>(call.call == abi::Call::flush ? drained : execute(call));
}

} // namespace test

namespace rom {

using test::current;

abi::VcpuArea& area() { return *current->area; }

const std::uint8_t* image_base() { return nullptr; }

void step() { current->step(); }

std::uint64_t vmcall(abi::Call call, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    current->step();
    return current->hypercall({call, {a, b, c}});
}

std::uint64_t flush() { return vmcall(abi::Call::flush); }

void disable_interrupts() { current->disable_interrupts(); }

void restore_interrupts() { current->restore_interrupts(); }

void keep_interrupts_off() {
    current->step();
    current->interrupts_enabled = false;
}

void load_root(std::uint64_t loaded, std::uint64_t guest_root) {
    current->load_root(loaded, guest_root);
}

void drop_translations() {
    current->step();
    ++current->translation_drops;
}

void wait_for_interrupt() {
    current->step(); // before STI
    current->entries_at_halt = current->queued();
    ++current->halts;
    current->interrupts_enabled = true;
    current->step();
}

void stop() { throw std::logic_error("the call came back"); }

} // namespace rom

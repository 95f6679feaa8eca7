#include "tests/differential/guest.h"

#include "hypervisor/exits/settle.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/vcpu/pause.h"
#include "hypervisor/x86/descriptor.h"
#include "shared/page_table_calls.h"
#include "tests/unit/fake/current_machine.h"
#include "tests/unit/fake/time_stamp.h"

#include <cstring>
#include <stdexcept>
#include <utility>

namespace differential {

using abi::Call;
using abi::ExitReason;
using hv::test::Machine;

namespace {

constexpr std::uint64_t code_page = 0x1F0000;
constexpr std::uint64_t kernel_slot = 511;
constexpr std::uint64_t used = 0x60;
constexpr std::uint64_t execute_disable = std::uint64_t{1} << 63;
constexpr std::uint32_t shadow_tables = 192;

Guest* selected = nullptr;

void require(bool done) {
    if (!done)
        throw std::logic_error("the guest cannot be set up");
}

} // namespace

Guest& selected_guest() { return *selected; }

std::uint64_t user_address(std::uint32_t page) {
    return std::uint64_t{page / 24} << 39 | std::uint64_t{page / 12 % 2} << 30 |
           std::uint64_t{page / 4 % 3} << 21 | std::uint64_t{page % 4} << 12;
}

std::uint32_t user_page(std::uint64_t linear) {
    return static_cast<std::uint32_t>((linear >> 39) * 24 + (linear >> 30 & 1) * 12 +
                                      (linear >> 21 & 3) * 4 + (linear >> 12 & 3));
}

bool is_user_page(std::uint64_t linear) {
    const std::uint32_t page = user_page(linear);
    return linear >> 41 == 0 && page < user_pages && user_address(page) == linear >> 12 << 12;
}

Guest::Guest(abi::Profile profile, std::uint32_t vcpus)
    : classic_{profile == abi::Profile::classic},
      machine_{profile, classic_ ? shadow_tables : 0, vcpus}, memory_{hv::direct_map_origin},
      cached_(vcpus) {
    selected = this;
    machine_.machine().interface = abi::Interface::lazy;
    machine_.kicks_end_late = true;
    pages_ = {machine_.root, machine_.physical(machine_.idt)};
    prepare_kernel();
    for (std::uint32_t number = 0; number < vcpus; ++number) {
        machine_.run_on(number);
        prepare_vcpu(number);
        follow_invalidations(number);
        machine_.enter(number);
    }
    machine_.run_on(0);
    while (end_late_exit() != none_late) {
    }
    for (std::uint32_t index = 0; index < pool_frames; ++index)
        pages_.push_back(pool_page(index));
}

Guest::~Guest() { select(); }

void Guest::select() {
    selected = this;
    hv::test::make_current(machine_);
    hv::direct_map_origin = memory_;
}

std::uint64_t Guest::take_page() {
    pages_.push_back(machine_.take_guest_page());
    return pages_.back();
}

// Registered page tables for the kernel: the first 2 MiB, where all its own things are, and the
// 2 MiB of the pool. Then the first roots of the pool lead to them.
void Guest::prepare_kernel() {
    const std::uint64_t low = take_page();
    const std::uint64_t pool = take_page();
    const std::uint64_t directory = take_page();
    const std::uint64_t pointers = take_page();
    for (std::uint64_t slot = 0; slot < 512; ++slot) {
        machine_.word(low + slot * 8) = slot * page_size | 3 | used | execute_disable;
        machine_.word(pool + slot * 8) =
            (pool_begin + slot * page_size) | 3 | used | execute_disable;
    }
    machine_.word(low + code_page / page_size * 8) = code_page | 1 | used;
    machine_.word(directory) = low | 7 | used;
    machine_.word(directory + pool_begin / 0x200000 * 8) = pool | 7 | used;
    machine_.word(pointers + 510 * 8) = directory | 7 | used;
    for (std::uint32_t index = 0; index < root_frames; ++index)
        machine_.word(pool_page(index) + kernel_slot * 8) = pointers | 7 | used;
    constexpr std::uint8_t code[]{0x48, 0x89, 0x17}; // mov %rdx,(%rdi)
    std::memcpy(hv::direct_pointer(code_page), std::data(code), std::size(code));
    const std::pair<std::uint64_t, std::uint32_t> order[]{
        {low, 1}, {pool, 1}, {directory, 2}, {pointers, 3}, {pool_begin, 4}};
    for (const auto& [table, level] : order) {
        const auto options = abi::AllocateOptions::make(abi::page_level_flag(level), 0, 0);
        require(machine_.machine().page_tables.allocate(table / page_size, 0, options) ==
                abi::Error::none);
    }
}

void Guest::prepare_vcpu(std::uint32_t number) {
    auto& fields = machine_.fields;
    fields[Field::guest_cs_access_rights] = 0xA09B;
    hv::settle(machine_.vcpu());
    const std::uint64_t gdt = fields[Field::guest_gdtr_base] - Machine::linear_base;
    const std::uint64_t tss = fields[Field::guest_tr_base] - Machine::linear_base;
    pages_.push_back(gdt);
    pages_.push_back(tss);
    places_.push_back({{gdt, take_page()}, {take_page(), take_page()}, tss, take_page()});
    const Places& own = places_.back();
    for (std::uint32_t index = 0; index < 2; ++index) {
        const hv::SystemDescriptor ldt{
            hv::descriptor_from_segment({static_cast<std::uint16_t>(ldt_selectors[index]),
                                         kernel_address(own.ldt[index]),
                                         ldt_slots * 8 - 1,
                                         {0x82}}),
            kernel_address(own.ldt[index]) >> 32};
        const std::uint64_t slot = ldt_selectors[index] / 8;
        require(vmcall(Call::write_gdt_entry, kernel_address(gdt), slot, ldt.low) == 0);
        require(vmcall(Call::write_gdt_entry, kernel_address(gdt), slot + 1, ldt.high) == 0);
    }
    std::memcpy(hv::direct_pointer(own.gdt[1]), hv::direct_pointer(gdt), page_size);
    const abi::PseudoDescriptor tables[pseudo_descriptors]{{127, kernel_address(own.gdt[0])},
                                                           {127, kernel_address(own.gdt[1])},
                                                           {126, kernel_address(own.gdt[0])},
                                                           {15, kernel_address(own.gdt[1])},
                                                           {4095, machine_.idt},
                                                           {127, 0x5000}};
    for (std::uint32_t index = 0; index < pseudo_descriptors; ++index)
        std::memcpy(hv::direct_pointer(own.data + pseudo_descriptor(index)), &tables[index],
                    sizeof(abi::PseudoDescriptor));
    machine_.area().control.vcpu = number;
    require(vmcall(Call::set_cr3, pool_begin) == 0);
    require(vmcall(Call::vmi_init) == 0);
}

void Guest::follow_invalidations(std::uint32_t number) {
    machine_.on_invalidation[number] = [this, number](const hv::test::Invalidated& invalidated) {
        switch (static_cast<hv::cpu::InvvpidType>(invalidated.type)) {
        case hv::cpu::InvvpidType::individual_address:
            drop_page(number, invalidated.linear);
            break;
        case hv::cpu::InvvpidType::single_context_retaining_globals:
            drop_non_global(number);
            break;
        default:
            drop_all(number);
            break;
        }
    };
}

Outcome Guest::exit(ExitReason reason) {
    constexpr std::uint64_t most_calls = 3;
    for (;;) {
        hv::test::ticks_a_reading =
            has_little_time ? hv::pause_ticks / (1 + pauses % most_calls) : 0;
        machine_.vcpu().exit_time = hv::test::time_stamp;
        const Outcome outcome = exit_once(reason);
        hv::test::ticks_a_reading = 0;
        if (!is_paused(reason, outcome))
            return outcome;
        ++pauses;
    }
}

// The instruction is executed again, as a processor would.
bool Guest::is_paused(ExitReason reason, const Outcome& outcome) {
    const hv::Vcpu& vcpu = machine_.vcpu();
    const bool exits_again = reason == ExitReason::vmcall || reason == ExitReason::cr_access;
    return vcpu.ring_head != vcpu.area->control.ring.tail ||
           (exits_again && !outcome.emulated && outcome.event == 0);
}

Outcome Guest::exit_once(ExitReason reason) {
    auto& fields = machine_.fields;
    fields[Field::vm_exit_instruction_length] = 3;
    fields[Field::guest_rip] = kernel_address(code_page);
    fields[Field::guest_ss_access_rights] = 0xC093;
    fields[Field::vm_entry_interruption_information] = 0;
    fields[Field::vm_entry_exception_error_code] = 0;
    machine_.invalidations.clear();
    machine_.ipis.clear();
    machine_.exit(machine_.vcpu().number, reason);
    return {.event = fields[Field::vm_entry_interruption_information],
            .code = fields[Field::vm_entry_exception_error_code],
            .emulated = fields[Field::guest_rip] != kernel_address(code_page)};
}

std::uint64_t Guest::vmcall(Call call, std::uint64_t first, std::uint64_t second,
                            std::uint64_t third) {
    hv::GuestRegisters& registers = machine_.vcpu().registers;
    registers.rax = static_cast<std::uint64_t>(call);
    registers.rdi = first;
    registers.rsi = second;
    registers.rdx = third;
    exit(ExitReason::vmcall);
    return registers.rax;
}

Outcome Guest::cpuid() { return exit(ExitReason::cpuid); }

Outcome Guest::move_to_control_register(std::uint64_t qualification) {
    machine_.fields[Field::exit_qualification] = qualification;
    return exit(ExitReason::cr_access);
}

Outcome Guest::move_to_cr3(std::uint64_t value) {
    machine_.vcpu().registers.rbx = value;
    return move_to_control_register(3 | 3 << 8);
}

Outcome Guest::clts() { return move_to_control_register(2 << 4); }

Outcome Guest::invlpg(std::uint64_t linear) {
    machine_.fields[Field::exit_qualification] = linear;
    return exit(ExitReason::invlpg);
}

void Guest::load_root(std::uint64_t loaded, std::uint64_t guest_root) {
    for (const Field target : hv::target_fields) {
        if (machine_.fields[target] != loaded)
            continue;
        machine_.fields[Field::guest_cr3] = loaded;
        drop_non_global(machine_.vcpu().number);
        return;
    }
    machine_.vcpu().registers.rdi = guest_root;
    move_to_cr3(loaded);
}

std::uint32_t Guest::end_late_exit() {
    if (machine_.late_exits.empty())
        return none_late;
    const std::uint32_t number = machine_.late_exits.back();
    machine_.late_exits.pop_back();
    const std::uint32_t before = machine_.vcpu().number;
    machine_.run_on(number);
    machine_.vcpu().nmi.kick_in_flight = 1;
    exit(ExitReason::exception_nmi);
    machine_.run_on(before);
    return number;
}

} // namespace differential

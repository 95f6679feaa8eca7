#include "tests/unit/fake/machine.h"

#include "hypervisor/address_space/requests.h"
#include "hypervisor/vmx/interruption_information.h"
#include "tests/unit/fake/current_machine.h"

#include <algorithm>
#include <cstring>

namespace hv {

// What the exit stub calls (exits/vm_exit.S).
extern "C" void handle_vm_exit(GuestRegisters& registers);
extern "C" void serve_before_entry(GuestRegisters& registers);

std::uint8_t* direct_map_origin = nullptr;

namespace test {

namespace {

Machine* current_machine = nullptr;

} // namespace

Machine& Machine::current() { return *current_machine; }

void make_current(Machine& machine) { current_machine = &machine; }

void Machine::run_on(std::uint32_t number) {
    std::swap(fields, other_fields_[running_]);
    std::swap(fields, other_fields_[number]);
    running_ = number;
}

void Machine::exit(std::uint32_t number, abi::ExitReason reason) {
    on(number, [&] {
        vcpu().in_guest = 0;
        fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        handle_vm_exit(vcpu().registers);
        enter(number);
    });
}

void Machine::enter(std::uint32_t number) {
    on(number, [&] {
        for (vcpu().in_guest = 1; vcpu().requests != 0; vcpu().in_guest = 1) {
            vcpu().in_guest = 0;
            serve_before_entry(vcpu().registers);
        }
    });
}

void send_kick(std::uint32_t apic_id) {
    Machine& machine = Machine::current();
    Vcpu& vcpu = machine.vcpu(apic_id);
    if (vcpu.in_guest == 0)
        return;
    machine.on(apic_id, [&] {
        if (machine.before_kick)
            machine.before_kick(vcpu);
        if (machine.kicks_end_late)
            serve_requests(vcpu);
        machine.fields[Field::vm_exit_interruption_information] =
            InterruptionInformation::make(InterruptionType::nmi, vector::nmi, false).raw;
    });
    if (!machine.kicks_end_late)
        return machine.exit(apic_id, abi::ExitReason::exception_nmi);
    // For the caller it is in the guest, and is kicked once more when that is needed.
    vcpu.nmi.kick_in_flight = 0;
    if (std::find(machine.late_exits.begin(), machine.late_exits.end(), apic_id) ==
        machine.late_exits.end())
        machine.late_exits.push_back(apic_id);
}

Machine::Machine(abi::Profile profile, std::uint32_t shadow_tables, std::uint32_t vcpus,
                 bool unaware)
    : memory_{std::make_unique<std::uint8_t[]>(fake_memory_size + page_size)},
      frames_{std::make_unique<Frame[]>(fake_memory_size / page_size)},
      machine_{std::make_unique<VirtualMachine>()}, other_fields_{vcpus}, unaware_{unaware} {
    current_machine = this;
    for (std::uint32_t number = 0; number < vcpus; ++number)
        vcpus_.push_back(std::make_unique<Vcpu>());
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
    direct_map_origin = memory_.get() + (align_up(address, page_size) - address);
    machine_->profile = profile;
    set_up_capabilities();
    set_up_memory(shadow_tables);
    for (std::uint32_t number = vcpus; number-- > 0;) {
        run_on(number);
        set_up_vcpu(vcpu(), number);
    }
}

Machine::~Machine() {
    current_machine = nullptr;
    direct_map_origin = nullptr;
}

std::uint64_t Machine::take_guest_page() {
    const std::uint64_t page = next_guest_page_;
    next_guest_page_ += page_size;
    std::memset(direct_pointer(page), 0, page_size);
    return page;
}

std::uint64_t Machine::stepped_place(std::uint64_t gpa) const {
    const Vcpu& vcpu = *vcpus_[running_];
    const SingleStep& step = vcpu.single_step;
    for (std::size_t index = 0; step.active && index < step.pages.size(); ++index)
        if (align_down(gpa, page_size) == step.pages[index])
            return direct_physical(vcpu.step_pages->images[index].now.data()) + gpa % page_size;
    return gpa;
}

bool Machine::is_step_table(std::uint64_t physical) const {
    const StepPages& pages = *vcpus_[running_]->step_pages;
    const std::uint64_t first = direct_physical(pages.root.data());
    return physical >= first && physical < first + sizeof(pages.root) + sizeof(pages.path);
}

std::uint64_t& Machine::word(std::uint64_t physical) {
    return *reinterpret_cast<std::uint64_t*>(direct_pointer(physical));
}

std::uint64_t Machine::shown_at(std::uint64_t physical) const {
    const auto found = exchanged_.find(align_down(physical, page_size));
    return found == exchanged_.end() ? physical : found->second + physical % page_size;
}

// If two pages are shown in each other's place, they are only ever exchanged with each other again,
// which restores them.
void Machine::exchange(std::uint64_t first, std::uint64_t second) {
    std::swap_ranges(direct_pointer(first), direct_pointer(first) + page_size,
                     direct_pointer(second));
    if (exchanged_.erase(first) + exchanged_.erase(second) != 0)
        return;
    exchanged_[first] = second;
    exchanged_[second] = first;
}

void Machine::map(std::uint64_t root, std::uint64_t linear, std::uint64_t gpa, std::uint64_t bits) {
    std::uint64_t table = root;
    for (int level = 4; level > 1; --level) {
        std::uint64_t& entry = word(table + (linear >> (12 + 9 * (level - 1)) & 0x1FF) * 8);
        if (entry == 0)
            entry = take_guest_page() | paging::present | paging::writable | paging::user;
        table = entry & paging::address_mask;
    }
    word(table + (linear >> 12 & 0x1FF) * 8) = gpa | bits;
}

std::uint64_t Machine::make_root() {
    const std::uint64_t root = take_guest_page();
    for (std::uint64_t offset = 0; offset < fake_memory_size; offset += page_size)
        map(root, linear_base + offset, offset, paging::present | paging::writable);
    return root;
}

} // namespace test
} // namespace hv

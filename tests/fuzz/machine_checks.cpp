#include "tests/fuzz/machine_checks.h"

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/entry_check/entry_checker.h"
#include "hypervisor/exits/exit_handlers.h"
#include "tests/fuzz/failure.h"
#include "tests/fuzz/guest_actions.h"
#include "tests/fuzz/table_checks.h"

#include <string>

namespace hv::fuzz {

using ::fuzz::fail;
using ::fuzz::require;

namespace {

EntryReport entry_report(FuzzMachine& machine) {
    const FieldReader reader{
        [](void* context, Field field) { return (*static_cast<test::FakeVmcs*>(context))[field]; },
        &machine.machine().fields};
    EntryFacts facts;
    facts.capabilities = machine.vm().capabilities;
    facts.physical_address_width = machine.vm().physical_address_bits;
    facts.rtm = facts.sgx = facts.bus_lock_detection = true;
    return check_vm_entry(reader, facts);
}

void fail_by_name(const EntryReport& report) {
    std::string all = "VM entry's rules:";
    for (const Violation& violation : report.violations())
        all += " " + std::string(text(violation.rule).name) + " by " +
               std::string(name(violation.field)) + " = " + std::to_string(violation.value) + ";";
    fail(all);
}

// The memory that EPT lets the guest write: its RAM, page for page, without what is protected.
void check_ept(VirtualMachine& vm) {
    constexpr std::uint64_t writable = 2;
    for (std::uint64_t number = 0; number < vm.frames.count(); ++number) {
        const std::uint64_t gpa = number * page_size;
        const std::uint64_t leaf = vm.ept.leaf(gpa);
        const Frame* const frame = vm.frames.find(number);
        require(gpa < test::fake_ram_size || leaf == 0, "the monitor's memory is not there");
        require(frame == nullptr || frame->write_locks == 0 || (leaf & writable) == 0,
                "EPT protects the pages that are locked");
        require(frame == nullptr || frame->write_locks != 0 || (leaf & writable) != 0,
                "EPT lets the guest write its other pages");
    }
}

// Under shadow paging a kernel may put a descriptor table on a page that it uses as a page table
// and has not registered. Calls that write the one are not followed by shadows of the other: what
// such a kernel sees is its own doing.
bool has_descriptors_in_page_tables(const VirtualMachine& vm) {
    for (std::uint64_t number = 0; number < vm.frames.count(); ++number) {
        const Frame* const frame = vm.frames.find(number);
        if (frame != nullptr && frame->first_shadow != 0 &&
            frame->write_locks > vm.shadows.locks_of(*frame) + (frame->level != 0 ? 1 : 0))
            return true;
    }
    return false;
}

} // namespace

void check_entry(FuzzMachine& machine) {
    if (entry_report(machine).violations().empty())
        return;
    // Blocking by STI or MOV SS with RFLAGS.TF is repaired after a first try.
    constexpr std::uint64_t failed_entry = std::uint64_t{1} << 31;
    machine.field(Field::exit_reason) =
        failed_entry | static_cast<std::uint64_t>(abi::ExitReason::invalid_state);
    const EntryReport before = entry_report(machine);
    const bool goes_on = machine.run([&] { handle_vm_exit(machine.vcpu().registers); });
    if (!goes_on || !entry_report(machine).violations().empty())
        fail_by_name(before);
}

void check_machine(FuzzMachine& machine) {
    VirtualMachine& vm = machine.vm();
    for (std::uint32_t number = 0; number < vm.vcpu_count; ++number) {
        Vcpu& vcpu = *vm.vcpus[number];
        require(vcpu.pending == 0, "nothing is left to be done before VM entry");
        require(!holds_page_table_lock(vcpu), "the lock of the page tables is given back");
        require(vcpu.requests == 0 || vcpu.in_guest == 0 || vcpu.waits_for_start != 0,
                "a vCPU that runs the guest has done what it was asked");
        if (vm.owns_descriptors())
            check_tables(vcpu.tables);
    }
    if (vm.shadows.in_use()) {
        machine.machine().console.clear();
        if (!has_descriptors_in_page_tables(vm) && !vm.shadows.consistent())
            fail("shadow tables follow the guest's: " + machine.machine().console);
    } else {
        check_ept(vm);
    }
}

} // namespace hv::fuzz

// VM exits of the guest, and what must be true after each.

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/vmx/controls.h"
#include "tests/unit/fake/guests/model_guest.h"

#include <sstream>

namespace hv::test {

using abi::Call;

namespace {

constexpr std::uint64_t address = 0x000F'FFFF'FFFF'F000;

bool is_ram(std::uint64_t gpa) { return gpa < fake_ram_size && (gpa < 0xA0000 || gpa >= 0x100000); }

} // namespace

bool ModelGuest::forbidden(std::uint8_t level, std::uint64_t entry, bool levels) const {
    if ((entry & 1) == 0)
        return false;
    const std::uint64_t size = std::uint64_t{0x1000} << 9 * (level - 1);
    std::uint64_t reserved = address & ~((std::uint64_t{1} << 40) - 1);
    reserved |= mmu().modes.execute_disable ? 0 : std::uint64_t{1} << 63;
    const bool large = level > 1 && (entry & 0x80) != 0;
    if (level == 4)
        reserved |= 0x80;
    else if (large)
        reserved |= (size - 1) & ~std::uint64_t{0x1FFF};
    if ((entry & reserved) != 0)
        return true;
    if (level == 1 || large) {
        const std::uint64_t begin = entry & address & ~(size - 1);
        return begin + size > fake_memory_end ||
               (begin < fake_memory_size && begin + size > fake_ram_size);
    }
    const std::uint64_t table = entry & address;
    return !is_ram(table) || (levels && level_of(table) != 0 && level_of(table) != level - 1);
}

bool ModelGuest::check_memory(std::uint64_t gpa, std::uint64_t value) {
    if (machine_.word(gpa) == value)
        return true;
    std::ostringstream text;
    text << std::hex << "0x" << gpa << " holds 0x" << machine_.word(gpa) << " instead of 0x"
         << value;
    return complain(text.str());
}

bool ModelGuest::exit(abi::ExitReason reason, std::uint64_t length) {
    machine_.fields[Field::vm_exit_instruction_length] = length;
    machine_.fields[Field::guest_rip] = Machine::linear_base + code_page;
    machine_.fields[Field::guest_ss_access_rights] = 0xC093;
    cpu().exit(reason);
    return account_for_queue() && after_exit();
}

bool ModelGuest::after_exit() {
    ++exits_;
    if (statistics().shadow_in_use > statistics().shadow_limit)
        return complain("more shadow tables than there can be");
    if (settings_.check_every != 0 && exits_ % settings_.check_every == 0 &&
        !machine_.vcpu().single_step.active && !check_everything())
        return false;
    return check_pairs() && check_cr3_reads();
}

// vCPUs that were kicked while another had the page tables' lock: the rest of their exits.
bool ModelGuest::finish_kicks() {
    const std::uint32_t before = machine_.vcpu().number;
    while (!machine_.late_exits.empty()) {
        const std::uint32_t number = machine_.late_exits.back();
        machine_.late_exits.pop_back();
        machine_.run_on(number);
        machine_.vcpu().nmi.kick_in_flight = 1;
        cpu().exit(abi::ExitReason::exception_nmi);
        if (!account_for_queue() || !after_exit())
            return false;
    }
    machine_.run_on(before);
    return true;
}

// What the ROM reads and what the processor compares name the same roots, and these are alive.
bool ModelGuest::check_pairs() {
    for (std::uint32_t index = 0; index < abi::root_pairs; ++index) {
        const abi::RootPair& pair = machine_.area().control.root_pair[index];
        const bool offered = pair.guest_root != abi::no_root;
        if (machine_.fields[target_fields[index]] != (offered ? pair.loaded : no_target))
            return complain("a CR3-target value is not the root that is published");
        if (!offered)
            continue;
        if (settings_.unaware) {
            if (!check_displaced(index))
                return false;
            continue;
        }
        const ShadowNumber number = machine_.shadows().at(pair.loaded);
        const ShadowTable& table = machine_.shadows().table(number);
        if (number == 0 || table.level != 4 || table.frame != pair.guest_root / page_size)
            return complain("a published root is not the shadow of what it is published for");
    }
    return true;
}

// It lies where the guest has it, and the guest may enter it without an exit.
bool ModelGuest::check_displaced(std::uint32_t index) {
    const ShadowTables& shadows = machine_.shadows();
    const ShadowedRoot& root = machine_.vcpu().roots.published[index];
    const ShadowTable& table = shadows.table(root.table);
    if (!shadows.is_displaced(root.table) || table.level != 4 || root.loaded != root.guest ||
        table.frame != root.guest / page_size)
        return complain("a root is offered that does not lie in its place");
    return !shadows.is_out_of_step(root.table) ||
           complain("a root is offered that leads to a table out of step");
}

// Without an exit, MOV from CR3 reads what the processor has. A step is of a store.
bool ModelGuest::check_cr3_reads() {
    const std::uint64_t controls = machine_.fields[Field::primary_processor_based_controls];
    return (controls & primary_processor_based::cr3_store_exiting) != 0 ||
           machine_.vcpu().single_step.active ||
           machine_.fields[Field::guest_cr3] == guest_cr3(machine_.vcpu()) ||
           complain("MOV from CR3 does not exit and reads another root");
}

bool ModelGuest::check_everything() {
    if (!machine_.shadows().consistent())
        return complain("the shadow tables are not consistent");
    std::array<std::uint32_t, pool_frames> links{};
    for (std::uint32_t index = 0; index < pool_frames; ++index) {
        const std::uint8_t level = registered_[index];
        for (std::uint64_t slot = 0; slot < 512; ++slot) {
            const std::uint64_t entry = machine_.word(frame(index) + slot * 8);
            if (!check_memory(frame(index) + slot * 8, mmu().word(frame(index) + slot * 8)))
                return false;
            if (level == 0)
                continue;
            // What was allowed may since lead to a table of another level, or EFER.NXE be clear.
            if (forbidden(level, entry & ~(std::uint64_t{1} << 63), false))
                return complain("a registered table has an entry that the rules forbid");
            const std::uint64_t target = (entry & address) - pool_begin;
            if (level > 1 && (entry & 1) != 0 && (level == 4 || (entry & 0x80) == 0) &&
                target / page_size < pool_frames)
                ++links[target / page_size];
        }
    }
    for (std::uint32_t index = 0; index < pool_frames; ++index) {
        const Frame& record = *machine_.machine().frames.of_address(frame(index));
        if (record.level != registered_[index])
            return complain("a frame is registered otherwise than the guest knows");
        if (record.links != links[index])
            return complain("the links of a frame are counted wrong");
    }
    return true;
}

bool ModelGuest::call(Call number) {
    machine_.vcpu().registers.rax = static_cast<std::uint64_t>(number);
    return exit(abi::ExitReason::vmcall);
}

bool ModelGuest::move_to_control_register(std::uint32_t number, std::uint64_t value) {
    machine_.vcpu().registers.rbx = value;
    machine_.fields[Field::exit_qualification] = number | 3U << 8;
    machine_.fields[Field::vm_exit_instruction_length] = 3;
    machine_.fields[Field::guest_rip] = Machine::linear_base + code_page;
    cpu().exit(abi::ExitReason::cr_access);
    if (!account_for_queue())
        return false;
    const bool refused = machine_.fields[Field::vm_entry_interruption_information] != 0;
    const bool withdrawn = number == 3 && settings_.rom && machine_.shadows().at(value) != 0;
    const std::uint64_t root = withdrawn ? machine_.vcpu().registers.rdi : value;
    if (refused != (number == 3 && !is_ram(root)))
        return complain("MOV to a control register was refused or should have been");
    if (refused)
        return after_exit();
    if (number == 3) {
        processor().old_pair_root = 0;
        mmu().load_root(root);
    } else if (number == 4) {
        mmu().modes.global_pages = (value & 0x80) != 0;
        mmu().modes.user_execution = (value >> 20 & 1) == 0;
        mmu().invalidate_all();
    } else {
        mmu().modes.write_protect = (value >> 16 & 1) != 0;
    }
    return after_exit();
}

} // namespace hv::test

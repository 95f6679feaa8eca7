// Loads, stores and fetches of the guest's, and how they must end.

#include "shared/guest_physical_layout.h"
#include "tests/unit/fake/guests/model_guest.h"

#include <algorithm>
#include <sstream>

namespace hv::test {

namespace {

constexpr std::uint32_t debug_event = 0x80000301;
constexpr std::uint8_t page_fault_vector = 14;
constexpr std::uint8_t general_protection_vector = 13;
constexpr int most_attempts = 12;

/// Where a guest-physical page lies and what may be done with it, whatever the guest's tables say.
struct HostPage {
    std::uint64_t physical;
    bool there;
    bool writable;
    bool executable;
};

HostPage host_page(Machine& machine, std::uint64_t gpa) {
    const std::uint64_t page = gpa & ~std::uint64_t{0xFFF};
    if (page == abi::rom_base)
        return {machine.rom_page, true, false, true};
    if (page == abi::statistics_base)
        return {machine.own_statistics_page(), true, false, false};
    if (page >= abi::vcpu_area_base && page < abi::vcpu_area_base + sizeof(abi::VcpuArea))
        return {direct_physical(&machine.area()) + (page - abi::vcpu_area_base), true, true, false};
    const bool monitors = page >= fake_ram_size && page < fake_memory_size;
    return {page, !monitors && page < fake_memory_end, true, true};
}

bool is_ram(std::uint64_t gpa) { return gpa < fake_ram_size && (gpa < 0xA0000 || gpa >= 0x100000); }

} // namespace

bool ModelGuest::access(std::uint64_t linear, Access how, Store store) {
    Vcpu& vcpu = machine_.vcpu();
    const std::uint64_t rip =
        Machine::linear_base + code_page + 8 * static_cast<std::uint64_t>(store.instruction);
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        const ShadowProcessor::Result result = cpu().translate(linear, how);
        if (cpu().broken() != nullptr)
            return complain(cpu().broken());
        const bool stepped = vcpu.single_step.active;
        if (result.translated)
            return carry_out(linear, result.physical, how, store, stepped);
        machine_.fields[Field::guest_rip] = rip;
        machine_.fields[Field::guest_ss_access_rights] = how.user ? 0xC0F3 : 0xC093;
        vcpu.registers.rdi = linear;
        vcpu.registers.rdx = store.value;
        cpu().fault(linear, result.code);
        if (!account_for_queue() || !take_used_bits(linear, how))
            return false;
        const auto event =
            static_cast<std::uint32_t>(machine_.fields[Field::vm_entry_interruption_information]);
        if (event != 0) {
            const auto vector = static_cast<std::uint8_t>(event);
            if (vector == general_protection_vector && how.write &&
                refused_rightly(mmu().walk(linear, how), how, store))
                return after_exit();
            return injected(linear, how, vector) && after_exit();
        }
        if (machine_.fields[Field::guest_rip] != rip)
            return emulated(linear, how, store) && after_exit();
        if (!after_exit())
            return false;
    }
    std::ostringstream text;
    text << "an access to 0x" << std::hex << linear << " never ends";
    return complain(text.str());
}

// The monitor gave the guest an exception for it.
bool ModelGuest::injected(std::uint64_t linear, Access how, std::uint8_t vector) {
    const ReferenceWalk walk = mmu().walk(linear, how);
    std::ostringstream text;
    if (vector == page_fault_vector) {
        ++faults;
        const std::uint64_t code = machine_.fields[Field::vm_entry_exception_error_code];
        if (walk.end == ReferenceWalk::End::fault && code == walk.code && machine_.cr2 == linear)
            return true;
        text << "#PF with code " << code << " at 0x" << std::hex << linear << " instead of code "
             << walk.code << " or page 0x" << walk.gpa;
        return complain(text.str());
    }
    if (walk.end == ReferenceWalk::End::no_memory)
        return true;
    const HostPage page = host_page(machine_, walk.gpa);
    if (walk.end == ReferenceWalk::End::mapped &&
        (!page.there || (how.write && !page.writable) || (how.fetch && !page.executable) ||
         (how.write && !walk.page_writable && !is_ram(walk.gpa))))
        return true;
    text << "exception " << int{vector} << " at 0x" << std::hex << linear << ", page 0x"
         << walk.gpa;
    return complain(text.str());
}

// A store to a registered table that the rules do not allow.
bool ModelGuest::refused_rightly(const ReferenceWalk& walk, Access, Store store) {
    if (walk.end != ReferenceWalk::End::mapped || level_of(walk.gpa) == 0)
        return false;
    for (const auto& [gpa, value] : effect(walk.gpa, store))
        if (forbidden(level_of(walk.gpa), value))
            return true;
    return false;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> ModelGuest::effect(std::uint64_t gpa,
                                                                        Store store) {
    const std::uint64_t old = mmu().word(gpa);
    switch (store.instruction) {
    case Instruction::store_low_half:
        return {{gpa, (old >> 32 << 32) | (store.value & 0xFFFFFFFF)}};
    case Instruction::store_two:
        return {{gpa, store.value}, {gpa + 8, store.value ^ 2}};
    case Instruction::lock_or:
        return {{gpa, old | store.value}};
    default:
        return {{gpa, store.value}};
    }
}

// The monitor did the store: as the tables are now.
bool ModelGuest::emulated(std::uint64_t linear, Access how, Store store) {
    const ReferenceWalk walk = mmu().walk(linear, how);
    if (!how.write || walk.end != ReferenceWalk::End::mapped || !is_ram(walk.gpa))
        return complain("an access was emulated that may not be");
    for (const auto& [gpa, value] : effect(walk.gpa, store)) {
        if (level_of(gpa) != 0 && forbidden(level_of(gpa), value))
            return complain("a store was emulated that the rules forbid");
        store_everywhere(gpa, value);
        if (!check_memory(gpa, value))
            return false;
    }
    return true;
}

bool ModelGuest::carry_out(std::uint64_t linear, std::uint64_t physical, Access how, Store store,
                           bool stepped) {
    ++successes;
    const ReferenceWalk walk = mmu().walk(linear, how);
    std::ostringstream text;
    text << std::hex
         << (how.write   ? "write"
             : how.fetch ? "fetch"
                         : "read")
         << (how.user ? " by user" : "") << " at 0x" << linear << " reaches 0x" << physical;
    // What the guest calls the page: found from where it lies.
    std::uint64_t gpa = physical;
    const auto& stepped_pages = machine_.vcpu().single_step.pages;
    const auto image =
        std::find_if(stepped_pages.begin(), stepped_pages.end(), [&](std::uint64_t page) {
            return physical == machine_.stepped_place(page + physical % page_size);
        });
    if (stepped && image != stepped_pages.end()) {
        gpa = *image + physical % page_size;
    } else if (physical >= fake_ram_size && physical < fake_memory_size) {
        gpa = 0;
        for (const std::uint64_t own : {abi::rom_base, abi::statistics_base, abi::vcpu_area_base,
                                        abi::vcpu_area_base + page_size})
            if (host_page(machine_, own).physical == (physical & ~std::uint64_t{0xFFF}))
                gpa = own | (physical & 0xFFF);
        if (gpa == 0)
            return complain(text.str() + ", the monitor's memory");
    }
    const HostPage page = host_page(machine_, gpa);
    if (!page.there || (how.write && !page.writable) || (how.fetch && !page.executable))
        return complain(text.str() + ", where it may not");
    bool as_now = walk.end == ReferenceWalk::End::mapped && walk.gpa == gpa;
    for (std::uint32_t index = 0; as_now && index < walk.steps; ++index)
        as_now = (mmu().word(walk.entry[index]) & 0x20) != 0;
    if (as_now && how.write)
        as_now = (mmu().word(walk.entry[walk.steps - 1]) & 0x40) != 0;
    const bool read_only_write =
        stepped && how.write && walk.end == ReferenceWalk::End::mapped && walk.gpa == gpa;
    if (!as_now && !read_only_write) {
        ++stale_uses;
        if (!mmu().may_translate(linear, how, gpa)) {
            text << ", the tables say 0x" << walk.gpa << " code 0x" << walk.code;
            return complain(text.str());
        }
    }
    if (!how.write || !is_ram(gpa))
        return true;
    const Frame& frame = *machine_.machine().frames.of_address(gpa);
    if (frame.write_locks != 0 && !stepped)
        return complain(text.str() + ", which is write-protected");
    const auto effects = effect(gpa, store);
    for (const auto& [at, value] : effects)
        machine_.word(machine_.stepped_place(at)) = value;
    bool refused = false;
    if (stepped) {
        machine_.fields[Field::vm_exit_interruption_information] = debug_event;
        machine_.fields[Field::exit_qualification] = 1 << 14; // a single step
        cpu().exit(abi::ExitReason::exception_nmi);
        refused = machine_.fields[Field::vm_entry_interruption_information] != 0;
        bool expected = false;
        for (const auto& [at, value] : effects)
            expected = expected || (level_of(at) != 0 && value != mmu().word(at) &&
                                    forbidden(level_of(at), value));
        if (refused != expected)
            return complain(text.str() + (refused ? ", refused" : ", which is forbidden"));
    }
    for (const auto& [at, value] : effects) {
        if (!refused)
            store_everywhere(at, value);
        if (!check_memory(at, mmu().word(at)))
            return false;
    }
    return !stepped || after_exit();
}

// Accessed and dirty bits on the way, and nothing else, may have been set.
bool ModelGuest::take_used_bits(std::uint64_t linear, Access how) {
    const ReferenceWalk walk = mmu().walk(linear, how);
    if (walk.end != ReferenceWalk::End::mapped)
        return true;
    for (std::uint32_t index = 0; index < walk.steps; ++index) {
        const std::uint64_t at = walk.entry[index];
        const std::uint64_t now = machine_.word(at);
        std::uint64_t wanted = mmu().word(at) | 0x20;
        if (how.write && index + 1 == walk.steps)
            wanted |= 0x40;
        // A store may have changed the very entry it went through.
        if (now == wanted || (now | 0x40) == wanted)
            store_everywhere(at, now);
        else if (how.write)
            store_everywhere(at, wanted);
    }
    if (settings_.unaware && walk.steps == 4)
        take_used_neighbours(walk.entry[3]);
    return true;
}

// A processor may use entries ahead: the monitor sets the accessed bits of those around.
void ModelGuest::take_used_neighbours(std::uint64_t entry) {
    constexpr std::uint64_t around = 64 * sizeof(std::uint64_t);
    const std::uint64_t first = entry - entry % around;
    for (std::uint64_t at = first; at < first + around; at += sizeof(std::uint64_t)) {
        const std::uint64_t known = mmu().word(at);
        if ((known & 1) != 0 && machine_.word(at) == (known | 0x20))
            store_everywhere(at, known | 0x20);
    }
}

} // namespace hv::test

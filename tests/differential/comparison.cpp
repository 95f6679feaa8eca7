// What the two guests must have in common after each drain.

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "shared/call_table.h"
#include "tests/differential/pair.h"

#include <cstring>

namespace differential {

namespace {

constexpr hv::Field compared_fields[]{Field::guest_cr4,           Field::cr4_read_shadow,
                                      Field::guest_cr0,           Field::cr0_read_shadow,
                                      Field::guest_gdtr_base,     Field::guest_gdtr_limit,
                                      Field::guest_idtr_base,     Field::guest_idtr_limit,
                                      Field::guest_ldtr_selector, Field::guest_ldtr_base,
                                      Field::guest_ldtr_limit,    Field::guest_ldtr_access_rights,
                                      Field::guest_tr_selector,   Field::guest_tr_base,
                                      Field::guest_tr_limit,      Field::guest_tr_access_rights};

constexpr std::uint32_t gdt_words = hv::test::KernelMachine::gdt_slots;
constexpr std::uint32_t tss_words = 13;
constexpr std::uint32_t idt_words = 16; ///< that are written
constexpr std::uint64_t kernel_slot = 511;

} // namespace

bool Pair::compare(bool everything) {
    drained_ = false;
    if (!do_waiting_stores(vcpus_))
        return false;
    ++counts.comparisons;
    for (std::uint32_t number = 0; number < vcpus_; ++number) {
        if (!compare_registers(number) || !compare_tables(number))
            return false;
        if (!has_entries(number) && !compare_copies(number))
            return false;
        if (everything && rings_[number].waiting.empty() && !compare_statistics(number))
            return false;
    }
    const std::uint64_t idt = alone_.machine().physical(alone_.machine().idt);
    if (!compare_words("IDT", idt, idt_words) || !compare_frames())
        return false;
    return !everything || compare_memory();
}

bool Pair::compare_registers(std::uint32_t number) {
    alone_.run_on(number);
    together_.run_on(number);
    for (const Field field : compared_fields)
        if (alone_.machine().fields[field] != together_.machine().fields[field])
            return same(std::string(hv::name(field)).c_str(), alone_.machine().fields[field],
                        together_.machine().fields[field]);
    alone_.select();
    const std::uint64_t cr0 = hv::guest_cr0(alone_.machine().vcpu());
    const std::uint64_t cr3 = hv::guest_cr3(alone_.machine().vcpu());
    const std::uint64_t cr4 = hv::guest_cr4(alone_.machine().vcpu());
    together_.select();
    return same("CR0", cr0, hv::guest_cr0(together_.machine().vcpu())) &&
           same("CR3", cr3, hv::guest_cr3(together_.machine().vcpu())) &&
           same("CR4", cr4, hv::guest_cr4(together_.machine().vcpu()));
}

// What the ROM answers from, when nothing waits.
bool Pair::compare_copies(std::uint32_t number) {
    const abi::ControlPage& alone = alone_.machine().vcpu(number).area->control;
    const abi::ControlPage& together = together_.machine().vcpu(number).area->control;
    constexpr std::size_t begin = offsetof(abi::ControlPage, cr0);
    constexpr std::size_t end = offsetof(abi::ControlPage, answer);
    const auto* const first = reinterpret_cast<const std::uint8_t*>(&alone) + begin;
    const auto* const second = reinterpret_cast<const std::uint8_t*>(&together) + begin;
    if (std::memcmp(first, second, end - begin) == 0)
        return true;
    return same("copy of CR0", alone.cr0, together.cr0) &&
           same("copy of CR3", alone.cr3, together.cr3) &&
           same("copy of CR4", alone.cr4, together.cr4) &&
           same("copy of LDTR", alone.ldt_selector, together.ldt_selector) &&
           complain("copies of table registers differ");
}

bool Pair::compare_words(const char* what, std::uint64_t gpa, std::uint32_t count) {
    alone_.select();
    const auto* const alone = hv::direct_pointer(gpa);
    together_.select();
    const auto* const together = hv::direct_pointer(gpa);
    if (std::memcmp(alone, together, count * 8) == 0)
        return true;
    for (std::uint64_t index = 0; index < count; ++index) {
        std::uint64_t first = 0;
        std::uint64_t second = 0;
        std::memcpy(&first, alone + index * 8, 8);
        std::memcpy(&second, together + index * 8, 8);
        const std::string where = std::string(what) + ", word " + std::to_string(index);
        if (!same(where.c_str(), first, second))
            return false;
    }
    return true;
}

bool Pair::compare_tables(std::uint32_t number) {
    const Places& own = alone_.places()[number];
    return compare_words("GDT", own.gdt[0], gdt_words) &&
           compare_words("other GDT", own.gdt[1], gdt_words) &&
           compare_words("LDT", own.ldt[0], ldt_slots) &&
           compare_words("other LDT", own.ldt[1], ldt_slots) &&
           compare_words("TSS", own.tss, tss_words) &&
           compare_words("data", own.data + own_words, 64);
}

bool Pair::compare_frames() {
    const hv::FrameTable& alone = alone_.machine().machine().frames;
    const hv::FrameTable& together = together_.machine().machine().frames;
    for (std::uint32_t index = 0; index < pool_frames; ++index) {
        const std::uint64_t page = pool_page(index);
        const std::string name = "page table " + std::to_string(index);
        if (!compare_words(name.c_str(), page, used_slots) ||
            !compare_words(name.c_str(), page + kernel_slot * 8, 1))
            return false;
        const hv::Frame& first = *alone.of_address(page);
        const hv::Frame& second = *together.of_address(page);
        if (first.level != second.level)
            return same((name + ", level").c_str(), first.level, second.level);
        if (first.links != second.links)
            return same((name + ", links").c_str(), first.links, second.links);
        if (alone_.classic())
            continue;
        // What shadow tables there are depends on what was looked at; rights under EPT do not.
        alone_.select();
        const std::uint64_t rights = alone_.machine().machine().ept.leaf(page);
        together_.select();
        if (const std::uint64_t other = together_.machine().machine().ept.leaf(page);
            ((rights ^ other) & 7) != 0 || first.write_locks != second.write_locks)
            return same((name + ", rights").c_str(), rights, other);
    }
    return true;
}

bool Pair::compare_memory() {
    for (const std::uint64_t page : alone_.pages())
        if (!compare_words("page", page, page_size / 8))
            return complain("in the page at " + std::to_string(page));
    const hv::FrameTable& alone = alone_.machine().machine().frames;
    const hv::FrameTable& together = together_.machine().machine().frames;
    for (std::uint64_t number = 0; number < alone.count(); ++number) {
        const hv::Frame& first = alone.at(number);
        const hv::Frame& second = together.at(number);
        constexpr auto compared = hv::frame_flags::guest_ram | hv::frame_flags::kept;
        if (first.level == second.level && first.links == second.links &&
            ((first.flags ^ second.flags) & compared) == 0)
            continue;
        const std::string name = "frame " + std::to_string(number);
        return same((name + ", level").c_str(), first.level, second.level) &&
               same((name + ", links").c_str(), first.links, second.links) &&
               same((name + ", flags").c_str(), first.flags, second.flags);
    }
    return true;
}

// How often each call was executed.
bool Pair::compare_statistics(std::uint32_t number) {
    const abi::Statistics& alone = alone_.machine().vcpu(number).statistics;
    const abi::Statistics& together = together_.machine().vcpu(number).statistics;
    const Ring& ring = rings_[number];
    std::uint64_t entries = 0;
    for (std::uint32_t call = 0; call < abi::call_limit; ++call) {
        entries += together.entry[call];
        const abi::Answer answer = abi::answer(call, profile_, abi::Interface::lazy);
        if (answer != abi::Answer::queued && answer != abi::Answer::synchronous)
            continue;
        const std::uint64_t first = alone.hypercall[call] - ring.refused_alone[call];
        const std::uint64_t second = together.entry[call] + together.hypercall[call] -
                                     ring.refused_together[call] + ring.without_monitor[call];
        const std::string name = "executions of call " + std::to_string(call);
        if (first != second)
            return same(name.c_str(), first, second);
    }
    return same("entries drained, by the statistics", entries, together.drained) &&
           same("entries discarded, by the statistics", ring.discarded,
                static_cast<std::uint32_t>(together.discarded)) &&
           same("refusals, by the statistics", alone.refused, together.refused);
}

} // namespace differential

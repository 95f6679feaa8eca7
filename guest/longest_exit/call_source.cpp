#include "guest/longest_exit/call_source.h"

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/page_table_calls.h"
#include "shared/processors.h"

namespace guest::longest_exit {

using abi::Call;

/// Fills the arguments of one call.
struct Arguments {
    CallPattern& pattern;
    std::uint32_t index;
    std::uint64_t (&argument)[abi::max_arguments];

    void set(std::uint64_t first, std::uint64_t second = 0, std::uint64_t third = 0) const {
        argument[0] = first;
        argument[1] = second;
        argument[2] = third;
    }
    std::uint64_t flags() const { return pattern.defers_ ? abi::update_flags::defer : 0; }

    void set_pxe() const { set(pattern.value(index), pattern.entry(index), flags()); }
    void update_pxe() const { set(pattern.entry(index), flags()); }
    void allocate_page() const {
        const std::uint32_t level = pattern.filling_.level;
        std::uint64_t chosen = abi::page_level_flag(level);
        if (pattern.clones_)
            chosen |= abi::page_flags::clone;
        set(pattern.frame(index), objects::table(level, index + 1) / page_size,
            abi::AllocateOptions::make(chosen, 0, own_entries(level)).encode());
    }
    void release_page() const {
        set(pattern.frame(index), abi::page_level_flag(pattern.filling_.level));
    }
    void root() const {
        const std::uint64_t own = objects::recent_table(pte::levels, pattern.table_ + index);
        set(own != 0 ? own : address_spaces::kernel().root);
    }
    void linear() const {
        set((pattern.slot_ + index) * (pattern.across_ ? pte::large_page_size : page_size));
    }
    void flush() const { set(pattern.across_ ? abi::flush_flags::global : abi::flush_flags::all); }
    void shootdown() const {
        root();
        set(1, pattern.back_ ? abi::every_address_space : argument[0]);
    }
    void gdt() const {
        static abi::PseudoDescriptor operand;
        const bool large = pattern.back_ ? index % 2 != 0 : pattern.across_;
        operand = large ? abi::PseudoDescriptor{largest_descriptor_table - 1,
                                                to_linear(objects::hot_page(first_gdt_page))}
                        : abi::PseudoDescriptor{gdt_limit, address_of(this_cpu().gdt)};
        set(address_of(&operand));
    }
    void idt() const {
        static abi::PseudoDescriptor operand;
        operand = {idt_limit, address_of(this_cpu().idt)};
        set(address_of(&operand));
    }
    void ldt() const { set(pattern.back_ && index % 2 != 0 ? 0 : ldt_selector); }
    void task_register() const { set(tss_selector); }
    void gdt_entry() const {
        const bool large = pattern.across_;
        set(large ? to_linear(objects::hot_page(first_gdt_page)) : address_of(this_cpu().gdt),
            gdt_spare + (large ? index % 2 * (gdt_slots - gdt_spare) : 0U), tls_descriptor(index));
    }
    void ldt_entry() const {
        set(to_linear(objects::hot_page(0)), (pattern.slot_ + index) % pte::entries,
            pattern.back_ ? user_data_descriptor : 0);
    }
    void idt_entry() const {
        set(address_of(this_cpu().idt), std::uint64_t{2} * interrupts::test_vector, index);
    }
    void kernel_stack() const { set(address_of(this_cpu().tss), this_cpu().kernel_stack); }
    void tss_word() const {
        set(address_of(this_cpu().tss), io_map_present + 8 * (index % 64U), index);
    }
    void cr0() const {
        const std::uint64_t changed = pattern.across_ ? cr0_wp : cr0_ts;
        set(pattern.back_ && index % 2 == 0 ? this_cpu().cr0 ^ changed : this_cpu().cr0);
    }
    void cr4() const {
        const std::uint64_t now = paravirt::get_cr4();
        set(pattern.back_ ? now ^ cr4_pge : now);
    }
    void initial_state() const {
        static abi::InitialState state;
        state.cr3 = objects::table(pte::levels, index);
        set(address_of(&state), index % 2);
    }
    void nothing() const { set(0); }
};

namespace {

struct ArgumentRow {
    Call call;
    void (Arguments::*fill)() const;
};
constexpr ArgumentRow argument_rows[]{
    {Call::set_gdt, &Arguments::gdt},
    {Call::set_ldt, &Arguments::ldt},
    {Call::set_idt, &Arguments::idt},
    {Call::set_tr, &Arguments::task_register},
    {Call::write_gdt_entry, &Arguments::gdt_entry},
    {Call::write_ldt_entry, &Arguments::ldt_entry},
    {Call::write_idt_entry, &Arguments::idt_entry},
    {Call::update_kernel_stack, &Arguments::kernel_stack},
    {Call::set_cr0, &Arguments::cr0},
    {Call::set_cr3, &Arguments::root},
    {Call::set_cr4, &Arguments::cr4},
    {Call::clts, &Arguments::nothing},
    {Call::set_pxe, &Arguments::set_pxe},
    {Call::set_pxe_long, &Arguments::set_pxe},
    {Call::update_pxe, &Arguments::update_pxe},
    {Call::update_pxe_long, &Arguments::update_pxe},
    {Call::allocate_page, &Arguments::allocate_page},
    {Call::release_page, &Arguments::release_page},
    {Call::inval_page, &Arguments::linear},
    {Call::flush_tlb, &Arguments::flush},
    {Call::set_initial_ap_state, &Arguments::initial_state},
    {Call::flush, &Arguments::nothing},
    {Call::empty, &Arguments::nothing},
    {Call::write_tss_word, &Arguments::tss_word},
    {Call::shootdown, &Arguments::shootdown},
};

abi::Answer answer_of(const abi::CallInfo& info) {
    return abi::answer(static_cast<std::uint32_t>(info.call), machine().profile,
                       abi::Interface::lazy);
}

bool may_be_drawn(const abi::CallInfo& info, bool queued) {
    if (!info.has_handler || info.call == Call::vmi_init) // it would begin anew
        return false;
    const abi::Answer answer = answer_of(info);
    return answer != abi::Answer::no_return && (!queued || answer == abi::Answer::queued);
}

Content drawn_content(Random& random) {
    return random.one_in(2) ? Content::empty : static_cast<Content>(random.below(contents));
}

} // namespace

const abi::CallInfo& choose_call(std::uint32_t choice, bool queued) {
    std::uint32_t count = 0;
    for (const abi::CallInfo& info : abi::call_table)
        count += may_be_drawn(info, queued) ? 1U : 0U;
    if (count == 0)
        return choose_call(choice, false);
    choice %= count;
    const abi::CallInfo* chosen = abi::call_table.data();
    while (!may_be_drawn(*chosen, queued) || choice-- != 0)
        ++chosen;
    return *chosen;
}

CallPattern::CallPattern(Random& random, std::uint32_t level, std::uint32_t first)
    : random_(random), filling_{drawn_content(random), level, random.below(hot_pages)},
      table_(first), slot_(random.one_in(2) ? 0 : random.below(pte::entries)),
      across_(random.one_in(2)), back_(random.one_in(2)), defers_(random.one_in(4)),
      clones_(random.one_in(3)), hot_(random.one_in(2)), other_(drawn_content(random)) {}

DrawnCall CallPattern::draw(Call call, std::uint32_t index) {
    DrawnCall drawn{.call = call, .argument = {}};
    const Arguments arguments{*this, index, drawn.argument};
    for (const ArgumentRow& row : argument_rows) {
        if (row.call == call) {
            (arguments.*row.fill)();
            return drawn;
        }
    }
    arguments.set(anything(), anything(), anything());
    return drawn;
}

std::uint64_t CallPattern::table_page(std::uint32_t index) const {
    return objects::recent_table(filling_.level, across_ ? table_ + index : table_);
}

std::uint64_t CallPattern::entry(std::uint32_t index) const {
    const std::uint32_t slot = across_ ? slot_ : slot_ + index;
    return table_page(index) + slot % own_entries(filling_.level) * sizeof(std::uint64_t);
}

std::uint64_t CallPattern::value(std::uint32_t index) const {
    Filling filling = filling_;
    if (back_ && index % 2 != 0)
        filling.content = other_;
    return entry_value(filling, table_page(index), table_, slot_ + index);
}

std::uint64_t CallPattern::frame(std::uint32_t index) const {
    const std::uint64_t page = hot_ ? objects::hot_page(filling_.first + index)
                                    : objects::recent_table(filling_.level, table_ + index);
    return page / page_size;
}

std::uint64_t CallPattern::anything() {
    switch (random_.below(5)) {
    case 0:
        return random_.below(4);
    case 1:
        return entry(random_.below(pte::entries));
    case 2:
        return frame(random_.below(hot_pages));
    case 3:
        return objects::table(1 + random_.below(pte::levels), random_.below(hot_pages));
    default:
        return to_linear(objects::hot_page(random_.below(hot_pages)));
    }
}

} // namespace guest::longest_exit

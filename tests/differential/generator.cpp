#include "tests/differential/generator.h"

#include "hypervisor/address_space/guest_root.h"

namespace differential {

using abi::Call;

namespace {

constexpr std::uint32_t most_operations = 24;

} // namespace

Generator::Generator(Guest& guest, std::uint32_t vcpus)
    : guest_{guest}, vcpus_{vcpus}, loaded_(vcpus) {}

void Generator::look() {
    hv::test::KernelMachine& machine = guest_.machine();
    for (std::uint32_t index = 0; index < pool_frames; ++index)
        level_[index] = machine.machine().frames.of_address(pool_page(index))->level;
    for (std::uint32_t number = 0; number < vcpus_; ++number) {
        machine.run_on(number);
        const std::uint64_t gdt = machine.fields[Field::guest_gdtr_base];
        const std::uint64_t ldt = machine.fields[Field::guest_ldtr_selector];
        loaded_[number] = {hv::guest_cr3(machine.vcpu()) & ~std::uint64_t{0xFFF},
                           gdt == kernel_address(guest_.places()[number].gdt[1]) ? 1U : 0U,
                           ldt == ldt_selectors[1] ? 1U : 0U};
    }
}

Operation Generator::call(Call number, std::uint64_t first, std::uint64_t second,
                          std::uint64_t third, std::uint64_t fourth, std::uint64_t fifth) {
    return {What::call, vcpu_, number, 1, {first, second, third, fourth, fifth}};
}

Operation Generator::other(What what, std::uint64_t first, std::uint64_t second,
                           std::uint64_t third) {
    return {what, vcpu_, Call::empty, 1, {first, second, third}};
}

Sequence Generator::sequence(std::uint64_t seed) {
    random_ = hv::test::Random{seed};
    look();
    Sequence sequence;
    vcpu_ = static_cast<std::uint8_t>(below(vcpus_));
    for (std::uint32_t left = 1 + below(most_operations); left > 0; --left) {
        if (chance(20))
            vcpu_ = static_cast<std::uint8_t>(below(vcpus_));
        sequence.push_back(any());
    }
    for (std::uint32_t number = 0; number < vcpus_; ++number) {
        vcpu_ = static_cast<std::uint8_t>(number);
        if (chance(50))
            sequence.push_back(call(Call::flush_tlb, 3));
        sequence.push_back(other(What::set_lazy_mode, 0));
        if (chance(97))
            sequence.push_back(other(What::set_lazy_mode, 1 + below(2)));
        for (std::uint32_t accesses = 1 + below(3); accesses > 0; --accesses)
            sequence.push_back(access());
    }
    return sequence;
}

Operation Generator::any() {
    const std::uint32_t what = below(1000);
    if (what < 330)
        return descriptor_operation();
    if (what < 350)
        return table_register_operation();
    if (what < 450)
        return control_operation();
    if (what < 780)
        return page_table_operation();
    if (what < 800)
        return raw_entry();
    if (what < 880)
        return exit_operation();
    if (what < 940)
        return store();
    if (what < 999)
        return access();
    return many_entries();
}

Operation Generator::control_operation() {
    constexpr std::uint64_t usual = 0x80010031;
    const std::uint32_t what = below(100);
    if (what < 40) {
        constexpr std::uint64_t free_bits = 0x4002A; // AM, NE, TS, MP
        const std::uint64_t changed = usual ^ (random_.next() & free_bits);
        if (chance(90))
            return call(Call::set_cr0, changed);
        constexpr std::uint64_t odd[]{0x10,    1,       std::uint64_t{1} << 31,
                                      1 << 29, 3 << 29, std::uint64_t{1} << 32};
        return call(Call::set_cr0, changed ^ odd[below(std::size(odd))]);
    }
    if (what < 65)
        return call(Call::clts);
    if (what < 95)
        return set_root();
    constexpr std::uint64_t values[]{0x20, 0xA0, 0x220, 0x1000A0, 0x20, 0, 0x2020, 0x1020};
    return call(Call::set_cr4, values[below(std::size(values))]);
}

// Other exits, which drain what is queued first.
Operation Generator::exit_operation() {
    const std::uint32_t what = below(100);
    if (what < 40)
        return other(What::set_lazy_mode, 0);
    if (what < 62)
        return other(What::set_lazy_mode, 1 + below(2));
    if (what < 63)
        return other(What::set_lazy_mode, 3 + below(5));
    if (what < 70)
        return other(What::flush);
    if (what < 76)
        return other(What::empty);
    if (what < 84)
        return other(What::cpuid);
    if (what < 90)
        return other(What::move_to_cr3, any_root());
    if (what < 94)
        return other(What::clts);
    if (what < 98)
        return other(What::invlpg, any_user_address());
    return other(What::bad_tail, 1 + below(1000));
}

Operation Generator::store() {
    const std::uint32_t what = below(100);
    if (what < 40)
        return other(What::store, own().data + own_words + below(64) * 8, random_.next());
    if (what < 65) {
        const std::uint64_t gpa = any_entry_address();
        return other(What::store, gpa, any_entry(gpa));
    }
    return store_to_table();
}

Operation Generator::access() {
    constexpr std::uint64_t kinds[]{0,
                                    0,
                                    access_kind::user,
                                    access_kind::user,
                                    access_kind::user | access_kind::write,
                                    access_kind::write,
                                    access_kind::user | access_kind::fetch,
                                    access_kind::fetch};
    const std::uint64_t linear = any_user_address();
    return other(What::access, linear, kinds[below(std::size(kinds))],
                 any_entry(pool_page(any_frame())));
}

// Often one that is mapped.
std::uint64_t Generator::any_user_address() {
    std::uint32_t page = below(user_pages);
    for (int attempt = 0; attempt < 4 && !guest_.is_mapped(loaded().root, user_address(page));
         ++attempt)
        page = below(user_pages);
    return user_address(page) + below(used_slots) * 8;
}

} // namespace differential

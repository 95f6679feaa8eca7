// Pointers that calls and instructions take.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/boot/initial_state.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"

#include <cstring>

namespace guest::hostile {
namespace {

using abi::Call;
using abi::Error;
using abi::PseudoDescriptor;

constexpr std::uint64_t top_page = ~std::uint64_t{0} - page_size + 1;

/// Pointers through which nothing can be read.
std::array<std::uint64_t, 9> bad_pointers() {
    return {std::uint64_t{1} << 63,             // not canonical
            std::uint64_t{1} << 47,             // the first address that is not canonical
            0xFFFF7FFFFFFFFFF8,                 // the last address that is not canonical
            (std::uint64_t{1} << 47) - 4,       // ends at the first address that is not canonical
            ~std::uint64_t{0} - 3,              // wraps
            user_scratch_page,                  // not mapped
            to_linear(monitors_memory()),       // not mapped
            to_linear(no_memory),               // maps no memory
            kernel_base + linear_map_size - 4}; // ends beyond the mapped range
}

void pointers(Attempt& attempt) {
    std::uint64_t refused = 0;
    for (const std::uint64_t pointer : bad_pointers()) {
        const Refusal refusals[]{{Call::set_gdt, {pointer}, Error::bad_address},
                                 {Call::set_idt, {pointer}, Error::bad_address}};
        if (monitor_owns_tables()) {
            expect_refusals(attempt, refusals);
            refused += std::size(refusals);
        }
        const Refusal state[]{{Call::set_initial_ap_state, {pointer, 1}, Error::bad_address}};
        expect_refusals(attempt, state);
        ++refused;
    }
    const abi::InitialState good = initial_state(this_cpu());
    const Refusal numbers[]{
        {Call::set_initial_ap_state, {address_of(&good), 64}, Error::bad_vcpu},
        {Call::set_initial_ap_state, {address_of(&good), ~std::uint64_t{0}}, Error::bad_vcpu},
        {Call::set_initial_ap_state, {address_of(&good), std::uint64_t{1} << 32}, Error::bad_vcpu},
        {Call::set_initial_ap_state, {address_of(&good), 0}, Error::vcpu_running},
    };
    expect_refusals(attempt, numbers);
    attempt.counted(counter::refused, refused + std::size(numbers));
    attempt.counted(counter::injected, 0);
}

/// A page mapped at both ends of the address space, in the kernel's own tables.
class MappedEnds {
  public:
    MappedEnds() : page_(pages::allocate()) {
        for (const std::uint64_t end : {top_page, std::uint64_t{0}}) {
            TableWalk walk(address_spaces::kernel().root);
            page_tables::write(walk.make_entry(end), page_ | pte::read_write);
        }
    }
    ~MappedEnds() {
        for (const std::uint64_t end : {top_page, std::uint64_t{0}}) {
            page_tables::write(page_tables::find(address_spaces::kernel().root, end), 0);
            paravirt::inval_page(end);
        }
        pages::release(page_);
    }
    MappedEnds(const MappedEnds&) = delete;
    MappedEnds& operator=(const MappedEnds&) = delete;

    std::uint8_t* bytes() const { return linear_pointer<std::uint8_t>(page_); }

  private:
    std::uint64_t page_;
};

void pointer_wraps(Attempt& attempt) {
    const MappedEnds ends;
    const PseudoDescriptor good{gdt_limit, address_of(this_cpu().gdt)};
    constexpr std::size_t before_the_end = 4;
    const auto* const from = reinterpret_cast<const std::uint8_t*>(&good);
    std::memcpy(ends.bytes() + page_size - before_the_end, from, before_the_end);
    std::memcpy(ends.bytes(), from + before_the_end, sizeof(good) - before_the_end);
    attempt.told(vmcall(Call::set_gdt, ~std::uint64_t{0} - before_the_end + 1), Error::bad_address);
    // A structure that ends at the last mapped byte is valid.
    std::memcpy(ends.bytes() + page_size - sizeof(good), from, sizeof(good));
    attempt.told(vmcall(Call::set_gdt, ~std::uint64_t{0} - sizeof(good) + 1), Error::none);
    attempt.counted(counter::refused, 1);
}

void invalidations(Attempt& attempt) {
    for (const std::uint64_t pointer : bad_pointers()) {
        attempt.told(caught([pointer] {
                         asm volatile("invlpg (%0)" : : "r"(pointer) : "memory");
                     }),
                     no_exception);
        if (machine().profile == abi::Profile::classic) {
            attempt.told(vmcall(Call::inval_page, pointer), Error::none);
            forge_entry(static_cast<std::uint64_t>(Call::inval_page), pointer);
            forge_entry(static_cast<std::uint64_t>(Call::flush_tlb), pointer);
            attempt.told(drain(), Error::none);
        }
    }
    if (!monitor_owns_tables())
        return;
    const Refusal refusals[]{
        {Call::shootdown, {~std::uint64_t{0}, this_cpu().root}, Error::bad_vcpu},
        {Call::shootdown, {std::uint64_t{1} << 63, 0}, Error::bad_vcpu}};
    expect_refusals(attempt, refusals);
    attempt.told(vmcall(Call::shootdown, 1, ~std::uint64_t{1}), Error::none);
    attempt.counted(counter::refused, 2 * std::size(refusals));
}

struct Operand {
    std::uint64_t address;
    std::uint32_t raised;
};

void table_register_operands(Attempt& attempt) {
    const Operand operands[]{
        {std::uint64_t{1} << 63, interrupts::general_protection},
        {0xFFFF7FFFFFFFFF00, interrupts::general_protection},
        {user_scratch_page, interrupts::page_fault},
    };
    for (const Operand operand : operands) {
        const auto* const at = reinterpret_cast<std::uint8_t*>(operand.address);
        attempt.told(caught([at] {
                         asm volatile("lgdt (%0)" : : "r"(at) : "memory");
                     }),
                     operand.raised);
        attempt.told(caught([at] {
                         asm volatile("lidt (%0)" : : "r"(at) : "memory");
                     }),
                     operand.raised);
        attempt.told(caught([at] {
                         asm volatile("sgdt (%0)" : : "r"(at) : "memory");
                     }),
                     operand.raised);
        attempt.told(caught([at] {
                         asm volatile("sidt (%0)" : : "r"(at) : "memory");
                     }),
                     operand.raised);
    }
    // Mapped but not writable: one by the kernel's page tables, the other because of the monitor
    // alone.
    const std::uint64_t rom = to_linear(abi::rom_base);
    attempt.told(caught([rom] {
                     asm volatile("sgdt (%0)" : : "r"(rom) : "memory");
                 }),
                 interrupts::page_fault);
    if (monitor_owns_tables()) {
        const std::uint64_t own = address_of(this_cpu().gdt) + 8; // the kernel's code segment
        attempt.told(caught([own] {
                         asm volatile("sgdt (%0)" : : "r"(own) : "memory");
                     }),
                     interrupts::general_protection);
    }
}

constexpr AttackCode codes[]{
    {"pointers", pointers},
    {"pointer-wraps", pointer_wraps},
    {"invalidations", invalidations},
    {"table-register-operands", table_register_operands},
};

} // namespace

std::span<const AttackCode> pointer_attacks() { return codes; }

} // namespace guest::hostile

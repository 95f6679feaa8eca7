// Leaving 64-bit mode. The monitor's vCPUs run in 64-bit mode only, so the code outside it is
// interpreted until the guest is back, and the state with which it comes back is checked.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/hostile/outside_64_bit_mode.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"

#include <algorithm>
#include <array>
#include <cstring>

// The code to copy (outside_64_bit_mode.S); runs at any address below 4 GiB.
extern "C" {
extern const std::uint8_t hostile_outside[];
extern const std::uint8_t hostile_outside_end[];
}

namespace guest::hostile {
namespace {

constexpr std::uint64_t code_32_descriptor = 0x00CF9B000000FFFF; // D, not L
constexpr std::uint16_t code_32_selector = selector(gdt_spare, 0);

void load_gdt(std::uint64_t base) {
    const abi::PseudoDescriptor descriptor{gdt_limit, base};
    paravirt::set_gdt(&descriptor);
}

/// An address space with a copy of the code and copies of the GDT at their physical addresses. It
/// is never destroyed: entries through which a GDT is mapped may not be unlinked
/// (docs/profiles.md).
class LowGround {
  public:
    LowGround() : space_(address_spaces::create(1)) {
        std::generate(pages_.begin(), pages_.end(), pages::allocate);
        std::sort(pages_.begin(), pages_.end()); // TableWalk needs ascending addresses
        TableWalk walk(space_.root);
        for (const std::uint64_t page : pages_)
            page_tables::write(walk.make_entry(page),
                               page | (page == code() ? pte::read_execute : pte::read_write));
        std::memcpy(linear_pointer<void>(code()), hostile_outside,
                    static_cast<std::size_t>(hostile_outside_end - hostile_outside));
        for (std::uint64_t* const copy : {gdt(), other_gdt()}) {
            std::memcpy(copy, this_cpu().gdt, gdt_limit + 1);
            copy[gdt_spare] = code_32_descriptor;
        }
        journey() = {.stack_pointer = 0,
                     .root = static_cast<std::uint32_t>(space_.root),
                     .store_to = 0,
                     .gdt = {gdt_limit, to_physical(address_of(gdt()))}};
    }

    std::uint64_t* gdt() const { return linear_pointer<std::uint64_t>(pages_[1]); }
    std::uint64_t* other_gdt() const { return linear_pointer<std::uint64_t>(pages_[2]); }
    Journey& journey() const { return *linear_pointer<Journey>(journey_address()); }

    Caught leave() const {
        address_spaces::load(space_.root);
        const Caught result = caught([this] {
            load_gdt(to_physical(address_of(gdt())));
            hostile_leave(code(), code_32_selector, journey_address());
        });
        load_gdt(address_of(this_cpu().gdt));
        address_spaces::load(address_spaces::kernel().root);
        return result;
    }

  private:
    std::uint64_t code() const { return pages_[0]; }
    std::uint64_t journey_address() const { return pages_[3] + page_size / 2; }

    AddressSpace space_;
    std::array<std::uint64_t, 4> pages_{};
};

void leave_64_bit_mode(Attempt& attempt) {
    const LowGround ground;
    for (std::uint32_t round = 0; round < 3; ++round)
        attempt.told(ground.leave(), no_exception);
    std::uint64_t word = 0;
    ground.journey().store_to = static_cast<std::uint32_t>(to_physical(address_of(&word)));
    attempt.told(ground.leave(), no_exception);
    attempt.expect(word == ground.journey().store_to, "the store was made");
    // One exit a journey where the monitor interprets the way back; where the processor runs it,
    // the MOV to CR0 that ends it is another.
    const std::uint64_t exits = attempt.difference(counter::exit(abi::ExitReason::cr_access));
    attempt.expect(exits == 4 || (exits == 8 && !monitor_owns_tables()),
                   "one or two CR_ACCESS a journey");
}

void store_to_gdt(Attempt& attempt) {
    const LowGround ground;
    ground.journey().store_to = static_cast<std::uint32_t>(to_physical(address_of(ground.gdt())));
    attempt.told(ground.leave(), no_exception);
}

void come_back_with_gate(Attempt& attempt) {
    const LowGround ground;
    ground.other_gdt()[gdt_first_tls] = system_descriptor(0, 0, system_type_call_gate).low;
    ground.journey().gdt.base = to_physical(address_of(ground.other_gdt()));
    attempt.told(ground.leave(), no_exception);
}

void come_back_to_other_root(Attempt& attempt) {
    const LowGround ground;
    const std::uint64_t root = pages::allocate();
    std::memcpy(linear_pointer<void>(root), linear_pointer<void>(ground.journey().root), page_size);
    ground.journey().root = static_cast<std::uint32_t>(root);
    attempt.told(ground.leave(), no_exception);
}

constexpr AttackCode codes[]{
    {"leave-64-bit-mode", leave_64_bit_mode},
    {"stop-store-outside-64-bit-mode", store_to_gdt},
    {"stop-gate-from-outside", come_back_with_gate},
    {"stop-root-from-outside", come_back_to_other_root},
};

} // namespace

std::span<const AttackCode> mode_attacks() { return codes; }

} // namespace guest::hostile

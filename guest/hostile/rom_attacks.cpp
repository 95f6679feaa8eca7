// Attacks on the ROM and the ring as memory: they are written, executed, and entered at any
// address.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/hostile/ring_3.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/memory_probe.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/rom_header.h"

namespace guest::hostile {
namespace {

constexpr std::uint64_t linear = 0x30000000; ///< in the user half; nothing is mapped there
constexpr std::uint64_t window_pages =
    (abi::statistics_base + page_size - abi::rom_base) / page_size;

/// The ROM's window, [rom_base, statistics page], in ring 3's half of the loaded address space.
class MappedWindow {
  public:
    MappedWindow(const AddressSpace& space, std::uint64_t rights) : space_(space) {
        TableWalk walk(space.root);
        for (std::uint64_t i = 0; i < window_pages; ++i)
            page_tables::write(walk.make_entry(linear + i * page_size),
                               (abi::rom_base + i * page_size) | rights);
    }
    ~MappedWindow() {
        for (std::uint64_t i = 0; i < window_pages; ++i)
            page_tables::write(page_tables::find(space_.root, linear + i * page_size), 0);
        address_ranges::invalidate(space_, linear, window_pages);
    }
    MappedWindow(const MappedWindow&) = delete;
    MappedWindow& operator=(const MappedWindow&) = delete;

    static std::uint64_t at(std::uint64_t physical) { return linear + physical - abi::rom_base; }

  private:
    const AddressSpace& space_;
};

/// An address space that is loaded.
class LoadedSpace {
  public:
    LoadedSpace() : space_(address_spaces::create(1)) { address_spaces::load(space_.root); }
    ~LoadedSpace() {
        address_spaces::load(address_spaces::kernel().root);
        address_spaces::destroy(space_);
    }
    LoadedSpace(const LoadedSpace&) = delete;
    LoadedSpace& operator=(const LoadedSpace&) = delete;
    const AddressSpace& space() const { return space_; }

  private:
    AddressSpace space_;
};

std::uint64_t rom_size() {
    return std::uint64_t{linear_pointer<const abi::RomHeader>(abi::rom_base)->length} *
           abi::rom_size_unit;
}

void rom_writes(Attempt& attempt) {
    const LoadedSpace loaded;
    const MappedWindow window(loaded.space(), pte::read_write);
    const std::uint64_t rom_pages = (rom_size() + page_size - 1) / page_size;
    const auto attack = [&](std::uint64_t physical) {
        const std::uint64_t address = MappedWindow::at(physical);
        std::uint64_t before = 0;
        std::uint64_t after = 0;
        attempt.expect(try_read(address, before), "it can be read");
        attempt.told(caught([address] { *reinterpret_cast<volatile std::uint64_t*>(address) = 0; }),
                     interrupts::general_protection);
        attempt.expect(try_read(address, after), "it is still there");
        attempt.expect(physical == abi::statistics_base || before == after, "and is as it was");
    };
    for (std::uint64_t i = 0; i < rom_pages; ++i)
        attack(abi::rom_base + i * page_size);
    attack(abi::statistics_base);
    attempt.counted(counter::refused_accesses, rom_pages + 1);
}

struct Steps {
    std::uint64_t left;
    std::uint64_t vmcalls;
    bool is_vmcall; ///< the instruction that was stepped over is a VMCALL
    std::uint64_t wrong;
};
Steps steps;
constexpr std::uint64_t steps_each = 8;

bool is_vmcall_at(std::uint64_t rip) {
    if (rip < linear || rip + 3 > linear + abi::rom_max_size)
        return false;
    const auto* const code = linear_pointer<const std::uint8_t>(abi::rom_base + (rip - linear));
    return code[0] == 0x0F && code[1] == 0x01 && code[2] == 0xC1;
}

bool step(InterruptFrame& frame) {
    if (steps.is_vmcall) {
        ++steps.vmcalls;
        steps.wrong +=
            frame.rax == static_cast<std::uint64_t>(abi::Error::not_privileged) ? 0U : 1U;
    }
    if (steps.left-- == 0)
        return false;
    steps.is_vmcall = is_vmcall_at(frame.rip);
    frame.rflags |= rflags_tf;
    return true;
}

/// Restores the control page after ring 3 has scribbled in it and all exits have drained what it
/// queued.
void restore(const abi::ControlPage& control) {
    drain();
    abi::ControlPage& page = const_cast<abi::ControlPage&>(vcpu_area().control);
    const abi::RingHeader ring = page.ring;
    page = control;
    page.ring = ring;
}

void rom_every_byte(Attempt& attempt) {
    Ring3 ring_3;
    const MappedWindow window(ring_3.space(), pte::present | pte::accessed | pte::dirty |
                                                  pte::writable | pte::user);
    const std::uint64_t size = rom_size();
    constexpr std::uint64_t garbage[]{0, 37, ~std::uint64_t{0}, 0x8000000000000000};
    static abi::ControlPage control;
    control = const_cast<const abi::ControlPage&>(vcpu_area().control);
    std::uint64_t exceptions = 0;
    const std::uint64_t refused = count_of(counter::refused);
    steps = {};
    for (std::uint64_t offset = 0; offset < size; ++offset) {
        Ring3Start start = Ring3::start_at(linear + offset);
        start.rflags |= rflags_tf;
        start.rax = garbage[offset % std::size(garbage)];
        start.rdi = start.rsi = start.rdx = start.rax;
        steps.left = steps_each;
        steps.is_vmcall = is_vmcall_at(start.rip);
        const Caught caught = Ring3::run(start, step);
        attempt.told(caught, caught.vector);
        exceptions += caught.vector != no_exception ? 1U : 0U;
    }
    restore(control);
    attempt.expect(exceptions == size, "each ends in an exception");
    attempt.expect(steps.wrong == 0, "each VMCALL is not_privileged");
    attempt.expect(steps.vmcalls != 0, "there are VMCALLs");
    attempt.expect(count_of(counter::refused) - refused >= steps.vmcalls, "each was counted");
    attempt.expect(attempt.difference(counter::injected) <= exceptions, "and in no others");
}

void ring_executed(Attempt& attempt) {
    const LoadedSpace loaded;
    const MappedWindow window(loaded.space(), pte::read_execute);
    constexpr std::uint64_t places[]{abi::vcpu_area_base, abi::vcpu_area_base + page_size,
                                     abi::vcpu_area_base + 5 * page_size - 1, abi::statistics_base};
    for (const std::uint64_t place : places) {
        const std::uint64_t address = MappedWindow::at(place);
        const Caught caught = hostile::caught([address] {
            asm volatile("jmp *%0" : : "r"(address));
        });
        attempt.told(caught, interrupts::general_protection);
        attempt.expect(caught.rip == address, "nothing was executed");
    }
    attempt.counted(counter::injected, std::size(places));
}

constexpr AttackCode codes[]{
    {"rom-writes", rom_writes},
    {"rom-every-byte", rom_every_byte},
    {"ring-executed", ring_executed},
};

} // namespace

std::span<const AttackCode> rom_attacks() { return codes; }

} // namespace guest::hostile

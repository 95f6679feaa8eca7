// What the guest does.

#include "tests/unit/fake/guests/model_guest.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/vmx/controls.h"
#include "shared/guest_physical_layout.h"
#include "shared/page_table_calls.h"

#include <cstring>
#include <iterator>
#include <sstream>

namespace hv::test {

namespace {

constexpr std::uint64_t slots[]{0, 1, 2, 3, 5, 0xD0, 0xD8, 0xDE, 256};
constexpr std::uint64_t kernel_slot = 511;

// Where the kernel's stores lie, in the order of ModelGuest::Instruction.
constexpr std::uint8_t code[]{0x48, 0x89, 0x17, 0,    0, 0, 0, 0,  // mov %rdx,(%rdi)
                              0x89, 0x17, 0,    0,    0, 0, 0, 0,  // mov %edx,(%rdi)
                              0x0F, 0x11, 0x07, 0,    0, 0, 0, 0,  // movups %xmm0,(%rdi)
                              0xF0, 0x48, 0x09, 0x17, 0, 0, 0, 0,  // lock or %rdx,(%rdi)
                              0x48, 0x87, 0x17, 0,    0, 0, 0, 0}; // xchg %rdx,(%rdi)

// Every frame of the pool may become a root, so each has the kernel in the last slot.
void prepare(KernelMachine& machine, std::uint64_t begin, std::uint32_t frames,
             std::uint64_t code_page) {
    for (std::uint32_t index = 0; index < frames; ++index)
        machine.word(begin + index * page_size + kernel_slot * 8) =
            machine.word(machine.root + kernel_slot * 8);
    std::memcpy(direct_pointer(code_page), std::data(code), std::size(code));
}

} // namespace

ModelGuest::Processor::Processor(Machine& machine, Random& random, std::uint32_t number)
    : mmu{direct_pointer(0), fake_ram_size}, cpu{machine, random, number} {}

ModelGuest::ModelGuest(const Settings& settings)
    : settings_{settings}, random_{settings.seed}, machine_{settings.shadow_tables, settings.vcpus,
                                                            settings.unaware} {
    prepare(machine_, pool_begin, pool_frames, code_page);
    machine_.kicks_end_late = true;
    for (std::uint32_t number = 0; number < settings.vcpus; ++number) {
        processors_.push_back(std::make_unique<Processor>(machine_, random_, number));
        processors_.back()->mmu.load_root(machine_.root);
        processors_.back()->mmu.invalidate_all();
        machine_.on(number, [&] {
            machine_.fields[Field::guest_cs_access_rights] = 0xA09B;
            settle(machine_.vcpu());
            machine_.area().control.cr3 = machine_.root;
        });
        machine_.enter(number);
    }
}

void ModelGuest::store_everywhere(std::uint64_t gpa, std::uint64_t value, bool complete) {
    for (const auto& each : processors_)
        each->mmu.store(gpa, value, complete && each.get() == &processor());
}

bool ModelGuest::is_root(std::uint64_t frame) const {
    for (const auto& each : processors_)
        if (each->mmu.root() / page_size == frame)
            return true;
    return false;
}

bool ModelGuest::finish() {
    for (std::uint32_t number = 0; number < settings_.vcpus; ++number) {
        machine_.run_on(number);
        if (!call(abi::Call::flush) || !finish_kicks())
            return false;
    }
    return check_everything();
}

bool ModelGuest::complain(const std::string& what) {
    std::ostringstream text;
    text << what << " (seed " << settings_.seed << ", operation " << operations_ << ", vCPU "
         << machine_.vcpu().number << ", root 0x" << std::hex << mmu().root() << ")\n"
         << machine_.console;
    complaint = text.str();
    return false;
}

std::uint64_t ModelGuest::any_slot() { return slots[random_.below(std::size(slots))]; }

// Often one on the way to an address that is in use.
std::uint64_t ModelGuest::any_entry_address() {
    if (random_.chance(40)) {
        const ReferenceWalk walk = mmu().walk(recent_[random_.next() % recent_.size()], {});
        const std::uint64_t gpa = walk.entry[random_.below(4) % walk.steps];
        if (gpa >= pool_begin && gpa < frame(pool_frames) && gpa % page_size / 8 != kernel_slot)
            return gpa;
    }
    return any_frame() + any_slot() * 8;
}

// A value for the entry at `gpa`: often what it has, with one bit changed; or what an entry of
// another address has, so that both lead to the same table.
std::uint64_t ModelGuest::any_change(std::uint64_t gpa) {
    constexpr std::uint8_t bits[]{0, 1, 1, 2, 5, 6, 8, 63};
    const std::uint32_t what = random_.below(100);
    if (what < 40)
        return mmu().word(gpa) ^ std::uint64_t{1} << bits[random_.below(std::size(bits))];
    if (what < 50) {
        const ReferenceWalk walk = mmu().walk(recent_[random_.next() % recent_.size()], {});
        return mmu().word(walk.entry[random_.below(4) % walk.steps]);
    }
    return any_entry();
}

// As kernels do it: an entry on the way to an address is changed, the address invalidated and used.
bool ModelGuest::change_and_invalidate() {
    const std::uint64_t linear = recent_[random_.next() % recent_.size()];
    if (!access(linear, {.user = true}, {}))
        return false;
    const ReferenceWalk walk = mmu().walk(linear, {});
    const std::uint64_t gpa =
        walk.entry[random_.chance(70) ? walk.steps - 1 : random_.below(4) % walk.steps];
    if (gpa < pool_begin || gpa >= frame(pool_frames) || gpa % page_size / 8 == kernel_slot)
        return true;
    if (settings_.rom && random_.chance(50)) {
        machine_.area().control.stale_translations = 1;
        if (!queue(abi::Call::set_pxe, any_change(gpa), gpa, abi::update_flags::defer))
            return false;
    } else if (!access(Machine::linear_base + gpa, {.write = true},
                       {Instruction::store, any_change(gpa)})) {
        return false;
    }
    if (!invalidate(linear))
        return false;
    if (!waiting().empty() && !call(abi::Call::flush))
        return false;
    return access(linear, {.user = random_.chance(50)}, {});
}

std::uint64_t ModelGuest::any_linear() {
    if (random_.chance(80))
        return (recent_[random_.next() % recent_.size()] & ~std::uint64_t{0xFFF}) | any_slot() * 8;
    constexpr std::uint64_t fourth[]{0, 1, 2, 256};
    constexpr std::uint64_t second[]{0, 1, 3};
    constexpr std::uint64_t first[]{0, 1, 2, 5, 0, 1, 2, 5, 0xD0, 0xD8, 0xDE};
    const std::uint64_t top = fourth[random_.below(std::size(fourth))];
    const std::uint64_t linear = top << 39 | std::uint64_t{random_.below(3)} << 30 |
                                 second[random_.below(std::size(second))] << 21 |
                                 first[random_.below(std::size(first))] << 12 | any_slot() * 8;
    const std::uint64_t canonical = top < 256 ? linear : linear | 0xFFFF'0000'0000'0000;
    recent_[random_.next() % recent_.size()] = canonical;
    return canonical;
}

std::uint64_t ModelGuest::any_entry() {
    if (random_.chance(8))
        return random_.chance(50) ? 0 : random_.next() << 12 & ~std::uint64_t{1};
    std::uint64_t entry = 1;
    entry |= random_.chance(85) ? 2 : 0;
    entry |= random_.chance(75) ? 4 : 0;
    entry |= random_.chance(5) ? 8U << random_.below(2) : 0;
    entry |= random_.chance(75) ? 0x20 : 0;
    entry |= random_.chance(70) ? 0x40 : 0;
    entry |= random_.chance(20) ? 0x100 : 0;
    entry |= random_.chance(6) ? std::uint64_t{1} << 63 : 0;
    if (random_.chance(12)) // a large page, at the right address or not
        return entry | 0x80 | (random_.chance(50) ? 0 : random_.chance(90) ? pool_begin : 0x5000);
    if (random_.chance(3)) {
        constexpr std::uint64_t special[]{abi::rom_base,
                                          abi::vcpu_area_base,
                                          abi::statistics_base,
                                          fake_ram_size + 0x5000,
                                          fake_memory_end + 0x1000,
                                          std::uint64_t{1} << 45,
                                          0xB8000,
                                          0xFEC00000};
        return entry | special[random_.below(std::size(special))];
    }
    return entry | any_frame();
}

std::uint8_t ModelGuest::level_of(std::uint64_t gpa) const {
    const std::uint64_t index = (gpa - pool_begin) / page_size;
    return gpa >= pool_begin && index < pool_frames ? registered_[index] : std::uint8_t{0};
}

bool ModelGuest::step() {
    if (settings_.vcpus > 1 && random_.chance(20))
        machine_.run_on(random_.below(settings_.vcpus));
    return operate() && finish_kicks();
}

bool ModelGuest::operate() {
    ++operations_;
    machine_.console.clear();
    machine_.vcpu().refusals_named = 0;
    const std::uint32_t what = random_.below(1000);
    if (what < settings_.stores)
        return store_to_frame(any_entry_address());
    if (what < 930) {
        const bool calls = settings_.rom && random_.chance(settings_.calls);
        return calls ? queue_call() : random_access();
    }
    if (what < 960)
        return load_root();
    if (what < 963)
        return change_modes();
    if (what < 970)
        return change_and_invalidate();
    if (what < 990 || waiting().empty())
        return invalidate(any_linear());
    return call(abi::Call::flush);
}

// Through the kernel's map of all memory.
bool ModelGuest::store_to_frame(std::uint64_t gpa) {
    Store store{Instruction::store, any_change(gpa)};
    if (random_.chance(15))
        store.instruction = static_cast<Instruction>(1 + random_.below(4));
    if (store.instruction == Instruction::store_two)
        gpa &= ~std::uint64_t{15};
    return access(Machine::linear_base + gpa, {.write = true}, store);
}

bool ModelGuest::random_access() {
    std::uint64_t linear = any_linear();
    Access how;
    how.user = random_.chance(50);
    how.write = random_.chance(40);
    how.fetch = !how.write && random_.chance(25);
    Store store{Instruction::store, any_entry()};
    if (how.write && random_.chance(15))
        store.instruction = static_cast<Instruction>(1 + random_.below(4));
    if (store.instruction == Instruction::store_two)
        linear &= ~std::uint64_t{15};
    return access(linear, how, store);
}

bool ModelGuest::load_root() {
    const std::uint64_t root = frame(random_.below(random_.chance(80) ? 5 : pool_frames));
    if (settings_.rom && random_.chance(60)) {
        if (!waiting().empty() || random_.chance(20))
            return queue(abi::Call::set_cr3, root, 0, 0);
        std::uint64_t guest_root = root;
        std::uint64_t value = root;
        for (const abi::RootPair& pair : machine_.area().control.root_pair)
            if (pair.guest_root == root)
                value = pair.loaded;
        if (processor().old_pair_root != 0 && random_.chance(50)) {
            guest_root = processor().old_pair_root;
            value = processor().old_pair_value;
        } else if (value != root && random_.chance(10)) {
            // Read now and loaded later; without another load in between, as with interrupts off.
            processor().old_pair_root = root;
            processor().old_pair_value = value;
            return true;
        }
        if (value != root || guest_root != root) {
            processor().old_pair_root = 0;
            machine_.vcpu().registers.rdi = guest_root;
            machine_.area().control.cr3 = guest_root; // as the ROM does
            if (cpu().load_cr3(value)) {
                ++free_loads;
                mmu().load_root(guest_root);
                return hv::guest_cr3(machine_.vcpu()) == guest_root ||
                       complain("a root that was loaded without an exit is not the guest's");
            }
            return move_to_control_register(3, value);
        }
    }
    if (settings_.unaware && cpu().load_cr3(root)) {
        ++free_loads;
        mmu().load_root(root);
        return hv::guest_cr3(machine_.vcpu()) == root ||
               complain("a root that was loaded without an exit is not the guest's");
    }
    return move_to_control_register(3, random_.chance(1) ? 0xFFFFF000 : root);
}

bool ModelGuest::change_modes() {
    PagingModes& modes = mmu().modes;
    switch (random_.below(4)) {
    case 0: { // EFER.NXE, which vCPUs have alike
        if (settings_.vcpus > 1)
            return true;
        machine_.vcpu().registers.rcx = 0xC0000080;
        machine_.vcpu().registers.rax = 0x501U | (modes.execute_disable ? 0U : 0x800U);
        machine_.vcpu().registers.rdx = 0;
        do {
            if (!exit(abi::ExitReason::msr_write))
                return false;
        } while (machine_.fields[Field::guest_rip] == Machine::linear_base + code_page); // paused
        modes.execute_disable = !modes.execute_disable;
        mmu().invalidate_all();
        return true;
    }
    case 1:
        machine_.fields[Field::guest_rflags] ^= 1 << 18; // AC
        break;
    case 2:
        return move_to_control_register(0, 0x80000031U | (modes.write_protect ? 0U : 1U << 16));
    default: {
        const std::uint64_t cr4 = 0x20U | (random_.chance(60) ? 0x80U : 0) |
                                  (random_.chance(30) ? 1U << 20 : 0) |
                                  (random_.chance(30) ? 1U << 21 : 0);
        if (!move_to_control_register(4, cr4))
            return false;
    }
    }
    const std::uint64_t cr4 = machine_.fields[Field::guest_cr4];
    modes.user_access =
        (cr4 >> 21 & 1) == 0 || (machine_.fields[Field::guest_rflags] >> 18 & 1) != 0;
    return true;
}

bool ModelGuest::invalidate(std::uint64_t linear) {
    linear &= ~std::uint64_t{0xFFF};
    if (settings_.rom && random_.chance(60))
        return invalidate_by_rom(linear, random_.chance(15));
    const bool exits = (machine_.fields[Field::primary_processor_based_controls] &
                        primary_processor_based::invlpg_exiting) != 0;
    if (!exits && !settings_.unaware)
        return complain("INVLPG does not exit");
    if (!exits) {
        cpu().drop_page(linear);
        mmu().invalidate_page(linear);
        return true;
    }
    machine_.fields[Field::exit_qualification] = linear;
    if (!exit(abi::ExitReason::invlpg))
        return false;
    mmu().invalidate_page(linear);
    return true;
}

} // namespace hv::test

// Shadow paging outside IA-32e mode: without paging, under 32-bit paging and under PAE paging. A
// guest that changes its page tables at random is compared with a walk that is written here, from
// SDM vol. 3, 4.3 and 4.4, and shares no code with the monitor; the processor's walk of the shadow
// tables is written here too.

#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/registers/operating_mode.h"
#include "hypervisor/x86/control_register.h"
#include "shared/call_number.h"
#include "tests/unit/fake/entry_bits.h"
#include "tests/unit/fake/machine.h"
#include "tests/unit/fake/shadow_processor.h"

#include <gtest/gtest.h>

#include <optional>

namespace hv::test {
namespace {

enum class Mode : std::uint8_t { unpaged, two_level, two_level_without_pse, pae };

using namespace entry_bits;

constexpr std::uint64_t pool_begin = 0x600000;
constexpr std::uint32_t pool_frames = 24;

struct Found {
    std::optional<std::uint64_t> gpa; ///< of the byte, if the access is allowed
    std::uint32_t code = 0;           ///< of the fault
    std::uint64_t last = 0;           ///< address of the entry that maps the page
    std::uint64_t last_entry = 0;
};

class LegacyGuest {
  public:
    LegacyGuest(std::uint64_t seed, Mode mode, bool unaware)
        : random_{seed}, mode_{mode}, machine_{256, 1, unaware} {
        machine_.machine().protects = false;
        vcpu().cr0_mask = ~std::uint64_t{0};
        load_protected_mode_state(vcpu(), 8, 0x10);
        if (mode == Mode::pae)
            move_to(4, cr4::physical_address_extension);
        if (mode == Mode::two_level)
            move_to(4, cr4::page_size_extensions);
        fill_root();
        move_to(3, root_);
        if (mode != Mode::unpaged)
            move_to(0, cr0::paging | cr0::protection_enable | cr0::write_protect);
    }

    std::string complaint;
    std::uint64_t mapped = 0;
    std::uint64_t faults = 0;
    std::uint64_t trapped = 0;
    std::uint64_t called = 0;

    bool step() {
        const std::uint32_t kind = random_.below(10);
        if (kind < 2) {
            store(any_entry_address(), any_entry());
        } else if (kind == 2) {
            set_by_call(any_entry_address(), any_entry());
        } else if (kind == 3) {
            if (mode_ != Mode::unpaged && random_.chance(20))
                fill_root();
            load_root();
        } else {
            load_root(); // what was stored before takes effect
            access(any_linear(), {random_.chance(50), random_.chance(50), random_.chance(20)});
        }
        if (complaint.empty() && !machine_.shadows().consistent())
            complaint = "the shadow tables are not consistent: " + machine_.console;
        return complaint.empty();
    }

  private:
    Random random_;
    Mode mode_;
    ClassicMachine machine_;
    std::uint64_t root_ = pool_begin;

    Vcpu& vcpu() { return machine_.vcpu(); }
    std::uint32_t entry_size() const { return mode_ == Mode::pae ? 8 : 4; }

    void exit(abi::ExitReason reason) {
        machine_.fields[Field::vm_entry_interruption_information] = 0;
        machine_.exit(0, reason);
    }

    void move_to(std::uint32_t number, std::uint64_t value) {
        vcpu().registers.rbx = value;
        machine_.fields[Field::exit_qualification] = number | 3 << 8;
        machine_.fields[Field::vm_exit_instruction_length] = 3;
        const std::uint64_t rip = machine_.fields[Field::guest_rip];
        do { // an exit that has no time for all of it leads back to the instruction
            exit(abi::ExitReason::cr_access);
            if (machine_.fields[Field::vm_entry_interruption_information] != 0)
                complaint = "MOV to CR" + std::to_string(number) + " was refused";
        } while (machine_.fields[Field::guest_rip] == rip && complaint.empty());
    }

    // PAE paging: whether MOV to CR3 takes the four entries.
    bool has_valid_pointers() {
        constexpr std::uint64_t reserved = 0xFFF0'0000'0000'01E6;
        for (std::uint32_t index = 0; mode_ == Mode::pae && index < 4; ++index)
            if (const std::uint64_t pointer = machine_.word(root_ + index * 8);
                (pointer & present) != 0 && (pointer & reserved) != 0)
                return false;
        return true;
    }
    void load_root() {
        if (!has_valid_pointers())
            fill_root();
        if (random_.chance(50))
            move_to(3, root_);
        else
            call(abi::Call::set_cr3, root_, 0, 0);
    }

    std::uint64_t any_frame() { return pool_begin + random_.below(pool_frames) * page_size; }

    std::uint64_t any_entry() {
        std::uint64_t entry = any_frame();
        for (const std::uint64_t bit : {present, writable, user})
            entry |= random_.chance(85) ? bit : 0;
        for (const std::uint64_t bit : {accessed, dirty})
            entry |= random_.chance(50) ? bit : 0;
        if (random_.chance(10)) {
            entry |= large;
            if (mode_ == Mode::two_level && random_.chance(70)) // without reserved bits
                entry &= ~std::uint64_t{0x3FF000};
        }
        if (mode_ == Mode::pae && random_.chance(10))
            entry |= execute_disable;
        if (mode_ == Mode::pae && random_.chance(3))
            entry |= std::uint64_t{1} << 55;
        return entry;
    }

    // Few of them, so that stores and accesses meet.
    std::uint32_t any_index() { return random_.below(4) * 256 + random_.below(2); }
    std::uint64_t any_entry_address() {
        return any_frame() + any_index() % (page_size / entry_size()) * entry_size();
    }
    std::uint64_t any_linear() {
        if (mode_ == Mode::unpaged)
            return any_frame() + random_.below(page_size);
        const std::uint64_t page = random_.below(page_size);
        if (mode_ == Mode::pae)
            return std::uint64_t{random_.below(4)} << 30 | std::uint64_t{any_index() % 512} << 21 |
                   std::uint64_t{any_index() % 512} << 12 | page;
        return std::uint64_t{any_index()} << 22 | std::uint64_t{any_index()} << 12 | page;
    }

    std::uint32_t& small_word(std::uint64_t gpa) {
        return reinterpret_cast<std::uint32_t*>(
            &machine_.word(gpa & ~std::uint64_t{7}))[gpa / 4 % 2];
    }
    std::uint64_t entry_at(std::uint64_t gpa) {
        return entry_size() == 8 ? machine_.word(gpa) : small_word(gpa);
    }

    void fill_root() {
        root_ = any_frame();
        if (mode_ != Mode::pae)
            return;
        root_ += random_.below(4) * 32;
        for (std::uint32_t index = 0; index < 4; ++index)
            store(root_ + index * 8, any_frame() | (random_.chance(80) ? present : 0));
    }

    // A store of the kernel's: by itself where the page is writable, else in the monitor.
    void store(std::uint64_t gpa, std::uint64_t value) {
        Frame& frame = *machine_.machine().frames.of_address(gpa);
        if (frame.write_locks != 0 && machine_.shadows().can_unsync(frame))
            (void)machine_.shadows().unsync(frame);
        if (frame.write_locks == 0) {
            if (entry_size() == 8)
                machine_.word(gpa) = value;
            else
                small_word(gpa) = static_cast<std::uint32_t>(value);
            return;
        }
        ++trapped;
        const std::uint64_t at = gpa & ~std::uint64_t{7};
        std::uint64_t merged = value;
        if (entry_size() == 4) {
            const std::uint32_t shift = gpa % 8 * 8;
            merged = (machine_.word(at) & ~(std::uint64_t{0xFFFFFFFF} << shift)) |
                     (value & 0xFFFFFFFF) << shift;
        }
        if (machine_.machine().page_tables.set_entry(at, merged) != abi::Error::none)
            complaint = "a store to a page table was refused";
        settle(vcpu());
    }

    // The same by VMI's call.
    void set_by_call(std::uint64_t gpa, std::uint64_t value) {
        if (entry_size() == 4)
            call(abi::Call::set_pxe, value, gpa, 0);
        else
            call(abi::Call::set_pxe_long, value & 0xFFFFFFFF, gpa, value >> 32);
        if (entry_at(gpa) != (entry_size() == 4 ? value & 0xFFFFFFFF : value))
            complaint = "a call has written another value";
        ++called;
    }

    // By a VMCALL, whose registers have anything in their upper halves, or through the ring.
    void call(abi::Call number, std::uint64_t first, std::uint64_t second, std::uint64_t third) {
        const std::uint64_t upper = std::uint64_t{random_.below(100)} << 32;
        GuestRegisters registers = vcpu().registers;
        registers.rax = static_cast<std::uint64_t>(number);
        registers.rdi = first | upper;
        registers.rsi = second | upper;
        registers.rdx = third;
        if (random_.chance(50)) {
            abi::VcpuArea& area = *vcpu().area;
            abi::RingEntry& entry = area.entry[area.control.ring.tail++ % abi::ring_capacity];
            entry = {};
            entry.call = static_cast<std::uint16_t>(number);
            entry.argument[0] = first;
            entry.argument[1] = second;
            entry.argument[2] = third;
            registers.rax = static_cast<std::uint64_t>(abi::Call::flush);
        }
        const std::uint64_t rip = machine_.fields[Field::guest_rip];
        do {
            vcpu().registers = registers;
            exit(abi::ExitReason::vmcall);
        } while (machine_.fields[Field::guest_rip] == rip);
        if (vcpu().registers.rax != 0)
            complaint = "a call was refused: " + std::to_string(vcpu().registers.rax);
    }

    // What the guest's own tables say.
    Found walk(std::uint64_t linear, Access access) {
        Found found;
        found.code = (access.write ? 2U : 0) | (access.user ? 4U : 0) |
                     (access.fetch && machine_.machine().features.execute_disable ? 16U : 0);
        if (mode_ == Mode::unpaged) {
            found.gpa = linear;
            return found;
        }
        std::uint64_t table = root_;
        if (mode_ == Mode::pae) {
            const std::uint64_t pointer = machine_.word(root_ + (linear >> 30) * 8);
            if ((pointer & present) == 0)
                return found;
            table = pointer & address;
        }
        bool may_write = true;
        bool may_user = true;
        bool may_fetch = true;
        const int index_bits = mode_ == Mode::pae ? 9 : 10;
        for (int level = 2; level >= 1; --level) {
            const int shift = 12 + (level - 1) * index_bits;
            const std::uint64_t index = linear >> shift & ((1U << index_bits) - 1);
            const std::uint64_t at = table + index * entry_size();
            const std::uint64_t entry = entry_at(at);
            if ((entry & present) == 0)
                return found;
            const bool has_large = mode_ == Mode::pae || mode_ == Mode::two_level;
            const bool maps = level == 1 || (has_large && (entry & large) != 0);
            std::uint64_t reserved = 0;
            if (mode_ == Mode::pae)
                reserved = 0x7FF0'0000'0000'0000 | (maps && level == 2 ? 0x1FE000 : 0);
            else if (maps && level == 2)
                reserved = 1U << 21;
            if ((entry & reserved) != 0) {
                found.code |= 1 | 8;
                return found;
            }
            may_write = may_write && (entry & writable) != 0;
            may_user = may_user && (entry & user) != 0;
            may_fetch = may_fetch && (entry & execute_disable) == 0;
            if (!maps) {
                table = entry & address;
                continue;
            }
            found.last = at;
            found.last_entry = entry;
            found.code |= 1;
            if ((access.user && !may_user) || (access.write && !may_write) ||
                (access.fetch && !may_fetch))
                return found;
            const std::uint64_t size = std::uint64_t{1} << shift;
            std::uint64_t page = entry & address & ~(size - 1);
            if (mode_ != Mode::pae && level == 2)
                page = (entry & 0xFFC00000) | (entry >> 13 & 0xFF) << 32;
            found.gpa = page | (linear & (size - 1));
            return found;
        }
        return found;
    }

    // What the processor finds below its CR3 (4.4), and whether that allows the access.
    std::optional<std::uint64_t> hardware(std::uint64_t linear, Access access) {
        std::uint64_t table = machine_.fields[Field::guest_cr3];
        const std::uint64_t pointer = machine_.hardware_word(table + (linear >> 30) * 8);
        if ((pointer & present) == 0)
            return std::nullopt;
        if ((pointer & 0xFFF0'0000'0000'01E6) != 0)
            complaint = "a pointer with reserved bits set";
        table = pointer & address;
        for (int level = 2; level >= 1; --level) {
            const std::uint64_t index = linear >> (12 + (level - 1) * 9) & 0x1FF;
            const std::uint64_t entry = machine_.hardware_word(table + index * 8);
            if ((entry & present) == 0 || (access.write && (entry & writable) == 0) ||
                (access.user && (entry & user) == 0) ||
                (access.fetch && (entry & execute_disable) != 0))
                return std::nullopt;
            if ((entry & 0x7FF0'0000'0000'0000) != 0 || (entry & accessed) == 0)
                complaint = "an entry that is not accessed, or with reserved bits set";
            table = entry & address;
        }
        return machine_.shown_at(table) | (linear & 0xFFF);
    }

    void access(std::uint64_t linear, Access how) {
        const Found wanted = walk(linear, how);
        for (int tries = 0; tries < 8; ++tries) {
            if (const auto gpa = hardware(linear, how)) {
                if (!wanted.gpa || *gpa != *wanted.gpa)
                    complaint = "an access is allowed, or leads elsewhere";
                const std::uint64_t used = accessed | (how.write ? dirty : 0);
                if (wanted.last != 0 && (entry_at(wanted.last) & used) != used)
                    complaint = "the accessed or dirty bit of the guest's entry is clear";
                ++mapped;
                return;
            }
            if (how.write && wanted.gpa && is_protected(*wanted.gpa)) {
                ++mapped; // the monitor would carry it out
                return;
            }
            machine_.fields[Field::exit_qualification] = linear;
            machine_.fields[Field::vm_exit_interruption_information] = 0x80000B0E;
            machine_.fields[Field::vm_exit_interruption_error_code] =
                (how.write ? 2U : 0) | (how.user ? 4U : 0) | (how.fetch ? 16U : 0);
            exit(abi::ExitReason::exception_nmi);
            if ((machine_.fields[Field::vm_entry_interruption_information] >> 31 & 1) == 0)
                continue;
            ++faults;
            if (wanted.gpa && is_ram(*wanted.gpa))
                complaint = "an access that is allowed has faulted";
            else if (!wanted.gpa &&
                     machine_.fields[Field::vm_entry_exception_error_code] != wanted.code)
                complaint = "the error code of a fault is wrong";
            return;
        }
        complaint = "a fault comes for ever";
    }

    bool is_protected(std::uint64_t gpa) {
        return is_ram(gpa) && machine_.machine().frames.is_write_protected(gpa);
    }
    bool is_ram(std::uint64_t gpa) { return machine_.machine().frames.of_address(gpa) != nullptr; }
};

struct RunOfMode {
    std::uint64_t seed;
    Mode mode;
    bool unaware;
};

class LegacyPaging : public ::testing::TestWithParam<RunOfMode> {};

TEST_P(LegacyPaging, AgreesWithASecondWalk) {
    const RunOfMode run = GetParam();
    LegacyGuest guest{run.seed, run.mode, run.unaware};
    ASSERT_EQ(guest.complaint, "");
    constexpr std::uint64_t operations = 4'000;
    for (std::uint64_t n = 0; n < operations; ++n)
        ASSERT_TRUE(guest.step()) << guest.complaint << ", operation " << n;
    EXPECT_GT(guest.mapped, operations / 20);
    if (run.mode != Mode::unpaged) {
        EXPECT_GT(guest.faults, operations / 10);
        EXPECT_GT(guest.trapped, operations / 50);
        EXPECT_GT(guest.called, operations / 50);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Modes, LegacyPaging,
    ::testing::Values(RunOfMode{1, Mode::unpaged, false}, RunOfMode{2, Mode::two_level, false},
                      RunOfMode{3, Mode::two_level_without_pse, false},
                      RunOfMode{4, Mode::pae, false}, RunOfMode{5, Mode::two_level, true},
                      RunOfMode{6, Mode::pae, true}, RunOfMode{7, Mode::two_level, true},
                      RunOfMode{8, Mode::pae, true}),
    [](const auto& parameter) { return "Seed" + std::to_string(parameter.param.seed); });

} // namespace
} // namespace hv::test

#pragma once
// Processors and their memory for the monitor's logic on the host: what hypervisor/host/ is in the
// real thing. One machine at a time; making one resets everything. Of several processors one runs
// at a time: the others are where they were left, until an NMI or a test has them go on.

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/translation/shadow/shadow_tables.h"
#include "hypervisor/vcpu/vcpu.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hv::test {

/// Thrown where the real monitor ends the run.
struct RunEnded : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Guest-physical memory of the fake: 16 MiB, of which [0, 12 MiB) is the guest's RAM, but for the
/// 384 KiB below 1 MiB.
inline constexpr std::uint64_t fake_memory_size = 16 << 20;
inline constexpr std::uint64_t fake_ram_size = 12 << 20;
/// Where memory and devices end for entries of page tables.
inline constexpr std::uint64_t fake_memory_end = std::uint64_t{1} << 32;

/// A page of a device that the guest may only read: configuration space that is guarded.
inline constexpr std::uint64_t fake_guarded_page = 0xE00F8000;

/// An INVVPID or INVEPT the monitor executed.
struct Invalidated {
    enum class By : std::uint8_t { invvpid, invept };
    By by;
    std::uint64_t type;
    std::uint16_t vpid;   ///< INVVPID only
    std::uint64_t linear; ///< INVVPID of an individual address only
    std::uint32_t processor = 0;

    bool operator==(const Invalidated&) const = default;
};

/// What VMREAD gives and VMWRITE changes.
class FakeVmcs {
  public:
    std::uint64_t& operator[](Field field) { return values_[encoding(field)]; }

  private:
    std::vector<std::uint64_t> values_ = std::vector<std::uint64_t>(0x8000);
};

class Machine {
  public:
    /// `shadow_tables` is the size of the pool under profile classic.
    /// `unaware`: its kernel knows nothing of the monitor, and roots may be displaced.
    explicit Machine(abi::Profile profile = abi::Profile::hardened, std::uint32_t shadow_tables = 0,
                     std::uint32_t vcpus = 1, bool unaware = false);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    VirtualMachine& machine() { return *machine_; }
    /// The one that runs; at first vCPU 0.
    Vcpu& vcpu() { return *vcpus_[running_]; }
    Vcpu& vcpu(std::uint32_t number) { return *vcpus_[number]; }
    abi::VcpuArea& area() { return *vcpu().area; }

    /// Goes on with another vCPU.
    void run_on(std::uint32_t number);
    /// Runs `code` on a vCPU, then goes on where it was.
    template <typename Code>
    void on(std::uint32_t number, Code code) {
        const std::uint32_t before = running_;
        run_on(number);
        code();
        run_on(before);
    }
    /// A vCPU exits, for `reason`, and comes back to the guest.
    void exit(std::uint32_t number, abi::ExitReason reason);
    /// A vCPU looks for requests, as it does before it runs the guest, and then runs it.
    void enter(std::uint32_t number);
    /// What a vCPU in the guest does at last, before a kick makes it exit.
    std::function<void(Vcpu&)> before_kick;
    /// A vCPU that is kicked waits for the page tables' lock: it serves requests, and the rest of
    /// its exit comes later (`late_exits`).
    bool kicks_end_late = false;
    std::vector<std::uint32_t> late_exits;
    /// By number: told of every INVVPID on that vCPU's processor.
    std::map<std::uint32_t, std::function<void(const Invalidated&)>> on_invalidation;

    FakeVmcs fields; ///< of the vCPU that runs
    std::map<std::uint32_t, std::uint64_t> msrs;
    std::vector<Invalidated> invalidations; ///< in order
    /// OUT: port and value, console excepted.
    std::vector<std::pair<std::uint16_t, std::uint32_t>> port_writes;
    std::uint64_t port_reads = 0; ///< how many
    std::string console;
    std::uint8_t line_control = 0; ///< the UART's
    std::uint64_t cr2 = 0;
    std::uint32_t pkru = 0;
    std::array<std::uint64_t, 4> breakpoints{};                ///< DR0 to DR3
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ipis; ///< APIC ID and command, in order
    std::map<std::uint32_t, std::uint32_t> xapic;              ///< registers by offset
    std::map<std::uint32_t, cpu::CpuidResult> cpuid; ///< leaves that differ from "all features"
    /// The processor's answers, if it is a certain one.
    std::function<cpu::CpuidResult(std::uint32_t leaf, std::uint32_t subleaf)> processor;

    /// A page of the guest's RAM that nobody has yet, zeroed.
    std::uint64_t take_guest_page();
    /// During a step: where the byte at `gpa` of a stepped page lies in its image; else `gpa`.
    std::uint64_t stepped_place(std::uint64_t gpa) const;
    /// Whether a physical address is one of the copied tables of a step.
    bool is_step_table(std::uint64_t physical) const;
    /// The word of memory at a physical address.
    std::uint64_t& word(std::uint64_t physical);

    /// What the processor finds at a physical address. word() is the monitor's and the guest's
    /// view, where what lies in the place of a displaced root is where it was.
    std::uint64_t& hardware_word(std::uint64_t physical) { return word(shown_at(physical)); }
    /// Where the direct map shows what lies at a physical address.
    std::uint64_t shown_at(std::uint64_t physical) const;
    /// cpu::exchange_in_direct_map().
    void exchange(std::uint64_t first, std::uint64_t second);

    /// Maps a linear page in the guest's page tables at `root`.
    void map(std::uint64_t root, std::uint64_t linear, std::uint64_t gpa, std::uint64_t bits);
    /// A root with [linear_base, +16 MiB) mapped to [0, 16 MiB), writable, supervisor.
    std::uint64_t make_root();
    static constexpr std::uint64_t linear_base = 0xFFFFFFFF80000000;

    static Machine& current();

    std::uint64_t rom_page = 0;        ///< where the monitor keeps the ROM's one page
    std::uint64_t statistics_page = 0; ///< stands for vCPU 0's; the others' follow
    std::uint64_t own_statistics_page() const { return statistics_page + running_ * page_size; }

  private:
    std::unique_ptr<std::uint8_t[]> memory_;
    std::unique_ptr<Frame[]> frames_;
    std::unique_ptr<VirtualMachine> machine_;
    std::vector<std::unique_ptr<Vcpu>> vcpus_;
    std::vector<FakeVmcs> other_fields_; ///< by number, of those that do not run
    std::uint32_t running_ = 0;
    std::uint64_t next_guest_page_ = 0x100000;
    bool unaware_;
    std::map<std::uint64_t, std::uint64_t> exchanged_; ///< pages, both ways

    void set_up_capabilities();
    void set_up_memory(std::uint32_t shadow_tables);
    void set_up_shadows(std::uint32_t shadow_tables);
    void set_up_vcpu(Vcpu& vcpu, std::uint32_t number);
    friend void send_kick(std::uint32_t apic_id);
};

/// A machine whose kernel has its GDT, IDT and TSS loaded.
class KernelMachine : public Machine {
  public:
    explicit KernelMachine(abi::Profile profile, std::uint32_t shadow_tables = 0,
                           std::uint32_t vcpus = 1, bool unaware = false);

    std::uint64_t root = 0;
    std::uint64_t gdt = 0; ///< linear; of vCPU 0. Others have their own GDT and TSS
    std::uint64_t idt = 0;
    std::uint64_t tss = 0;
    static constexpr std::uint16_t code = 0x08;
    static constexpr std::uint16_t data = 0x10;
    static constexpr std::uint16_t tss_selector = 0x20;
    static constexpr std::uint32_t gdt_slots = 16;

    std::uint64_t physical(std::uint64_t linear) const { return linear - linear_base; }
    /// The word in slot `index` of the GDT, as it lies in memory.
    std::uint64_t gdt_slot(std::uint32_t index) { return word(physical(gdt) + index * 8); }

  private:
    void load_tables();
};

/// A machine of profile `hardened`.
class HardenedMachine : public KernelMachine {
  public:
    explicit HardenedMachine(std::uint32_t vcpus = 1)
        : KernelMachine{abi::Profile::hardened, 0, vcpus} {}
};

/// A machine of profile `classic`, interface `lazy` (`native` if the kernel is unaware), with four
/// CR3-target values.
class ClassicMachine : public KernelMachine {
  public:
    explicit ClassicMachine(std::uint32_t shadow_tables = 256, std::uint32_t vcpus = 1,
                            bool unaware = false)
        : KernelMachine{abi::Profile::classic, shadow_tables, vcpus, unaware} {}

    ShadowTables& shadows() { return machine().shadows; }
};

} // namespace hv::test

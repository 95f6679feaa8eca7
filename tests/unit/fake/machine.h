#pragma once
// A processor and its memory for the monitor's logic on the host: what hypervisor/cpu/ is in the
// real thing. One at a time; making one resets everything.

#include "hypervisor/cpu/instructions.h"
#include "hypervisor/shadow/shadow_tables.h"
#include "hypervisor/vcpu/vcpu.h"

#include <array>
#include <cstdint>
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

/// An INVVPID or INVEPT the monitor executed.
struct Invalidated {
    enum class By : std::uint8_t { invvpid, invept };
    By by;
    std::uint64_t type;
    std::uint16_t vpid;   ///< INVVPID only
    std::uint64_t linear; ///< INVVPID of an individual address only

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
    explicit Machine(abi::Profile profile = abi::Profile::hardened,
                     std::uint32_t shadow_tables = 0);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    VirtualMachine& machine() { return *machine_; }
    Vcpu& vcpu() { return *vcpu_; }
    abi::VcpuArea& area() { return *vcpu_->area; }

    FakeVmcs fields;
    std::map<std::uint32_t, std::uint64_t> msrs;
    std::vector<Invalidated> invalidations; ///< in order
    /// OUT: port and value, console excepted.
    std::vector<std::pair<std::uint16_t, std::uint32_t>> port_writes;
    std::string console;
    std::uint64_t cr2 = 0;
    std::map<std::uint32_t, cpu::CpuidResult> cpuid; ///< leaves that differ from "all features"

    /// A page of the guest's RAM that nobody has yet, zeroed.
    std::uint64_t take_guest_page();
    /// The word of memory at a physical address.
    std::uint64_t& word(std::uint64_t physical);

    /// Maps a linear page in the guest's page tables at `root`.
    void map(std::uint64_t root, std::uint64_t linear, std::uint64_t gpa, std::uint64_t bits);
    /// A root with [linear_base, +16 MiB) mapped to [0, 16 MiB), writable, supervisor.
    std::uint64_t make_root();
    static constexpr std::uint64_t linear_base = 0xFFFFFFFF80000000;

    static Machine& current();

    std::uint64_t rom_page = 0;        ///< where the monitor keeps the ROM's one page
    std::uint64_t statistics_page = 0; ///< stands for the vCPU's

  private:
    std::unique_ptr<std::uint8_t[]> memory_;
    std::unique_ptr<Frame[]> frames_;
    std::unique_ptr<VirtualMachine> machine_;
    std::unique_ptr<Vcpu> vcpu_;
    std::uint64_t next_guest_page_ = 0x100000;

    void set_up_capabilities();
    void set_up_memory(std::uint32_t shadow_tables);
    void set_up_shadows(std::uint32_t shadow_tables);
    void set_up_vcpu();
};

/// A machine whose kernel has its GDT, IDT and TSS loaded.
class KernelMachine : public Machine {
  public:
    explicit KernelMachine(abi::Profile profile, std::uint32_t shadow_tables = 0);

    std::uint64_t root = 0;
    std::uint64_t gdt = 0; ///< linear
    std::uint64_t idt = 0;
    std::uint64_t tss = 0;
    static constexpr std::uint16_t code = 0x08;
    static constexpr std::uint16_t data = 0x10;
    static constexpr std::uint16_t tss_selector = 0x20;
    static constexpr std::uint32_t gdt_slots = 16;

    std::uint64_t physical(std::uint64_t linear) const { return linear - linear_base; }
    /// The word in slot `index` of the GDT, as it lies in memory.
    std::uint64_t gdt_slot(std::uint32_t index) { return word(physical(gdt) + index * 8); }
};

/// Of profile `hardened`.
class HardenedMachine : public KernelMachine {
  public:
    HardenedMachine() : KernelMachine{abi::Profile::hardened} {}
};

/// Of profile `classic`, interface `lazy`, with four CR3-target values.
class ClassicMachine : public KernelMachine {
  public:
    explicit ClassicMachine(std::uint32_t shadow_tables = 256)
        : KernelMachine{abi::Profile::classic, shadow_tables} {}

    ShadowTables& shadows() { return machine().shadows; }
};

} // namespace hv::test

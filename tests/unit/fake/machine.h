#pragma once
// A processor and its memory for the monitor's logic on the host: what hypervisor/cpu/ is in the
// real thing. One at a time; making one resets everything.

#include "hypervisor/cpu/instructions.h"
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

/// Guest-physical memory of the fake: 16 MiB, of which [0, 12 MiB) is the guest's RAM.
inline constexpr std::uint64_t fake_memory_size = 16 << 20;
inline constexpr std::uint64_t fake_ram_size = 12 << 20;

class Machine {
  public:
    Machine();
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    VirtualMachine& machine() { return *machine_; }
    Vcpu& vcpu() { return *vcpu_; }
    abi::VcpuArea& area() { return *vcpu_->area; }

    /// What VMREAD gives and VMWRITE changes.
    std::map<Field, std::uint64_t> fields;
    std::map<std::uint32_t, std::uint64_t> msrs;
    /// INVVPID and INVEPT, in order.
    std::vector<std::string> invalidations;
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

  private:
    std::unique_ptr<std::uint8_t[]> memory_;
    std::unique_ptr<VirtualMachine> machine_;
    std::unique_ptr<Vcpu> vcpu_;
    std::unique_ptr<abi::VcpuArea> area_;
    std::uint64_t next_guest_page_ = 0x100000;
};

/// A machine of profile `hardened` whose kernel has its GDT, IDT and TSS loaded.
class HardenedMachine : public Machine {
  public:
    HardenedMachine();

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

} // namespace hv::test

#pragma once
// The machine under the ROM's code in unit tests: a per-vCPU area, a monitor that executes
// hypercalls into a log, and interrupts that arrive between any two of the ROM's accesses.

#include "shared/call_number.h"
#include "shared/error.h"
#include "shared/vcpu_area.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace test {

/// A call as the monitor executed it.
struct Executed {
    abi::Call call;
    std::uint64_t argument[abi::max_arguments];

    bool operator==(const Executed&) const = default;
};

class RomMachine {
  public:
    /// Becomes the machine that vmi_rom/machine.h works on, until it is destroyed. All indices of
    /// the ring start at `first_index`.
    explicit RomMachine(std::uint32_t first_index = 0);
    ~RomMachine();
    RomMachine(const RomMachine&) = delete;
    RomMachine& operator=(const RomMachine&) = delete;

    abi::ControlPage& control() { return area->control; }
    std::uint32_t queued() const { return area->control.ring.tail - area->control.ring.head; }

    /// Runs `handler` once, with interrupts off, at the `n`th point from now where they are on.
    void interrupt_after(std::uint32_t n, std::function<void()> handler);
    /// Whether that has happened.
    bool interrupted() const { return handler_ == nullptr; }
    /// Lets another exit drain the ring at the `n`th point from now, interrupts on or off.
    void exit_after(std::uint32_t n);
    /// Whether that has happened.
    bool exited() const { return !exit_is_due_; }

    /// The monitor's answer to VMCALL.
    std::uint64_t hypercall(const Executed& call);
    /// What any other exit may do on its way.
    abi::Error drain();

    /// A point where an interrupt may arrive.
    void step();
    void disable_interrupts();
    void restore_interrupts();
    /// MOV to CR3 by the ROM: a load if some pair names `loaded`, else an exit that is SetCR3.
    void load_root(std::uint64_t loaded, std::uint64_t guest_root);

    std::unique_ptr<abi::VcpuArea> area = std::make_unique<abi::VcpuArea>();
    std::vector<Executed> executed;
    std::vector<abi::Call> hypercalls;
    bool interrupts_enabled = true;
    std::uint32_t halts = 0;
    std::uint32_t entries_at_halt = 0;
    /// Says which calls the monitor refuses; none if empty.
    std::function<abi::Error(const Executed&)> refuse;
    /// What the registers hold, as opposed to their mirrors.
    std::uint64_t cr0 = 0;
    std::uint64_t cr3 = 0;
    std::uint64_t ldt_selector = 0;
    /// A deferred update was executed and no invalidation since.
    bool stale = false;
    std::uint32_t translation_drops = 0;
    /// Roots loaded without an exit, and loads that exited.
    std::vector<std::uint64_t> root_loads;
    std::uint32_t root_exits = 0;
    /// What the monitor does between the ROM's look at the pairs and its MOV.
    std::function<void()> before_root_load;

  private:
    abi::Error execute(const Executed& call);
    void refuse_batch(abi::Error error, std::uint32_t discarded);

    std::vector<bool> saved_flags_;
    std::uint32_t steps_left_ = 0;
    std::function<void()> handler_;
    std::uint32_t steps_to_exit_ = 0;
    bool exit_is_due_ = false;
};

} // namespace test

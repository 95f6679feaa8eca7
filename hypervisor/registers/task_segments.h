#pragma once
// The segment registers and LDTR of the new task in a task switch (SDM vol. 3, 8.3).

#include "hypervisor/registers/task_state.h"
#include "hypervisor/x86/segment.h"
#include "hypervisor/x86/selector.h"

#include <cstdint>
#include <optional>

namespace hv {

struct Vcpu;

/// The error code of a fault of the switch that names a selector, and says whether an event from
/// outside the program led to it (6.13).
std::uint32_t selector_code(const Vcpu& vcpu, std::uint16_t selector);

/// The linear address of a selector's descriptor; nothing where its table ends before it.
std::optional<std::uint64_t> descriptor_address(const Vcpu& vcpu, Selector selector);

/// Loads LDTR. False when an exception has been injected; LDTR is unusable then.
bool load_task_ldt(Vcpu& vcpu, std::uint16_t selector);

class TaskSegments {
  public:
    TaskSegments(Vcpu& vcpu, const TaskRegisters& registers) : vcpu_{vcpu}, registers_{registers} {}

    /// What is in the registers before any descriptor has been read: an exception may be raised
    /// with it. Those of virtual-8086 mode have no descriptors.
    void begin();
    /// False when an exception has been injected.
    bool load();

  private:
    bool is_virtual_8086() const;
    Selector selector(SegmentNumber number) const {
        return {static_cast<std::uint16_t>(registers_.selector[static_cast<std::size_t>(number)])};
    }
    std::uint8_t privilege_level() const {
        return selector(SegmentNumber::cs).requested_privilege_level();
    }
    void write(SegmentNumber number, const Segment& segment);
    void load_virtual_8086();
    bool fail(std::uint8_t vector, Selector wanted);
    bool is_right(SegmentNumber number, std::uint64_t descriptor) const;
    bool read(SegmentNumber number, Segment& segment, bool is_needed);

    Vcpu& vcpu_;
    const TaskRegisters& registers_;
};

} // namespace hv

#pragma once
// Collects the paths, family by family.

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/tests/boundary_paths.h"

#include <initializer_list>

namespace guest::tests {

/// The paths in the order in which they were added.
class BoundaryPathTable {
  public:
    void add(std::string_view name, abi::Call call, void (*undo)(Cpu&), void (*run)(Cpu&),
             std::initializer_list<ModelStep> steps) {
        if (count_ == paths_.size())
            panic("too many paths");
        BoundaryPath& path = paths_[count_++];
        path = {name, call, undo, run};
        for (const ModelStep& step : steps)
            path.step[path.steps++] = step;
    }
    std::span<const BoundaryPath> all() const { return {paths_.data(), count_}; }
    void clear() { count_ = 0; }

  private:
    std::array<BoundaryPath, max_boundary_paths> paths_{};
    std::uint32_t count_ = 0;
};

/// A step that is queued in a lazy mode, and is a hypercall outside one.
inline ModelStep queued(abi::Call call, std::uint64_t a = 0, std::uint64_t b = 0,
                        std::uint64_t c = 0, abi::Error error = abi::Error::none) {
    return {ModelStep::Kind::call, {call, {a, b, c}, error}};
}
/// The same, left out while no translation is stale.
inline ModelStep if_stale(abi::Call call, std::uint64_t argument) {
    return {ModelStep::Kind::if_stale, {call, {argument}}};
}
/// A step that is a hypercall in a lazy mode, too.
inline ModelStep synchronous(abi::Call call, abi::Error error = abi::Error::none) {
    return {ModelStep::Kind::synchronous, {call, {}, error}};
}

/// For a path that changes nothing.
inline void undo_nothing(Cpu&) {}
inline std::uint64_t kernel_root() { return address_spaces::kernel().root; }

/// Adds the paths of page tables and translations (boundary_page_table_paths.cpp).
void add_page_table_paths(BoundaryPathTable& table);

} // namespace guest::tests

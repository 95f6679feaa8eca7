#pragma once
// A debugger for one VM exit: which functions of hypervisor/ it goes through, and in which folders
// they lie.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace hv::test {

/// A call from a function of one folder of hypervisor/ to a function of another. Several calls in a
/// row, from one function to functions of the same folder, are one crossing.
struct Crossing {
    std::string folder;   ///< that is entered, below hypervisor/
    std::string function; ///< the first that is called there
    bool operator==(const Crossing&) const = default;
};

/// Runs `exit` in a child process, one instruction at a time, and follows its calls from the moment
/// it enters handle_vm_exit() until that returns. Returns the crossings in order; the first is
/// handle_vm_exit() itself. What stands for the processor (tests/unit/fake/), what the compiler
/// has inlined, and the accessor of a word of memory are in no folder. Empty when the process
/// cannot be traced.
std::vector<Crossing> trace_walk(const std::function<void()>& exit);

} // namespace hv::test

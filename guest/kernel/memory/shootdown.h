#pragma once
// Drops translations that other processors may have cached: through a monitor that offers it
// (docs/abi.md, Shootdown), otherwise by an interrupt to each processor that runs the address
// space.
//
// A processor runs, or is about to run, the address space in Cpu::root: a switch sets Cpu::root
// before it loads CR3, and the load drops all translations of the previous address space. There are
// no process-context identifiers.

#include "guest/kernel/cpu/lazy_section.h"

#include <cstdint>

namespace guest {

/// One change of an address space's entries, of which the other processors must learn.
class Shootdown {
  public:
    /// `root` is abi::every_address_space for the kernel half. The range is `pages` pages from
    /// `linear` on.
    Shootdown(std::uint64_t root, std::uint64_t linear, std::uint64_t pages)
        : root_(root), linear_(linear), pages_(pages) {}

    /// Called inside the lazy section, after the updates: tells the monitor, if it takes
    /// shootdowns. Queued calls are executed in program order, so this one is complete once the
    /// section has been left or flushed.
    void queue();

    /// Called after the section, when its updates have been executed: tells those processors that
    /// have not been told yet. Complete when this returns.
    void finish();

  private:
    std::uint64_t root_;
    std::uint64_t linear_;
    std::uint64_t pages_;
    std::uint64_t told_ = 0; ///< mask of the processors that the monitor was told of
};

namespace shootdown {

/// Finds out whether the monitor takes shootdowns. Called once, on processor 0.
void ask_monitor();

/// A mask of the other processors that run an address space.
std::uint64_t running(std::uint64_t root);

/// Serves the request of another processor, if there is one. Called by its interrupt, and by code
/// that waits.
void serve();

/// How many requests were made so far, by interrupts or through the monitor.
std::uint64_t requests();

} // namespace shootdown
} // namespace guest

#pragma once
// Translations that other processors may have cached: dropped by a monitor that offers it
// (docs/abi.md, Shootdown), else by an interrupt to each of those that run the address space.
//
// A processor runs the address space that Cpu::root names, or is about to: a switch names the next
// one before it loads it, and a load drops all translations of the one before. There are no
// process-context identifiers.

#include "guest/kernel/cpu/lazy_section.h"

#include <cstdint>

namespace guest {

/// One change of an address space's entries, for the other processors.
class Shootdown {
  public:
    /// `root`, or abi::every_address_space for the kernel half; whole pages.
    Shootdown(std::uint64_t root, std::uint64_t linear, std::uint64_t pages)
        : root_(root), linear_(linear), pages_(pages) {}

    /// Inside the lazy section, behind the updates: tells the monitor, if that takes it. Executed
    /// in the order of the program, and so complete when the section has been left or flushed.
    void queue();

    /// Behind the section, whose updates have been executed: for those processors that nobody has
    /// told yet. Complete when this returns.
    void finish();

  private:
    std::uint64_t root_;
    std::uint64_t linear_;
    std::uint64_t pages_;
    std::uint64_t told_ = 0; ///< mask of processors
};

namespace shootdown {

/// Whether processors may have a monitor do it; asked once, on processor 0.
void ask_monitor();

/// The other processors that run an address space.
std::uint64_t running(std::uint64_t root);

/// Does what another processor asks of this one. Called by its interrupt, and by whoever waits.
void serve();

/// How often others were asked so far, by interrupts or through the monitor.
std::uint64_t requests();

} // namespace shootdown
} // namespace guest

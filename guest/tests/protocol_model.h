#pragma once
// A model of what the lazy modes promise (docs/abi.md, "Lazy modes" and "Drain"), small enough to
// be obviously right. The self-tests compare what was executed with what the model says.

#include "shared/call_number.h"
#include "shared/error.h"
#include "shared/ring.h"

#include <array>
#include <cstdint>
#include <span>

namespace guest::tests {

/// A call with its arguments, as in a ring entry.
struct ModelCall {
    abi::Call call = abi::Call::empty;
    std::array<std::uint64_t, abi::max_arguments> argument{};
    abi::Error error = abi::Error::none; ///< what the monitor answers

    friend bool operator==(const ModelCall& one, const ModelCall& other) {
        return one.call == other.call && one.argument == other.argument;
    }
};

/// What one instruction of the ROM does to the state of the protocol.
struct ModelStep {
    enum class Kind : std::uint8_t {
        enter,       ///< a lazy mode is set
        end_mode,    ///< no mode is set; what is queued stays
        drain,       ///< a VM exit
        call,        ///< queued in a mode, otherwise a hypercall
        native,      ///< done by the kernel itself, without the monitor
        synchronous, ///< always a hypercall
        load_root,   ///< SetCR3 of a root that needs no exit, if nothing is queued; otherwise makes
                     ///< room
        queue_root,  ///< the SetCR3 is queued, whatever a handler has done since
        if_stale,    ///< like `call`, but skipped while no translation is stale
        freshen,     ///< no translation is stale from here on
        tell,        ///< the ROM itself returns an error
    };
    Kind kind;
    ModelCall call{};
};

struct ProtocolModel {
    static constexpr std::uint32_t max_published = 24;

    bool lazy = true; ///< there are lazy modes
    bool mode = false;
    bool stale = true;
    bool root_waits = false;  ///< load_root has not loaded the root
    std::uint32_t filled = 0; ///< entries queued before all others, all to be accepted
    std::uint32_t queued = 0; ///< with `filled`
    std::array<ModelCall, max_published> published{};
    std::uint32_t published_count = 0; ///< entries published, excluding those of `filled`

    std::uint64_t executed = 0; ///< entries executed, including those of `filled`
    std::uint64_t discarded = 0;
    std::uint64_t refused = 0; ///< entries and hypercalls refused
    std::uint64_t hypercalls = 0;
    std::uint64_t root_loads = 0;
    std::uint64_t told =
        0; ///< errors that operations return: those of refused calls, and the ROM's own

    void run(std::span<const ModelStep> steps);
    void step(const ModelStep& step);

    /// Whether `call` was executed, and no call that overrides it came after it.
    bool took_effect(const ModelCall& call) const;

  private:
    void drain();
    void make_room();
    void hypercall(const ModelCall& call);
    void publish(const ModelCall& call);
    void execute(const ModelCall& call);

    std::array<ModelCall, max_published>
        done_{}; ///< the executed calls in order, excluding `filled`
    std::uint32_t done_count_ = 0;
};

} // namespace guest::tests

#include "hypervisor/calls/call_dispatch.h"

#include "shared/call_table.h"

namespace hv {

namespace {

using abi::Answer;
using abi::Call;

// CallDispatch::entry for numbers that are not a call, or not one that this profile sends to the
// monitor.
abi::Error refuse_unknown(Vcpu&, std::uint64_t, std::uint64_t, std::uint64_t) {
    return abi::Error::unknown_call;
}

// The same for calls that are accepted by VMCALL only.
abi::Error refuse_in_ring(Vcpu&, std::uint64_t, std::uint64_t, std::uint64_t) {
    return abi::Error::not_queueable;
}

struct Row {
    CallHandler handler;
    Call call;
    bool is_monitors_own; ///< not answered by get_reloc, and accepted by VMCALL on every profile
};

// The calls that the monitor handles, as the list of calls has them. shared/call_table.h checks
// that these are all that any answer sends here.
constexpr Row rows[]{
#define LAZYHV_NO_HANDLER(...)
#define LAZYHV_MONITOR(number, enumerator, name, handler, ...)                                     \
    {call_##handler, Call::enumerator, true},
#define LAZYHV_BOTH(number, enumerator, name, hardened, classic, modern, handler, ...)             \
    {call_##handler, Call::enumerator, false},
    LAZYHV_CALLS(LAZYHV_NO_HANDLER, LAZYHV_NO_HANDLER, LAZYHV_MONITOR, LAZYHV_BOTH)
#undef LAZYHV_NO_HANDLER
#undef LAZYHV_MONITOR
#undef LAZYHV_BOTH
};

constexpr CallDispatch make_dispatch(abi::Profile profile) {
    CallDispatch dispatch;
    dispatch.entry.fill(refuse_unknown);
    for (const Row& row : rows) {
        const auto number = static_cast<std::uint32_t>(row.call);
        const Answer answer = abi::answer(number, profile, abi::Interface::lazy);
        const bool accepted = reaches_monitor(answer) || row.is_monitors_own;
        if (accepted)
            dispatch.hypercall[number] = row.handler;
        if (answer == Answer::queued)
            dispatch.entry[number] = row.handler;
        else if (accepted)
            dispatch.entry[number] = refuse_in_ring;
    }
    return dispatch;
}

// In the order of abi::Profile. On `bare` there is no monitor.
constexpr std::array<CallDispatch, abi::profile_count> dispatches{
    CallDispatch{}, make_dispatch(abi::Profile::hardened), make_dispatch(abi::Profile::modern),
    make_dispatch(abi::Profile::classic)};
static_assert(static_cast<int>(abi::Profile::hardened) == 1 &&
              static_cast<int>(abi::Profile::modern) == 2 &&
              static_cast<int>(abi::Profile::classic) == 3);

} // namespace

const CallDispatch& call_dispatch(abi::Profile profile) {
    return dispatches[static_cast<std::uint32_t>(profile)];
}

std::string_view call_name(std::uint32_t call) {
    for (const abi::CallInfo& info : abi::call_table)
        if (static_cast<std::uint32_t>(info.call) == call)
            return info.name;
    return "?";
}

} // namespace hv

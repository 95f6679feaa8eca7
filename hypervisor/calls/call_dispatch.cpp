#include "hypervisor/calls/call_dispatch.h"

#include "hypervisor/calls/legacy_calls.h"
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

constexpr CallHandler legacy_handler(const Row& row) {
    switch (row.call) {
    case Call::set_cr3:
        return legacy_set_cr3;
    case Call::set_pxe:
        return legacy_set_pxe;
    case Call::set_pxe_long:
        return legacy_set_pxe_long;
    case Call::inval_page:
        return legacy_inval_page;
    default:
        return row.handler;
    }
}

constexpr CallDispatch make_dispatch(abi::Profile profile, bool is_legacy) {
    CallDispatch dispatch;
    dispatch.entry.fill(refuse_unknown);
    for (const Row& row : rows) {
        const auto number = static_cast<std::uint32_t>(row.call);
        const Answer answer = is_legacy ? abi::answer_32(number, profile, abi::Interface::lazy)
                                        : abi::answer(number, profile, abi::Interface::lazy);
        const CallHandler handler = is_legacy ? legacy_handler(row) : row.handler;
        const bool accepted = reaches_monitor(answer) || row.is_monitors_own;
        if (accepted)
            dispatch.hypercall[number] = handler;
        if (answer == Answer::queued)
            dispatch.entry[number] = handler;
        else if (accepted)
            dispatch.entry[number] = refuse_in_ring;
    }
    return dispatch;
}

using Dispatches = std::array<CallDispatch, abi::profile_count>;

// In the order of abi::Profile. On `bare` there is no monitor.
constexpr Dispatches make_dispatches(bool is_legacy) {
    return {CallDispatch{}, make_dispatch(abi::Profile::hardened, is_legacy),
            make_dispatch(abi::Profile::modern, is_legacy),
            make_dispatch(abi::Profile::classic, is_legacy)};
}
constexpr Dispatches dispatches = make_dispatches(false);
constexpr Dispatches legacy_dispatches = make_dispatches(true);
static_assert(static_cast<int>(abi::Profile::hardened) == 1 &&
              static_cast<int>(abi::Profile::modern) == 2 &&
              static_cast<int>(abi::Profile::classic) == 3);

} // namespace

const CallDispatch& call_dispatch(abi::Profile profile) {
    return dispatches[static_cast<std::uint32_t>(profile)];
}

const CallDispatch& legacy_call_dispatch(abi::Profile profile) {
    return legacy_dispatches[static_cast<std::uint32_t>(profile)];
}

std::string_view call_name(std::uint32_t call) {
    for (const abi::CallInfo& info : abi::call_table)
        if (static_cast<std::uint32_t>(info.call) == call)
            return info.name;
    return "?";
}

} // namespace hv

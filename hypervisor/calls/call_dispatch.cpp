#include "hypervisor/calls/call_dispatch.h"

namespace hv {

namespace {

using abi::Answer;
using abi::Call;

struct Row {
    Call call;
    CallHandler handler;
};

constexpr Row rows[]{
    {Call::set_gdt, call_set_gdt},
    {Call::set_ldt, call_set_ldt},
    {Call::set_idt, call_set_idt},
    {Call::set_tr, call_set_tr},
    {Call::write_gdt_entry, call_write_gdt_entry},
    {Call::write_ldt_entry, call_write_ldt_entry},
    {Call::write_idt_entry, call_write_idt_entry},
    {Call::update_kernel_stack, call_update_kernel_stack},
    {Call::set_cr0, call_set_cr0},
    {Call::set_cr3, call_set_cr3},
    {Call::set_cr4, call_set_cr4},
    {Call::clts, call_clts},
    {Call::set_pxe, call_set_pxe},
    {Call::set_pxe_long, call_set_pxe},
    {Call::update_pxe, call_update_pxe},
    {Call::update_pxe_long, call_update_pxe},
    {Call::allocate_page, call_allocate_page},
    {Call::release_page, call_release_page},
    {Call::inval_page, call_inval_page},
    {Call::flush_tlb, call_flush_tlb},
    {Call::reboot, call_reboot},
    {Call::shutdown, call_shutdown},
    {Call::flush, call_flush},
    {Call::empty, call_empty},
    {Call::vmi_init, call_vmi_init},
    {Call::write_tss_word, call_write_tss_word},
    {Call::shootdown, call_shootdown},
    {Call::set_initial_ap_state, call_set_initial_ap_state},
};

constexpr bool is_monitors_own(Call call) {
    return call == Call::flush || call == Call::empty || call == Call::vmi_init;
}

constexpr bool reaches_monitor(Answer answer) {
    return answer == Answer::queued || answer == Answer::synchronous || answer == Answer::no_return;
}

constexpr CallDispatch make_dispatch(abi::Profile profile) {
    CallDispatch dispatch;
    dispatch.entry.fill(call_unknown);
    for (const Row& row : rows) {
        const auto number = static_cast<std::uint32_t>(row.call);
        const Answer answer = abi::answer(number, profile, abi::Interface::lazy);
        const bool accepted = reaches_monitor(answer) || is_monitors_own(row.call);
        if (accepted)
            dispatch.hypercall[number] = row.handler;
        if (answer == Answer::queued)
            dispatch.entry[number] = row.handler;
        else if (accepted)
            dispatch.entry[number] = call_not_queueable;
    }
    return dispatch;
}

constexpr bool has_row(Call call) {
    for (const Row& row : rows)
        if (row.call == call)
            return true;
    return false;
}

// Every call that the table sends to the monitor has a handler here.
constexpr bool complete(abi::Profile profile) {
    for (const abi::CallInfo& info : abi::call_table) {
        if (reaches_monitor(abi::answer(static_cast<std::uint32_t>(info.call), profile,
                                        abi::Interface::lazy)) &&
            !has_row(info.call))
            return false;
    }
    return true;
}
static_assert(complete(abi::Profile::hardened) && complete(abi::Profile::modern) &&
              complete(abi::Profile::classic));

constexpr std::array<CallDispatch, abi::profile_count> dispatches{
    CallDispatch{}, make_dispatch(abi::Profile::hardened), make_dispatch(abi::Profile::modern),
    make_dispatch(abi::Profile::classic)};
static_assert(static_cast<int>(abi::Profile::hardened) == 1 &&
              static_cast<int>(abi::Profile::modern) == 2 &&
              static_cast<int>(abi::Profile::classic) == 3);

} // namespace

abi::Error call_unknown(Vcpu&, std::uint64_t, std::uint64_t, std::uint64_t) {
    return abi::Error::unknown_call;
}

abi::Error call_not_queueable(Vcpu&, std::uint64_t, std::uint64_t, std::uint64_t) {
    return abi::Error::not_queueable;
}

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

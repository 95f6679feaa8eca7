#pragma once
// What each call answers a kernel, on each profile: the list of calls (call_list.h) as a table. The
// ROM's get_reloc, the monitor's dispatch and docs/calls.md follow from it.

#include "shared/call_list.h"
#include "shared/call_number.h"
#include "shared/profile.h"
#include "shared/rom_header.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

namespace abi {

/// What a call does when the guest asks for it through the ROM.
enum class Answer : std::uint8_t {
    unassigned = 0, ///< no such call; get_reloc answers NONE
    native,         ///< the native instruction costs no exit (or no fewer); get_reloc answers NONE
    nop,            ///< there is nothing to do; get_reloc answers NOP
    local,          ///< the ROM does it without a VM exit; CALL_REL
    queued,         ///< goes into the ring while a lazy mode is set, else is a VMCALL; CALL_REL
    synchronous,    ///< its own VMCALL, executed after a drain in the same VM exit; CALL_REL
    no_return,      ///< as synchronous, but never returns; JUMP_REL
    local_jump,     ///< as local, but goes on elsewhere; JUMP_REL
};
inline constexpr std::uint32_t answer_count = 8;
inline constexpr std::array<std::string_view, answer_count> answer_names{
    "unassigned", "native", "NOP", "local", "queued", "synchronous", "no return", "local jump"};

/// Whether the monitor takes part: the call is made by a VMCALL, or in a ring entry.
constexpr bool reaches_monitor(Answer answer) {
    return answer == Answer::queued || answer == Answer::synchronous || answer == Answer::no_return;
}

/// How get_reloc states an answer.
constexpr RelocationType relocation_type(Answer answer) {
    switch (answer) {
    case Answer::local:
    case Answer::queued:
    case Answer::synchronous:
        return RelocationType::call_rel;
    case Answer::no_return:
    case Answer::local_jump:
        return RelocationType::jump_rel;
    case Answer::nop:
        return RelocationType::nop;
    case Answer::unassigned:
    case Answer::native:
        break;
    }
    return RelocationType::none;
}

/// One row of the list of calls, except for the functions themselves: those are the monitor's and
/// the ROM's.
struct CallInfo {
    Call call;
    std::string_view name;      ///< as VMI spells it
    std::string_view arguments; ///< RDI, RSI, RDX, RCX, R8 in order; "-" for none
    Answer hardened;
    Answer classic;
    Answer modern;
    bool has_entry;        ///< the ROM has an entry for it
    bool has_handler;      ///< the monitor has a handler for it
    std::string_view note; ///< why, for docs/calls.md
};

/// Every call, in ascending order of the numbers.
inline constexpr std::array call_table{
// clang-format off
#define LAZYHV_NO_CODE(number, enumerator, name, answer, arguments, note)                          \
    CallInfo{Call::enumerator, name, arguments,                                                    \
             Answer::answer, Answer::answer, Answer::answer, false, false, note},
#define LAZYHV_ROM(number, enumerator, name, hardened, classic, modern, entry, type, arguments,    \
                   note)                                                                           \
    CallInfo{Call::enumerator, name, arguments,                                                    \
             Answer::hardened, Answer::classic, Answer::modern, true, false, note},
#define LAZYHV_MONITOR(number, enumerator, name, handler, note)                                    \
    CallInfo{Call::enumerator, name, "-",                                                          \
             Answer::unassigned, Answer::unassigned, Answer::unassigned, false, true, note},
#define LAZYHV_BOTH(number, enumerator, name, hardened, classic, modern, handler, entry, type,     \
                    arguments, note)                                                               \
    CallInfo{Call::enumerator, name, arguments,                                                    \
             Answer::hardened, Answer::classic, Answer::modern, true, true, note},
    // clang-format on
    LAZYHV_CALLS(LAZYHV_NO_CODE, LAZYHV_ROM, LAZYHV_MONITOR, LAZYHV_BOTH)
#undef LAZYHV_NO_CODE
#undef LAZYHV_ROM
#undef LAZYHV_MONITOR
#undef LAZYHV_BOTH
};

/// Whether there is code for all that an answer of this call promises. It guards against a row that
/// begins with the wrong word: the functions that a row names exist, or nothing would link.
constexpr bool keeps_its_promises(const CallInfo& info) {
    for (const Answer answer : {info.hardened, info.classic, info.modern}) {
        const RelocationType type = relocation_type(answer);
        const bool has_target =
            type == RelocationType::call_rel || type == RelocationType::jump_rel;
        if ((has_target && !info.has_entry) || (reaches_monitor(answer) && !info.has_handler))
            return false;
    }
    return true;
}
static_assert(std::ranges::all_of(call_table, keeps_its_promises),
              "a call is answered with code that its row in call_list.h does not name");
static_assert(std::ranges::adjacent_find(call_table, std::ranges::greater_equal{},
                                         &CallInfo::call) == call_table.end(),
              "the rows of call_list.h are in ascending order, each number once");

/// What a 64-bit kernel is answered for the call with the number `call`; `unassigned` for numbers
/// that are not a call.
constexpr Answer answer(std::uint32_t call, Profile profile, Interface interface) {
    if (interface == Interface::native || profile == Profile::bare)
        return Answer::unassigned;
    for (const CallInfo& info : call_table) {
        if (static_cast<std::uint32_t>(info.call) != call)
            continue;
        if (info.call == Call::set_lazy_mode && interface == Interface::eager)
            return Answer::nop;
        switch (profile) {
        case Profile::hardened:
            return info.hardened;
        case Profile::classic:
            return info.classic;
        case Profile::modern:
            return info.modern;
        case Profile::bare:
            break;
        }
    }
    return Answer::unassigned;
}

/// What a 32-bit kernel is answered for the call. Its descriptor tables are its own on every
/// profile. On `classic` loads of CR3, changes of page-table entries and invalidations exit, and
/// are calls as for a 64-bit kernel; elsewhere it keeps its own instructions and stores. But for
/// IRET and SYSEXIT a kernel of VMI's time has no instruction of its own. Arguments and result are
/// in EAX, so to leave a page frame number as it is, is a NOP.
constexpr Answer answer_32(std::uint32_t call, Profile profile, Interface interface) {
    if (interface == Interface::native || profile == Profile::bare)
        return Answer::unassigned;
    const Answer unprotected = answer(call, Profile::modern, interface);
    switch (static_cast<Call>(call)) {
    case Call::iret:
    case Call::sysexit:
        return Answer::local_jump;
    case Call::halt:
        return Answer::local;
    case Call::machine_to_physical:
    case Call::physical_to_machine:
        return Answer::nop;
    case Call::set_cr3:
    case Call::get_cr3:
    case Call::set_pxe:
    case Call::set_pxe_long:
    case Call::inval_page:
    case Call::flush_tlb:
    case Call::set_linear_mapping:
    case Call::set_lazy_mode:
        return profile == Profile::classic ? answer(call, profile, interface) : unprotected;
    case Call::set_initial_ap_state: // processors start by SIPI
    case Call::apic_write:
    case Call::apic_read:
        return Answer::native;
    default:
        return unprotected;
    }
}

} // namespace abi

#include "hypervisor/address_space/requests.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/host/console.h"
#include "hypervisor/host/processor/local_apic.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

namespace {

/// After this many looks at a vCPU that was kicked, all vCPUs are kicked: the guest may have
/// changed the ID of its APIC.
constexpr std::uint32_t looks_before_kicking_all = 1 << 16;
/// After this many looks the run ends: the processor does not answer.
constexpr std::uint32_t looks_before_giving_up = 1 << 28;

std::uint32_t load(const std::uint32_t& word) { return __atomic_load_n(&word, __ATOMIC_SEQ_CST); }

bool runs_guest(const Vcpu& vcpu) {
    return load(vcpu.in_guest) != 0 && load(vcpu.waits_for_start) == 0;
}

// There are never two NMIs on their way to one processor, since it might take them as one.
void kick(Vcpu& caller, Vcpu& other) {
    if (__atomic_exchange_n(&other.nmi.kick_in_flight, 1, __ATOMIC_SEQ_CST) != 0)
        return;
    ++caller.statistics.kicks_sent;
    cpu::send_ipi(other.apic_id, cpu::ipi::nmi);
}

void kick_all(Vcpu& caller) {
    const VirtualMachine& machine = *caller.machine;
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number)
        if (number != caller.number)
            __atomic_store_n(&machine.vcpus[number]->nmi.kick_in_flight, 1, __ATOMIC_SEQ_CST);
    cpu::send_ipi(0, cpu::ipi::nmi | cpu::ipi::to_others);
}

bool is_done(const Vcpu& vcpu, std::uint32_t what) {
    const bool served = (load(vcpu.requests) & what) == 0;
    if ((what & (request::withdraw_roots | request::finish_call)) != 0)
        return served || load(vcpu.waits_for_start) != 0;
    return served || !runs_guest(vcpu);
}

void wait_for(Vcpu& caller, const Vcpu& other, std::uint32_t what) {
    for (std::uint32_t looks = 0; !is_done(other, what); ++looks) {
        serve_requests(caller);
        if (looks == looks_before_kicking_all)
            kick_all(caller);
        if (looks == looks_before_giving_up)
            console::fail("vCPU ", other.number, " does not leave the guest for vCPU ",
                          caller.number);
        pause();
    }
}

template <typename Visit>
void for_each(const VirtualMachine& machine, std::uint64_t mask, Visit visit) {
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number)
        if ((mask >> number & 1) != 0)
            visit(*machine.vcpus[number]);
}

} // namespace

void ask_vcpus(Vcpu& caller, std::uint64_t mask, std::uint32_t what) {
    if (mask == 0)
        return;
    ++caller.statistics.shootdowns;
    for_each(*caller.machine, mask, [&](Vcpu& other) {
        __atomic_fetch_or(&other.requests, what, __ATOMIC_SEQ_CST);
        if (runs_guest(other))
            kick(caller, other);
    });
    for_each(*caller.machine, mask, [&](Vcpu& other) { wait_for(caller, other, what); });
}

void finish_calls_elsewhere(Vcpu& caller) {
    ask_vcpus(caller, caller.machine->every_vcpu_but(caller.number), request::finish_call);
}

void serve_requests(Vcpu& vcpu) {
    const std::uint32_t asked = load(vcpu.requests);
    constexpr std::uint32_t later = request::start | request::reset;
    if ((asked & ~later) == 0) [[likely]]
        return;
    // Others wait for this bit to be cleared, so it is cleared when the roots have been withdrawn.
    // If another vCPU sets it meanwhile, it asks for something that is then done already.
    if ((asked & request::withdraw_roots) != 0) {
        withdraw_roots(vcpu);
        write_root_targets(vcpu);
        __atomic_fetch_and(&vcpu.requests, ~request::withdraw_roots, __ATOMIC_SEQ_CST);
    }
    vcpu.served_in_exit = vcpu.statistics.exits;
    // These bits are cleared first, so that a request that comes meanwhile is served once more.
    const std::uint32_t drops =
        __atomic_fetch_and(&vcpu.requests, request::withdraw_roots | later, __ATOMIC_SEQ_CST);
    if ((drops & request::ept_translations) != 0)
        drop_ept_translations(vcpu);
    if ((drops & request::all_translations) != 0)
        drop_translations(vcpu, Stale::all);
    else if ((drops & request::non_global_translations) != 0)
        drop_translations(vcpu, Stale::non_global);
}

std::uint32_t take_start_requests(Vcpu& vcpu) {
    constexpr std::uint32_t taken = request::start | request::reset;
    if ((load(vcpu.requests) & taken) == 0)
        return 0;
    return __atomic_fetch_and(&vcpu.requests, ~taken, __ATOMIC_SEQ_CST) & taken;
}

bool was_asked_in_exit(const Vcpu& vcpu) {
    constexpr std::uint32_t drops =
        request::non_global_translations | request::all_translations | request::ept_translations;
    return (load(vcpu.requests) & drops) != 0 || vcpu.served_in_exit == vcpu.statistics.exits;
}

void drop_elsewhere(VirtualMachine& machine) {
    Vcpu& caller = *machine.vcpus[machine.acting];
    ask_vcpus(caller, machine.every_vcpu_but(caller.number), monitors_translations(machine));
}

bool take_kick(Vcpu& vcpu) {
    if (__atomic_exchange_n(&vcpu.nmi.kick_in_flight, 0, __ATOMIC_SEQ_CST) == 0) {
        vcpu.nmi.pending = 1;
        return false;
    }
    ++vcpu.statistics.kicks_received;
    return true;
}

namespace {

void post(Vcpu& caller, Vcpu& other, std::uint32_t what) {
    __atomic_fetch_or(&other.requests, what, __ATOMIC_SEQ_CST);
    if (load(other.in_guest) != 0)
        kick(caller, other);
}

} // namespace

void post_reset(Vcpu& caller, Vcpu& other) {
    __atomic_fetch_and(&other.requests, ~request::start, __ATOMIC_SEQ_CST);
    if (load(other.waits_for_start) == 0)
        post(caller, other, request::reset);
}

void post_start(Vcpu& caller, Vcpu& other, std::uint8_t vector) {
    if (load(other.waits_for_start) == 0 && (load(other.requests) & request::reset) == 0)
        return;
    __atomic_store_n(&other.startup_page, vector, __ATOMIC_RELAXED);
    post(caller, other, request::start);
}

} // namespace hv

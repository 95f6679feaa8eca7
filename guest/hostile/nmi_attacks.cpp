// NMIs, as many as there can be: from the processor itself and from another one.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/descriptor_tables.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/local_apic.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"

namespace guest::hostile {
namespace {

constexpr std::uint32_t delivery_nmi = 4 << 8;
constexpr std::uint64_t storm = 500;

void enable_local_apic() {
    if (processors::several())
        return;
    local_apic::choose_mode(false);
    local_apic::enable();
    this_cpu().apic_id = local_apic::identifier();
}

/// An NMI is sent like an interrupt, with another delivery mode.
void send_nmi(const Cpu& cpu) { local_apic::send_interrupt(cpu.apic_id, delivery_nmi); }

/// Waits for one more NMI. Returns false if it is lost.
bool nmi_comes(std::uint64_t before) {
    constexpr std::uint32_t patience = 10'000;
    for (std::uint32_t i = 0; i < patience; ++i)
        if (counted_nmis() != before)
            return true;
    return false;
}

/// Queues and flushes, with an NMI after each entry and just before the flush.
bool flush_among_nmis(Cpu& cpu, std::uint64_t step, bool to_itself) {
    if (!monitor_owns_tables())
        return vmcall(abi::Call::empty) == 0;
    paravirt::set_lazy_mode(abi::LazyMode::cpu);
    for (std::uint64_t i = 0; i < tls_slots; ++i) {
        paravirt::write_gdt_entry(cpu.gdt, gdt_first_tls + i, marker(step + i));
        if (to_itself)
            send_nmi(cpu);
    }
    bool good = paravirt::set_lazy_mode_checked(abi::LazyMode::none) == 0;
    for (std::uint64_t i = 0; i < tls_slots; ++i)
        good = good && gdt_holds(gdt_first_tls + i, marker(step + i));
    return good;
}

void nmi_storm(Attempt& attempt) {
    Cpu& cpu = this_cpu();
    enable_local_apic();
    count_nmis();
    std::uint64_t lost = 0;
    std::uint64_t spoilt = 0;
    for (std::uint64_t i = 0; i < storm; ++i) {
        const std::uint64_t before = counted_nmis();
        send_nmi(cpu);
        lost += nmi_comes(before) ? 0U : 1U;
        spoilt += flush_among_nmis(cpu, i * tls_slots, true) ? 0U : 1U;
    }
    const std::uint64_t counted = stop_counting_nmis();
    attempt.expect(lost == 0, "each NMI comes");
    attempt.expect(spoilt == 0, "each flush is right");
    attempt.expect(counted >= storm, "there were as many as were sent");
    attempt.counted(counter::refused, 0);
}

/// The stack of NMIs, with some bits of its page-table entry clear: the processor sets them while
/// it delivers the NMI, in a table that may be write-protected.
void nmi_clean_stack(Attempt& attempt) {
    Cpu& cpu = this_cpu();
    enable_local_apic();
    std::uint64_t* const entry = page_tables::find(cpu.root, cpu.tss->ist[emergency_stack - 1] - 1);
    const std::uint64_t good = *entry;
    count_nmis();
    std::uint64_t lost = 0;
    for (const std::uint64_t cleared : {pte::dirty, pte::accessed | pte::dirty}) {
        for (std::uint32_t round = 0; round < 8; ++round) {
            paravirt::set_pxe(good & ~cleared, entry);
            const std::uint64_t before = counted_nmis();
            send_nmi(cpu);
            lost += nmi_comes(before) ? 0U : 1U;
        }
    }
    paravirt::set_pxe(good, entry);
    const std::uint64_t counted = stop_counting_nmis();
    attempt.expect(lost == 0, "each NMI comes");
    attempt.expect(counted == 16, "and comes once");
    attempt.counted(counter::refused, 0);
    attempt.counted(counter::injected, 0);
}

constexpr std::uint32_t moments_between = 1000;

struct Storm {
    std::atomic<bool> over;
    std::atomic<std::uint64_t> sent;
    std::uint64_t spoilt;
};
Storm from_another;

void storm_or_flush(Cpu& cpu) {
    if (cpu.number == 1) {
        while (!from_another.over) {
            send_nmi(cpu_of(0));
            from_another.sent.fetch_add(1);
            // If they came faster than they are handled, nothing else would ever run, with or
            // without a monitor.
            for (std::uint32_t i = 0; i < moments_between; ++i)
                asm volatile("pause");
        }
    }
    if (cpu.number != 0)
        return;
    for (std::uint64_t i = 0; i < storm; ++i)
        from_another.spoilt += flush_among_nmis(cpu, i * tls_slots, false) ? 0U : 1U;
    while (counted_nmis() == 0)
        asm volatile("pause");
    from_another.over = true;
}

void nmi_storm_from_another(Attempt& attempt) {
    from_another.over = false;
    from_another.sent = 0;
    from_another.spoilt = 0;
    count_nmis();
    processors::run_on_all(storm_or_flush);
    const std::uint64_t counted = stop_counting_nmis();
    attempt.expect(from_another.spoilt == 0, "each flush is right");
    attempt.expect(counted != 0 && counted <= from_another.sent, "no NMI comes that was not sent");
    attempt.counted(counter::refused, 0);
}

constexpr AttackCode codes[]{
    {"nmi-storm", nmi_storm},
    {"nmi-clean-stack", nmi_clean_stack},
    {"nmi-storm-from-another", nmi_storm_from_another},
    {"nmi-clean-stack-of-two", nmi_clean_stack},
};

} // namespace

std::span<const AttackCode> nmi_attacks() { return codes; }

} // namespace guest::hostile

#include "hypervisor/address_space/page_table_lock.h"

#include "hypervisor/address_space/requests.h"
#include "hypervisor/host/processor/instructions.h"

namespace hv {

void take_page_table_lock(Vcpu& vcpu) {
    VirtualMachine& machine = *vcpu.machine;
    abi::Statistics& statistics = vcpu.statistics;
    std::uint64_t start = 0;
    ++statistics.lock_taken;
    // The holder may wait for this vCPU to do what it asks.
    const bool waited = machine.page_table_lock.lock([&vcpu, &start] {
        if (start == 0)
            start = cpu::read_tsc();
        serve_requests(vcpu);
        pause();
    });
    if (waited) {
        ++statistics.lock_waited;
        statistics.lock_ticks += cpu::read_tsc() - start;
    }
    machine.acting = vcpu.number;
    machine.shadows.act_for(vcpu.number, statistics);
    vcpu.pending |= pending::page_tables;
}

} // namespace hv

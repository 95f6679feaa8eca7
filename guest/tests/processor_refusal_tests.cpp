// What one processor must not do to another. A monitor judges a store to another processor's
// descriptor tables like a store by that processor itself, keeps page tables on which another
// processor runs, and knows which processors exist.

#include "guest/kernel/boot/initial_state.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/memory_probe.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "shared/call_number.h"
#include "shared/error.h"
#include "shared/page_table_calls.h"

namespace guest::tests {
namespace {

using abi::Error;

bool offered(abi::Call call) { return paravirt::ask(call).type == abi::RelocationType::call_rel; }

void expect_error(std::string_view name, std::uint32_t found, Error expected) {
    if (found == static_cast<std::uint32_t>(expected))
        passed(name);
    else
        failed(name, "error ", found, " instead of ", static_cast<std::uint32_t>(expected), " (",
               abi::name(expected), ")");
}

void test_masks() {
    if (!offered(abi::Call::shootdown))
        return skipped("refused-shootdown", "nobody does it");
    const std::uint64_t missing = std::uint64_t{1} << processors::count();
    expect_error("refused-shootdown", paravirt::shootdown(missing | 1, this_cpu().root),
                 Error::bad_vcpu);
}

void test_starts() {
    if (!offered(abi::Call::set_initial_ap_state))
        return skipped("refused-initial-state", "nobody takes it");
    const abi::InitialState state = initial_state(cpu_of(1));
    expect_error("refused-state-of-running", paravirt::set_initial_ap_state(&state, 1),
                 Error::vcpu_running);
    expect_error("refused-state-of-missing",
                 paravirt::set_initial_ap_state(&state, processors::count()), Error::bad_vcpu);
}

struct Stores {
    std::atomic<bool> gate_written;
    std::atomic<bool> segment_written;
};
Stores stores;

constexpr std::uint64_t call_gate = std::uint64_t{1} << 47 |
                                    std::uint64_t{system_type_call_gate} << 40 |
                                    std::uint64_t{kernel_code_selector} << 16;
constexpr std::uint64_t harmless = tls_descriptor(0x00567000);

std::uint64_t spare_entry_of_processor_0() { return address_of(&cpu_of(0).gdt[gdt_spare]); }

void store_to_processor_0(Cpu& cpu) {
    if (cpu.number != 1)
        return;
    if (machine().profile == abi::Profile::hardened)
        stores.gate_written = try_write(spare_entry_of_processor_0(), call_gate);
    stores.segment_written = try_write(spare_entry_of_processor_0(), harmless);
}

void test_foreign_stores() {
    stores.gate_written = false;
    processors::run_on_all(store_to_processor_0);
    const auto& entry = *static_cast<const volatile std::uint64_t*>(&cpu_of(0).gdt[gdt_spare]);
    if (stores.gate_written)
        failed("smp-foreign-gdt-store", "a call gate was written");
    else if (!stores.segment_written ||
             (entry & ~descriptor_accessed) != (harmless & ~descriptor_accessed))
        failed("smp-foreign-gdt-store", "a segment was not: ", console::Hex{entry});
    else
        passed("smp-foreign-gdt-store");
    paravirt::write_gdt_entry(cpu_of(0).gdt, gdt_spare, 0);
}

struct ForeignRoot {
    AddressSpace space;
    std::uint32_t error;
};
ForeignRoot foreign;

void release_root_of_another(Cpu& cpu) {
    if (cpu.number == 1)
        address_spaces::load(foreign.space.root);
    processors::barrier(processors::count());
    if (cpu.number == 0)
        foreign.error =
            paravirt::release_page_checked(foreign.space.root / page_size, abi::page_flags::pml4);
    processors::barrier(processors::count());
    if (cpu.number == 1)
        address_spaces::load(address_spaces::kernel().root);
}

void test_release() {
    if (!offered(abi::Call::release_page))
        return skipped("refused-release-of-foreign-root", "nobody owns the page tables");
    foreign.space = address_spaces::create(1);
    processors::run_on_all(release_root_of_another);
    expect_error("refused-release-of-foreign-root", foreign.error, Error::table_in_use);
    address_spaces::destroy(foreign.space);
}

} // namespace

void test_processor_refusals() {
    test_masks();
    test_starts();
    test_foreign_stores();
    test_release();
}

} // namespace guest::tests

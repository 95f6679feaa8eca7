// What the guest can write is read once for each execution of a call: what was judged is what is
// used, whatever another vCPU writes meanwhile. Counted in the compiled code.
//
// Two kinds of memory are read more than once, and may be:
// - pages that are write-protected when they are read: registered page tables, descriptor tables;
// - page tables that the guest did not announce: each walk reads each entry once, and its result is
//   judged and used as that walk's. The guest may change them between two walks, or after the
//   last.

#include "hypervisor/faults/protected_store.h"
#include "hypervisor/memory/guest_walk.h"
#include "tests/unit/cases/single_reads_case.h"

#include <set>

namespace hv::test {
namespace {

using abi::Call;
using abi::Error;

TEST_P(SingleReads, OfTheRing) {
    constexpr std::uint32_t first = 0xFFFFFFF0; // the indices wrap
    ring.tail = ring.head = vcpu.ring_head = first;
    for (std::uint64_t n = 0; n < 100; ++n)
        publish(Call::write_gdt_entry, machine.gdt, 6 + n % 4, tls);
    exit_for(abi::ExitReason::cpuid);
    EXPECT_EQ(vcpu.statistics.drained, 100U);
    EXPECT_EQ(reads(), expected_of_drain(first, 100));
}

TEST_P(SingleReads, OfARefusedBatch) {
    publish(Call::write_gdt_entry, machine.gdt, 6, tls);
    publish(Call::set_tr, 0, 0, 0);
    publish(Call::write_gdt_entry, machine.gdt, 7, tls);
    EXPECT_EQ(call(Call::flush), Error::not_queueable);
    Reads batch = expected_of_drain(0, 2); // the third is not looked at
    expect_refusal(batch);
    EXPECT_EQ(reads(), batch);
    ring.tail += abi::ring_capacity + 1;
    EXPECT_EQ(call(Call::flush), Error::ring_index);
    Reads none = expected();
    expect_refusal(none);
    EXPECT_EQ(reads(), none);
}

TEST_P(SingleReads, OfAnEntryOfAPageTable) {
    const std::uint64_t page = machine.take_guest_page();
    machine.word(page) = 0x1005;
    EXPECT_EQ(call(Call::update_pxe, page), Error::none); // no registered table
    EXPECT_EQ(reads(), expected(page, 8));
    EXPECT_EQ(allocate(page, abi::page_flags::pt), Error::none);
    for (const Call number : {Call::update_pxe, Call::set_pxe}) {
        EXPECT_EQ(number == Call::set_pxe ? call(number, 0x2005, page) : call(number, page),
                  Error::none);
        EXPECT_EQ(reads(), expected()); // it is protected
    }
}

TEST_P(SingleReads, OfAPageThatBecomesATable) {
    const std::uint64_t source = machine.take_guest_page();
    const std::uint64_t page = machine.take_guest_page();
    for (std::uint64_t slot = 0; slot < paging::entries; ++slot)
        machine.word(source + slot * 8) = slot << 12 | 5;
    EXPECT_EQ(allocate(source, abi::page_flags::pt), Error::none);
    EXPECT_EQ(reads(), expected());
    EXPECT_TRUE(reads_protected(source));
    EXPECT_EQ(allocate(page, abi::page_flags::pt | abi::page_flags::clone, source), Error::none);
    EXPECT_EQ(reads(), expected());
    EXPECT_TRUE(reads_protected(source));
}

TEST_P(SingleReads, OfDescriptorTables) {
    const std::uint64_t gdt = machine.take_guest_page();
    const std::uint64_t idt = machine.take_guest_page();
    std::memcpy(direct_pointer(gdt), direct_pointer(machine.physical(machine.gdt)), page_size);
    const std::uint64_t pointer = put(abi::PseudoDescriptor{127, linear(gdt)});
    EXPECT_EQ(call(Call::set_gdt, linear(pointer)), Error::none);
    EXPECT_EQ(reads(), expected(pointer, sizeof(abi::PseudoDescriptor)));
    EXPECT_TRUE(reads_protected(gdt));
    const std::uint64_t same = put(abi::PseudoDescriptor{256 * 16 - 1, machine.idt});
    EXPECT_EQ(call(Call::set_idt, linear(same)), Error::none);
    EXPECT_EQ(reads(), expected(same, sizeof(abi::PseudoDescriptor)));
    const std::uint64_t other = put(abi::PseudoDescriptor{256 * 16 - 1, linear(idt)});
    EXPECT_EQ(call(Call::set_idt, linear(other)), Error::idt_moved);
    EXPECT_EQ(reads(), expected(other, sizeof(abi::PseudoDescriptor)));
    EXPECT_EQ(call(Call::write_gdt_entry, linear(gdt), 6, tls), Error::none);
    EXPECT_EQ(reads(), expected());
    EXPECT_EQ(call(Call::write_idt_entry, machine.idt, 6, 0), Error::none);
    EXPECT_EQ(reads(), expected());
    EXPECT_EQ(call(Call::set_ldt, 0), Error::none);
    EXPECT_EQ(reads(), expected());
    EXPECT_EQ(call(Call::write_tss_word, machine.tss, 0x60, 0), Error::none);
    EXPECT_EQ(reads(), expected());
}

TEST_P(SingleReads, OfAWalk) {
    const std::uint64_t page = machine.take_guest_page();
    accesses = count_accesses(
        [&] { EXPECT_TRUE(walk_guest(machine.machine().memory, machine.root, linear(page))); });
    std::set<std::uint64_t> entries;
    for (const CountedAccess& access : accesses)
        EXPECT_TRUE(entries.insert(access.physical).second);
    EXPECT_EQ(entries.size(), 4U);
    EXPECT_EQ(call(Call::set_cr3, make_root()), Error::none);
    EXPECT_EQ(reads(), expected());
}

TEST_P(SingleReads, OfTheInstructionOfATrappedStore) {
    const std::uint64_t code = machine.take_guest_page();
    constexpr std::uint8_t store[]{0x48, 0x89, 0x17}; // mov %rdx,(%rdi)
    std::memcpy(direct_pointer(code), store, sizeof(store));
    vcpu.registers.rdx = tls;
    vcpu.registers.rdi = machine.gdt + 6 * 8;
    machine.fields[Field::guest_rip] = linear(code);
    machine.fields[Field::guest_cs_access_rights] = 0xA09B;
    accesses = count_accesses([&] {
        emulate_store(vcpu, {machine.physical(machine.gdt) + 6 * 8, 0, machine.root});
    });
    EXPECT_NE(machine.gdt_slot(6), 0U);
    Reads longest_instruction;
    expect(longest_instruction, code, 15);
    EXPECT_EQ(reads(), longest_instruction);
}

/// Another vCPU is in the monitor, so that it need not be kicked.
class SingleReadsOfTwo : public SingleReads {
  protected:
    SingleReadsOfTwo() : SingleReads{2} {
        machine.on(1, [&] { EXPECT_EQ(set_guest_cr3(machine.vcpu(), machine.root), Error::none); });
        machine.vcpu(1).in_guest = 0;
    }
};

TEST_P(SingleReadsOfTwo, OfAnInitialState) {
    const std::uint64_t state = put(abi::InitialState{});
    EXPECT_EQ(call(Call::set_initial_ap_state, linear(state), 1), Error::bad_value);
    EXPECT_EQ(reads(), expected(state, sizeof(abi::InitialState)));
}

TEST_P(SingleReadsOfTwo, OfAnotherVcpusArea) {
    const abi::ControlPage& other = machine.vcpu(1).area->control;
    EXPECT_EQ(call(Call::shootdown, 2, machine.root), Error::none);
    Reads wanted = expected();
    expect(wanted, &other.cr3, sizeof(other.cr3));
    expect(wanted, &other.ring.tail, sizeof(other.ring.tail));
    EXPECT_EQ(reads(), wanted);
}

const auto profiles = ::testing::Values(abi::Profile::hardened, abi::Profile::classic);

std::string profile_name(const ::testing::TestParamInfo<abi::Profile>& parameter) {
    return std::string{abi::name(parameter.param)};
}

INSTANTIATE_TEST_SUITE_P(Profiles, SingleReads, profiles, profile_name);
INSTANTIATE_TEST_SUITE_P(Profiles, SingleReadsOfTwo, profiles, profile_name);

} // namespace
} // namespace hv::test

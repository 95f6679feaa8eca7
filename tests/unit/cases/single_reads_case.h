#pragma once
// One exit of a machine whose accesses to what the guest can write are counted, and what it should
// have read.

#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/registers/control_registers.h"
#include "shared/call_number.h"
#include "tests/unit/fake/machine.h"
#include "tests/unit/machine_code/counted_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace hv::test {

/// How often each byte is read, by physical address.
using Reads = std::map<std::uint64_t, std::uint32_t>;

class SingleReads : public ::testing::TestWithParam<abi::Profile> {
  protected:
    explicit SingleReads(std::uint32_t vcpus = 1) : machine{GetParam(), 256, vcpus} {}

    KernelMachine machine;
    Vcpu& vcpu = machine.vcpu();
    abi::VcpuArea& area = machine.area();
    abi::RingHeader& ring = area.control.ring;
    std::vector<CountedAccess> accesses; ///< of the last exit
    static constexpr std::uint64_t tls = 0x00CFF3000000FFFF;

    void publish(abi::Call call, std::uint64_t first, std::uint64_t second, std::uint64_t third) {
        area.entry[ring.tail++ % abi::ring_capacity] = {
            static_cast<std::uint16_t>(call), 0xDEAD, 0xBADC0DE, {first, second, third}};
    }
    void exit_for(abi::ExitReason reason) {
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        accesses = count_accesses([this] { handle_vm_exit(vcpu.registers); });
    }
    abi::Error call(abi::Call number, std::uint64_t first = 0, std::uint64_t second = 0,
                    std::uint64_t third = 0) {
        vcpu.registers.rax = static_cast<std::uint64_t>(number);
        vcpu.registers.rdi = first;
        vcpu.registers.rsi = second;
        vcpu.registers.rdx = third;
        exit_for(abi::ExitReason::vmcall);
        return static_cast<abi::Error>(vcpu.registers.rax);
    }
    abi::Error allocate(std::uint64_t page, std::uint64_t flags, std::uint64_t clone = 0) {
        return call(abi::Call::allocate_page, page / page_size, clone / page_size,
                    abi::AllocateOptions::make(flags, 0, paging::entries).encode());
    }

    /// What the exit read while the guest could write it, its page tables excepted.
    Reads reads() const {
        Reads reads = reads_of_writable(accesses);
        for (const PhysicalRange& tables : address_spaces)
            reads.erase(reads.lower_bound(tables.begin), reads.lower_bound(tables.end));
        return reads;
    }
    static void expect(Reads& reads, const void* field, std::uint64_t size) {
        expect(reads, direct_physical(field), size);
    }
    static void expect(Reads& reads, std::uint64_t physical, std::uint64_t size) {
        for (std::uint64_t byte = 0; byte < size; ++byte)
            ++reads[physical + byte];
    }
    /// What every exit reads: the tail.
    Reads expected() const {
        Reads reads;
        expect(reads, &ring.tail, sizeof(ring.tail));
        return reads;
    }
    Reads expected(std::uint64_t physical, std::uint64_t size) const {
        Reads reads = expected();
        expect(reads, physical, size);
        return reads;
    }
    /// The words of `count` entries that stand for something, and what a drain reads besides.
    Reads expected_of_drain(std::uint32_t first_index, std::uint32_t count) const {
        Reads reads = expected();
        for (std::uint32_t index = first_index; index != first_index + count; ++index) {
            const abi::RingEntry& entry = area.entry[index % abi::ring_capacity];
            expect(reads, &entry.call, sizeof(entry.call));
            expect(reads, &entry.argument, sizeof(entry.argument));
        }
        return reads;
    }
    /// The guest's own counters, incremented.
    void expect_refusal(Reads& reads) const {
        expect(reads, &ring.refusals, sizeof(ring.refusals));
        expect(reads, &ring.discarded, sizeof(ring.discarded));
    }
    bool reads_protected(std::uint64_t physical) const {
        return std::any_of(accesses.begin(), accesses.end(), [&](const CountedAccess& access) {
            return access.read && access.protected_page && access.physical == physical;
        });
    }

    /// Puts `object` where it crosses a page; returns its physical address.
    template <typename T>
    std::uint64_t put(const T& object) {
        const std::uint64_t page = machine.take_guest_page();
        EXPECT_EQ(machine.take_guest_page(), page + page_size);
        const std::uint64_t place = page + page_size - sizeof(object) / 2;
        std::memcpy(direct_pointer(place), &object, sizeof(object));
        return place;
    }
    static std::uint64_t linear(std::uint64_t physical) { return Machine::linear_base + physical; }

    std::uint64_t make_root() {
        const std::uint64_t begin = machine.take_guest_page();
        const std::uint64_t root = machine.make_root();
        address_spaces.push_back({begin, machine.take_guest_page()});
        return root;
    }
    std::vector<PhysicalRange> address_spaces{{machine.root, machine.physical(machine.idt)}};
};

} // namespace hv::test

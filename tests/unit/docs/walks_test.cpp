// How many folders of hypervisor/ a reader enters who follows a VM exit from its dispatch to its
// end: traced by a debugger, and printed in docs/monitor.md.

#include "hypervisor/exits/exit_handlers.h"
#include "shared/call_number.h"
#include "tests/unit/cases/classic_case.h"
#include "tests/unit/machine_code/walk.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <fstream>
#include <iterator>

namespace hv::test {
namespace {

std::string text(const std::vector<Crossing>& walk) {
    std::string lines;
    for (const Crossing& crossing : walk)
        lines += "    " + crossing.folder + "/ " + crossing.function + "\n";
    return lines;
}

/// The page has the walk in its words; it is as long as `at_most` allows.
void expect_walk(const std::string& title, const std::vector<Crossing>& walk, std::size_t at_most) {
    ASSERT_FALSE(walk.empty()) << "the process could not be traced";
    EXPECT_LE(walk.size(), at_most);
    std::ifstream stream(LAZYHV_SOURCE_DIR "/docs/monitor.md");
    const std::string page{std::istreambuf_iterator<char>(stream), {}};
    const std::string wanted =
        title + ": " + std::to_string(walk.size()) + " folders entered\n\n" + text(walk);
    EXPECT_NE(page.find(wanted), std::string::npos)
        << "docs/monitor.md, \"Walks\", should have:\n\n"
        << wanted;
}

TEST(Walks, SetCr3Hypercall) {
    HardenedMachine machine;
    Vcpu& vcpu = machine.vcpu();
    machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(abi::ExitReason::vmcall);
    const auto exit = [&] {
        vcpu.registers.rax = static_cast<std::uint64_t>(abi::Call::set_cr3);
        vcpu.registers.rdi = machine.root;
        handle_vm_exit(vcpu.registers);
    };
    exit();
    ASSERT_EQ(vcpu.registers.rax, 0U);
    expect_walk("A SetCR3 hypercall on hardened", trace_walk(exit), 5);
}

TEST(Walks, StoreToTheGdt) {
    HardenedMachine machine;
    Vcpu& vcpu = machine.vcpu();
    constexpr std::uint64_t code_page = 0x400000;
    constexpr std::uint64_t tls = 0x00CFF3000000FFFF;
    constexpr std::array<std::uint8_t, 3> code{0x48, 0x89, 0x17}; // mov %rdx,(%rdi)
    std::memcpy(direct_pointer(code_page), code.data(), code.size());
    const auto exit = [&] {
        vcpu.registers.rdx = tls;
        vcpu.registers.rdi = machine.gdt + 6 * 8;
        machine.fields[Field::guest_rip] = Machine::linear_base + code_page;
        machine.fields[Field::guest_cs_access_rights] = 0xA09B;
        machine.fields[Field::guest_physical_address] = machine.physical(machine.gdt) + 6 * 8;
        machine.fields[Field::exit_qualification] = 0x182; // write, linear address valid
        machine.fields[Field::exit_reason] =
            static_cast<std::uint64_t>(abi::ExitReason::ept_violation);
        handle_vm_exit(vcpu.registers);
    };
    exit();
    ASSERT_EQ(machine.word(machine.physical(machine.gdt) + 6 * 8), tls);
    expect_walk("A store to the GDT on hardened", trace_walk(exit), 8);
}

class WalksOnClassic : public ClassicCase {};

TEST_F(WalksOnClassic, FaultThatFillsAShadow) {
    const std::uint64_t data = machine.take_guest_page();
    machine.map(machine.root, page, data, 7);
    fault(page);
    machine.map(machine.root, page + page_size, data, 7); // its shadow is absent still
    const auto filled = [&] {
        return vcpu.statistics.memory[static_cast<std::uint32_t>(abi::MemoryAccess::shadow_filled)];
    };
    ASSERT_EQ(filled(), 1U);
    expect_walk("A page fault that fills a shadow on classic",
                trace_walk([&] { fault(page + page_size); }), 7);
}

} // namespace
} // namespace hv::test

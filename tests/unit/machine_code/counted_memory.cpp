#include "tests/unit/machine_code/counted_memory.h"

#include "tests/unit/fake/machine.h"

#include <Zydis/Zydis.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <sys/mman.h>
#include <ucontext.h>

namespace hv::test {
namespace {

constexpr greg_t trap_flag = 1 << 8;
constexpr greg_t fault_by_write = 1 << 1; ///< error code of #PF (SDM vol. 3, 4.7)

struct Fault {
    const std::uint8_t* address;
    const std::uint8_t* instruction;
    bool by_write;
    bool protected_page;
};

// What the signal handlers work on. They run in the midst of the code under test, and allocate
// nothing.
struct Watch {
    std::vector<PhysicalRange> ranges;
    std::array<Fault, 16384> faults;
    std::size_t count;
    std::array<std::uint8_t*, 4> open; ///< pages, until the instruction is done
    std::size_t open_count;
    struct sigaction fault_action_before;
    struct sigaction trap_action_before;
};
Watch watch;

void protect(std::uint8_t* begin, std::uint64_t size, int rights) {
    if (mprotect(begin, size, rights) != 0)
        std::abort();
}

bool is_watched(const std::uint8_t* address) {
    for (const PhysicalRange& range : watch.ranges)
        if (address >= direct_pointer(range.begin) && address < direct_pointer(range.end))
            return true;
    return false;
}

void on_fault(int signal, siginfo_t* info, void* context) {
    auto* const address = static_cast<std::uint8_t*>(info->si_addr);
    greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    if (!is_watched(address) || watch.open_count == watch.open.size() ||
        watch.count == watch.faults.size()) {
        // Not ours: it happens again, and the handler before us reports it.
        sigaction(signal, &watch.fault_action_before, nullptr);
        return;
    }
    const Frame* const frame =
        Machine::current().machine().frames.of_address(direct_physical(address));
    watch.faults[watch.count++] = {.address = address,
                                   .instruction =
                                       reinterpret_cast<const std::uint8_t*>(registers[REG_RIP]),
                                   .by_write = (registers[REG_ERR] & fault_by_write) != 0,
                                   .protected_page = frame != nullptr && frame->write_locks != 0};
    std::uint8_t* const page = address - reinterpret_cast<std::uintptr_t>(address) % page_size;
    watch.open[watch.open_count++] = page;
    protect(page, page_size, PROT_READ | PROT_WRITE);
    registers[REG_EFL] |= trap_flag;
}

void on_trap(int, siginfo_t*, void* context) {
    while (watch.open_count > 0)
        protect(watch.open[--watch.open_count], page_size, PROT_NONE);
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~trap_flag;
}

void set_handler(int signal, void (*handler)(int, siginfo_t*, void*), struct sigaction& before) {
    struct sigaction action {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(signal, &action, &before);
}

std::vector<PhysicalRange> what_the_guest_writes() {
    const VirtualMachine& machine = Machine::current().machine();
    std::vector<PhysicalRange> ranges{machine.ram.ranges().begin(), machine.ram.ranges().end()};
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number) {
        const std::uint64_t area = direct_physical(machine.vcpus[number]->area);
        ranges.push_back({area, area + sizeof(abi::VcpuArea)});
    }
    return ranges;
}

void set_rights(int rights) {
    for (const PhysicalRange& range : watch.ranges)
        protect(direct_pointer(range.begin), range.size(), rights);
}

// The fault says where an instruction begins to access memory; its operand says how far.
CountedAccess decode(const Fault& fault) {
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    EXPECT_TRUE(ZYAN_SUCCESS(ZydisDecoderDecodeFull(
        &decoder, fault.instruction, ZYDIS_MAX_INSTRUCTION_LENGTH, &instruction, operands)));
    CountedAccess access{direct_physical(fault.address), 0, false, fault.by_write,
                         fault.protected_page};
    for (const ZydisDecodedOperand& operand : operands) {
        const bool in_memory =
            operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type == ZYDIS_MEMOP_TYPE_MEM;
        if (&operand >= operands + instruction.operand_count || !in_memory)
            continue;
        const bool writes = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
        // MOVS has two: the fault says which of them it is.
        if (writes != fault.by_write)
            continue;
        EXPECT_EQ(access.size, 0U) << "two operands in memory";
        access.size = operand.size / 8;
        access.read = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
    }
    EXPECT_NE(access.size, 0U) << ZydisMnemonicGetString(instruction.mnemonic);
    return access;
}

} // namespace

std::vector<CountedAccess> count_accesses(const std::function<void()>& code) {
    watch.ranges = what_the_guest_writes();
    watch.count = 0;
    set_handler(SIGSEGV, on_fault, watch.fault_action_before);
    set_handler(SIGTRAP, on_trap, watch.trap_action_before);
    set_rights(PROT_NONE);
    code();
    set_rights(PROT_READ | PROT_WRITE);
    sigaction(SIGTRAP, &watch.trap_action_before, nullptr);
    sigaction(SIGSEGV, &watch.fault_action_before, nullptr);
    std::vector<CountedAccess> accesses;
    for (std::size_t index = 0; index < watch.count; ++index)
        accesses.push_back(decode(watch.faults[index]));
    return accesses;
}

std::map<std::uint64_t, std::uint32_t>
reads_of_writable(const std::vector<CountedAccess>& accesses) {
    std::map<std::uint64_t, std::uint32_t> reads;
    for (const CountedAccess& access : accesses) {
        const bool counts = access.read && !access.protected_page;
        for (std::uint32_t byte = 0; counts && byte < access.size; ++byte)
            ++reads[access.physical + byte];
    }
    return reads;
}

} // namespace hv::test

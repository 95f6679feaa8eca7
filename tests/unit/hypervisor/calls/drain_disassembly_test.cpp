// The built monitor reads each word of a ring entry, and the tail, by one instruction: what the
// compiler made of the drain, not what its source says.

#include "hypervisor/vcpu/vcpu.h"
#include "tests/unit/machine_code/traced_loads.h"

#include <gtest/gtest.h>

#include <memory>

namespace hv::test {
namespace {

constexpr const char* monitor = LAZYHV_BINARY_DIR "/hypervisor/lazyhv.elf";

/// The functions begin with a Vcpu, or with its registers, in RDI.
PointerPlace area_of_vcpu(std::size_t from) {
    const auto vcpu = std::make_unique<Vcpu>();
    const auto* const area = reinterpret_cast<const std::uint8_t*>(&vcpu->area);
    return {static_cast<std::int64_t>(from),
            area - reinterpret_cast<const std::uint8_t*>(vcpu.get())};
}

constexpr std::int64_t entries = offsetof(abi::VcpuArea, entry);
constexpr std::int64_t arguments = entries + offsetof(abi::RingEntry, argument);
const std::vector<TracedLoad> words_of_an_entry{
    {entries, true, 2}, {arguments, true, 8}, {arguments + 8, true, 8}, {arguments + 16, true, 8}};

TEST(DrainDisassembly, ReadsEachWordOfAnEntryOnce) {
    const auto drain = elf_functions(monitor, "_ZN2hv5drainERNS_4VcpuEj");
    ASSERT_FALSE(drain.empty());
    EXPECT_EQ(traced_loads(drain, area_of_vcpu(0)), words_of_an_entry);
}

TEST(DrainDisassembly, TheTailIsReadOncePerExit) {
    const auto handler = elf_functions(monitor, "handle_vm_exit");
    ASSERT_FALSE(handler.empty());
    const std::vector<TracedLoad> tail{
        {offsetof(abi::VcpuArea, control.ring.tail), false, sizeof(std::uint32_t)}};
    EXPECT_EQ(traced_loads(handler, area_of_vcpu(host_stack_size)), tail);
}

// Reads the call twice, by way of a spilled pointer: judges one word and uses another.
asm(R"(
    .pushsection .rodata
reads_the_call_twice:
    mov 0x20(%rdi), %r12
    push %r12
    mov %esi, %eax
    and $0x1ff, %eax
    shl $5, %rax
    cmpw $0x67, 0x1000(%r12,%rax)
    ja 1f
    call reads_the_call_twice
    mov (%rsp), %rcx
    lea 0x1000(%rcx,%rax), %rcx
    movzwl (%rcx), %edx
    test %edx, %edx
    jne reads_the_call_twice
1:  pop %r12
    ret
reads_the_call_twice_end:
    .popsection
)");
extern "C" const std::uint8_t reads_the_call_twice[];     // NOLINT(*-avoid-c-arrays)
extern "C" const std::uint8_t reads_the_call_twice_end[]; // NOLINT(*-avoid-c-arrays)

TEST(DrainDisassembly, ASecondReadIsFound) {
    const ElfFunction function{"", 0x1000, {reads_the_call_twice, reads_the_call_twice_end}};
    const TracedLoad call{entries, true, sizeof(std::uint16_t)};
    EXPECT_EQ(traced_loads({function}, {0, 0x20}), (std::vector<TracedLoad>{call, call}));
}

} // namespace
} // namespace hv::test

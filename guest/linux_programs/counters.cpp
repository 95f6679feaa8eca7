#include "guest/linux_programs/counters.h"

#include "shared/cpuid_leaves.h"
#include "shared/guest_physical_layout.h"

#include <cpuid.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

namespace linux_guest {
namespace {

struct Registers {
    std::uint32_t eax, ebx, ecx, edx;
};

Registers cpuid(std::uint32_t leaf) {
    Registers registers{};
    __cpuid(leaf, registers.eax, registers.ebx, registers.ecx, registers.edx);
    return registers;
}

bool is_on_lazyhv() {
    constexpr std::uint32_t hypervisor_bit = 1U << 31;
    if ((cpuid(1).ecx & hypervisor_bit) == 0)
        return false;
    const Registers found = cpuid(abi::cpuid_hypervisor_leaf);
    return found.eax >= abi::cpuid_lazyhv_leaf && found.ebx == abi::hypervisor_signature[0] &&
           found.ecx == abi::hypervisor_signature[1] && found.edx == abi::hypervisor_signature[2];
}

} // namespace

const abi::Statistics* find_counters() {
    if (!is_on_lazyhv() || get_nprocs() != 1)
        return nullptr;
    const int memory = open("/dev/mem", O_RDONLY | O_CLOEXEC);
    if (memory < 0)
        return nullptr;
    void* const page = mmap(nullptr, sizeof(abi::Statistics), PROT_READ, MAP_SHARED, memory,
                            static_cast<off_t>(cpuid(abi::cpuid_lazyhv_leaf).edx));
    close(memory);
    if (page == MAP_FAILED)
        return nullptr;
    // If children inherited the mapping, each fork would cost more than it does without a monitor.
    (void)madvise(page, sizeof(abi::Statistics), MADV_DONTFORK);
    return static_cast<const abi::Statistics*>(page);
}

} // namespace linux_guest

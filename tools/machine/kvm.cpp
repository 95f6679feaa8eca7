#include "tools/machine/kvm.h"

#include "shared/console.h"
#include "tools/host/file_descriptor.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <linux/kvm.h>
#include <memory>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tool {
namespace {

constexpr std::uint32_t feature_leaf = 1;
constexpr std::uint32_t feature_ecx_vmx = 1U << 5; // SDM vol. 2, CPUID, leaf 1

/// The kernel's struct kvm_cpuid2, with room for its entries. The kernel's own declaration ends in
/// an array without a length; in C++ it is four bytes longer than in C, which would change the
/// number of the ioctl.
constexpr std::uint32_t max_entries = 512;
struct SupportedCpuid {
    std::uint32_t count;
    std::uint32_t padding;
    std::array<kvm_cpuid_entry2, max_entries> entries;
};
constexpr std::size_t header_size = 8;
static_assert(offsetof(SupportedCpuid, entries) == header_size);
constexpr unsigned long get_supported_cpuid =
    _IOC(_IOC_READ | _IOC_WRITE, KVMIO, 0x05U, header_size);

} // namespace

KvmCapability kvm_capability() {
    if (access("/dev/kvm", F_OK) != 0)
        return {false, "there is no /dev/kvm"};
    const FileDescriptor kvm(open("/dev/kvm", O_RDWR | O_CLOEXEC));
    if (!kvm.is_open())
        return {false, fmt::format("/dev/kvm cannot be opened: {}", std::strerror(errno))};

    const auto supported = std::make_unique<SupportedCpuid>();
    supported->count = max_entries;
    if (ioctl(kvm.get(), get_supported_cpuid, supported.get()) != 0)
        return {false, fmt::format("/dev/kvm does not say what it gives a guest: {}",
                                   std::strerror(errno))};
    for (std::uint32_t index = 0; index < supported->count; ++index) {
        const kvm_cpuid_entry2& entry = supported->entries[index];
        if (entry.function == feature_leaf && (entry.ecx & feature_ecx_vmx) != 0)
            return {true, "/dev/kvm gives a guest vmx"};
    }
    return {false, "/dev/kvm gives a guest no vmx"};
}

Emulator prepare_qemu(const Machine& machine, std::string_view image) {
    return {.command = {"qemu-system-x86_64",
                        "-accel",
                        "kvm",
                        "-cpu",
                        "host,+vmx",
                        "-smp",
                        fmt::format("{}", machine.cpus),
                        "-m",
                        fmt::format("{}M", machine.memory_mebibytes),
                        "-boot",
                        "d",
                        "-cdrom",
                        std::string(image),
                        "-display",
                        "none",
                        "-monitor",
                        "none",
                        "-serial",
                        "stdio",
                        "-nic",
                        "none",
                        "-no-reboot",
                        "-device",
                        fmt::format("isa-debug-exit,iobase={:#x},iosize=0x4", abi::qemu_exit_port)},
            .console_on_standard_streams = true};
}

} // namespace tool

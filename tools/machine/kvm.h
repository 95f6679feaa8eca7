#pragma once
// KVM: whether this host's gives a guest VT-x, and how QEMU is started with it.

#include "tools/machine/machine.h"

#include <filesystem>
#include <string>

namespace tool {

struct KvmCapability {
    bool offers_vmx;
    std::string reason; ///< in words: why, or why not
};

/// Asks /dev/kvm which CPUID bits it would give a guest (KVM_GET_SUPPORTED_CPUID, Linux
/// Documentation/virt/kvm/api.rst 4.46): that the device exists says nothing.
KvmCapability kvm_capability();

Emulator prepare_qemu(const Machine& machine, const std::filesystem::path& image);

} // namespace tool

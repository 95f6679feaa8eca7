#pragma once
// KVM on this host: whether it gives a guest VT-x, and how QEMU is started with it.

#include "tools/machine/machine.h"

#include <string>
#include <string_view>

namespace tool {

struct KvmCapability {
    bool offers_vmx;
    std::string reason; ///< why, or why not, for the user
};

/// Asks /dev/kvm which CPUID bits it would give a guest (KVM_GET_SUPPORTED_CPUID, Linux
/// Documentation/virt/kvm/api.rst 4.46). The device may exist without giving a guest VT-x.
KvmCapability kvm_capability();

/// QEMU's command line for nested VT-x under KVM. `image` is the name of the ISO in the folder in
/// which QEMU is started.
Emulator prepare_qemu(const Machine& machine, std::string_view image);

} // namespace tool

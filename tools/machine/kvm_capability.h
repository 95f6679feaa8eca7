#pragma once
// Whether this host's KVM gives a guest VT-x.

#include <string>

namespace tool {

struct KvmCapability {
    bool offers_vmx;
    std::string reason; ///< in words: why, or why not
};

/// Asks /dev/kvm which CPUID bits it would give a guest (KVM_GET_SUPPORTED_CPUID, Linux
/// Documentation/virt/kvm/api.rst 4.46): that the device exists says nothing.
KvmCapability kvm_capability();

} // namespace tool

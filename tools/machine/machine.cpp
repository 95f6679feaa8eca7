#include "tools/machine/machine.h"

#include "tools/host/failure.h"
#include "tools/machine/kvm.h"

#include <fmt/format.h>

namespace tool {

MachineChoice choose_machine(std::string_view wanted, const KvmCapability& kvm) {
    if (wanted == name(MachineKind::bochs))
        return {MachineKind::bochs, "machine: Bochs, as asked for"};
    if (wanted == name(MachineKind::kvm)) {
        if (!kvm.offers_vmx)
            throw Failure(fmt::format("--machine kvm is impossible here: {}; use --machine bochs",
                                      kvm.reason));
        return {MachineKind::kvm, "machine: QEMU with KVM, as asked for"};
    }
    if (!wanted.empty())
        throw Failure(fmt::format("unknown machine \"{}\": give bochs or kvm", wanted));
    if (kvm.offers_vmx)
        return {MachineKind::kvm, fmt::format("machine: QEMU with KVM ({})", kvm.reason)};
    return {MachineKind::bochs, fmt::format("machine: Bochs ({})", kvm.reason)};
}

} // namespace tool

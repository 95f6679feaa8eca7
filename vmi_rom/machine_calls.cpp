// The entries for the machine as a whole, for kernels of both word sizes.

#include "vmi_rom/entries.h"

namespace rom {

// These two do not return.

void reboot(Argument how) {
    vmcall(abi::Call::reboot, how);
    stop();
}

void shutdown(Argument status) {
    vmcall(abi::Call::shutdown, status);
    stop();
}

Result vmi_init() { return vmcall(abi::Call::vmi_init); }

} // namespace rom

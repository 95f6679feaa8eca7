#include "hypervisor/host/processor/vmx_instructions.h"

#include "hypervisor/host/console.h"

namespace hv::cpu {

[[noreturn]] void vmcs_access_failed(Field field) {
    console::fail("VMREAD or VMWRITE of ", name(field),
                  " failed: this processor has no such field");
}

} // namespace hv::cpu

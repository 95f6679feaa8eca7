#pragma once
// What is asked of the vCPUs that do not hold the page-table lock; address_space/requests.cpp has
// it.

namespace hv {

struct VirtualMachine;

/// All translations, or those of EPT, on every vCPU but the one that holds the page-table lock.
void drop_translations_elsewhere(VirtualMachine& machine);
void drop_ept_translations_elsewhere(VirtualMachine& machine);

} // namespace hv

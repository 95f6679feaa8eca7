#pragma once
// A copy of the local APIC's page, on which one instruction runs in a single step
// (faults/single_step.h) while writes to the page exit.

#include "hypervisor/translation/step_pages.h"
#include "shared/error.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Has `image` hold the registers in xAPIC mode as they are now.
void take_apic_image(PageImage& image);

/// Carries out the store that an instruction has made in the image to the register at `offset` in
/// the page, also where it is the value that was there: writes to this device have effects. Error:
/// bad_value when it has stored elsewhere in the page; nothing has been carried out then.
abi::Error apply_apic_image(Vcpu& vcpu, const PageImage& image, std::uint32_t offset);

} // namespace hv

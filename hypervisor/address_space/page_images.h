#pragma once
// Stores to a protected page that are made in an image of it, judged together, and then written to
// the page, or not at all.

#include "hypervisor/translation/step_pages.h"
#include "shared/error.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Has `image` hold what the page of the guest's RAM at `page` holds. With the page tables locked.
void take_image(PageImage& image, std::uint64_t page);

/// Writes what the image has been given since take_image() to the page. Errors: those of
/// RegisteredTables::apply and AllTables::apply; nothing has been written then. With the page
/// tables locked.
abi::Error apply_image(Vcpu& vcpu, PageImage& image, std::uint64_t page);

/// Writes up to 8 bytes, all in one page of the guest's RAM, which may be protected. Errors: those
/// of apply_image(). With the page tables locked, and no step active.
abi::Error store_bytes(Vcpu& vcpu, std::uint64_t gpa, const std::uint8_t* bytes,
                       std::uint32_t size);

} // namespace hv

#pragma once
// The one call the monitor makes into the decoder.

#include "hypervisor/decoder/store.h"
#include "hypervisor/decoder/store_decoder.h"
#include "hypervisor/decoder/vector_state.h"

namespace hv {

/// decode_store() with the guest's vector registers kept. The host's FS base must point at a
/// StackProtectorBlock (hypervisor/decoder/vector_state.h).
inline bool decode_guest_store(const std::uint8_t* bytes, std::uint32_t count, Store& store) {
    const VectorStateSaver saver;
    return decode_store(bytes, count, store);
}

} // namespace hv

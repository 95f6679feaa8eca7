#pragma once
// The one call the monitor makes into the decoder.

#include "hypervisor/instructions/decoder/store.h"
#include "hypervisor/instructions/decoder/store_decoder.h"
#include "hypervisor/instructions/decoder/vector_state.h"

namespace hv {

/// decode_store() with the guest's vector registers kept. The host's FS base must point at a
/// StackProtectorBlock (hypervisor/host/stack_protector.h).
inline bool decode_guest_store(const std::uint8_t* bytes, std::uint32_t count, Store& store,
                               CodeSize size) {
    const VectorStateSaver saver;
    return decode_store(bytes, count, store, size);
}

} // namespace hv

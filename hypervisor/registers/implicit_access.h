#pragma once
// Implicit supervisor-mode accesses of a guest that may be in every operating mode: those to
// descriptor tables and task-state segments, with the rights of ring 0 whatever the guest's is (SDM
// vol. 3, 4.6). Linear addresses have 32 bits. With each function, false means that the guest has
// been told why not: #PF, or #GP by name where the address leads to no memory of the guest's.

#include <cstdint>

namespace hv {

struct Vcpu;

bool read_implicitly(Vcpu& vcpu, std::uint64_t linear, std::uint8_t* bytes, std::uint32_t size);
bool write_implicitly(Vcpu& vcpu, std::uint64_t linear, const std::uint8_t* bytes,
                      std::uint32_t size);
/// Whether it could be written.
bool may_write_implicitly(Vcpu& vcpu, std::uint64_t linear, std::uint32_t size);

template <class T>
bool read_implicitly(Vcpu& vcpu, std::uint64_t linear, T& value) {
    return read_implicitly(vcpu, linear, reinterpret_cast<std::uint8_t*>(&value), sizeof(value));
}
template <class T>
bool write_implicitly(Vcpu& vcpu, std::uint64_t linear, const T& value) {
    return write_implicitly(vcpu, linear, reinterpret_cast<const std::uint8_t*>(&value),
                            sizeof(value));
}

} // namespace hv

#include "shared/call_table.h"
#include "shared/rom_header.h"
#include "vmi_rom/entries.h"
#include "vmi_rom/machine.h"

namespace rom {

namespace {

/// What get_reloc answers for what entry_of() returned: its linear address for a 32-bit kernel, its
/// offset from the start of the ROM for a 64-bit one.
std::uint32_t target(const void* entry) {
#ifdef __i386__
    return reinterpret_cast<Word>(image_base() + reinterpret_cast<Word>(entry));
#else
    return static_cast<std::uint32_t>(static_cast<const std::uint8_t*>(entry) - image_base());
#endif
}

} // namespace

std::uint64_t get_reloc(std::uint32_t call) {
    constexpr abi::Relocation nothing{0, abi::RelocationType::none};
    if (call >= abi::call_limit) {
        return nothing.encode();
    }
    const abi::RelocationType type = abi::relocation_type(answer_to(call));
    if (type != abi::RelocationType::call_rel && type != abi::RelocationType::jump_rel) {
        return abi::Relocation{0, type}.encode();
    }
    const void* entry = entry_of(static_cast<abi::Call>(call));
    if (entry == nullptr) {
        return nothing.encode();
    }
    return abi::Relocation{target(entry), type}.encode();
}

} // namespace rom

#include "shared/call_list.h"
#include "shared/call_table.h"
#include "shared/rom_header.h"
#include "vmi_rom/entries.h"
#include "vmi_rom/machine.h"

namespace rom {

namespace {

template <class Function>
const void* code(Function* function) {
    return reinterpret_cast<const void*>(function);
}

} // namespace

// A switch and not a table of pointers: a pointer in the image would be an absolute address, and
// the ROM runs wherever it is mapped.
const void* entry_of(abi::Call call) {
    // NOLINTBEGIN(bugprone-branch-clone): two calls may have the same entry.
    switch (call) {
#define LAZYHV_NO_ENTRY(...)
#define LAZYHV_ROM(number, enumerator, name, hardened, classic, modern, entry, ...)                \
    case abi::Call::enumerator:                                                                    \
        return code(entry);
#define LAZYHV_BOTH(number, enumerator, name, hardened, classic, modern, handler, entry, ...)      \
    case abi::Call::enumerator:                                                                    \
        return code(entry);
        LAZYHV_CALLS(LAZYHV_NO_ENTRY, LAZYHV_ROM, LAZYHV_NO_ENTRY, LAZYHV_BOTH)
#undef LAZYHV_NO_ENTRY
#undef LAZYHV_ROM
#undef LAZYHV_BOTH
    default:
        return nullptr;
    }
    // NOLINTEND(bugprone-branch-clone)
}

std::uint64_t get_reloc(std::uint32_t call) {
    constexpr abi::Relocation nothing{0, abi::RelocationType::none};
    if (call >= abi::call_limit) {
        return nothing.encode();
    }
    const auto answer = static_cast<abi::Answer>(load(area().control.answer[call]));
    const abi::RelocationType type = abi::relocation_type(answer);
    if (type != abi::RelocationType::call_rel && type != abi::RelocationType::jump_rel) {
        return abi::Relocation{0, type}.encode();
    }
    const void* entry = entry_of(static_cast<abi::Call>(call));
    if (entry == nullptr) {
        return nothing.encode();
    }
    const auto offset = static_cast<const std::uint8_t*>(entry) - image_base();
    return abi::Relocation{static_cast<std::uint32_t>(offset), type}.encode();
}

} // namespace rom

#include "guest/kernel/boot/trampoline_page.h"

#include "guest/kernel/boot/initial_state.h"
#include "guest/kernel/cpu/msr.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_tables.h"

#include <cstring>

extern "C" {
extern const char trampoline[];
extern const char trampoline_first_jump[];
extern const char trampoline_data[];
extern const char trampoline_end[];
}

namespace guest {
namespace {

std::uint64_t linear_address_of(const char* place) {
    return to_linear(TRAMPOLINE_BASE + static_cast<std::uint64_t>(place - trampoline));
}

void set_word(std::uint64_t offset, std::uint64_t value) {
    *reinterpret_cast<volatile std::uint64_t*>(linear_address_of(trampoline_data) + offset) = value;
}

} // namespace

TrampolinePage::TrampolinePage()
    : space_{page_tables::allocate_root(address_spaces::kernel().root)} {
    TableWalk walk(space_.root);
    page_tables::write(walk.make_entry(TRAMPOLINE_BASE), TRAMPOLINE_BASE | pte::read_execute);
    std::memcpy(linear_pointer<void>(TRAMPOLINE_BASE), trampoline,
                static_cast<std::size_t>(trampoline_end - trampoline));
}

TrampolinePage::~TrampolinePage() { address_spaces::destroy(space_); }

void TrampolinePage::set(const abi::InitialState& state) const {
    set_word(TRAMPOLINE_CR0, state.cr0);
    set_word(TRAMPOLINE_CR3, space_.root);
    set_word(TRAMPOLINE_CR4, state.cr4);
    set_word(TRAMPOLINE_EFER, state.efer & ~msr::efer_lma); // set by the processor itself
    set_word(TRAMPOLINE_STACK, state.general[initial_rsp]);
    set_word(TRAMPOLINE_CPU, state.general[initial_rdi]);
    set_word(TRAMPOLINE_ENTRY, state.rip);
}

void TrampolinePage::set_root(std::uint64_t root) const { set_word(TRAMPOLINE_CR3, root); }

void TrampolinePage::set_first_jump(std::uint32_t physical) const {
    constexpr std::uint64_t prefix_and_opcode = 2;
    const std::uint64_t target = linear_address_of(trampoline_first_jump) + prefix_and_opcode;
    std::memcpy(reinterpret_cast<void*>(target), &physical, sizeof(physical));
}

} // namespace guest

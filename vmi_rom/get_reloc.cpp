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

// A switch and not a table of pointers: a pointer in the image would be an absolute address.
const void* entry_of(abi::Call call) {
    switch (call) {
    case abi::Call::set_gdt:
        return code(set_gdt);
    case abi::Call::set_ldt:
        return code(set_ldt);
    case abi::Call::set_idt:
        return code(set_idt);
    case abi::Call::set_tr:
        return code(set_tr);
    case abi::Call::get_gdt:
        return code(get_gdt);
    case abi::Call::get_ldt:
        return code(get_ldt);
    case abi::Call::get_idt:
        return code(get_idt);
    case abi::Call::get_tr:
        return code(get_tr);
    case abi::Call::write_gdt_entry:
        return code(write_gdt_entry);
    case abi::Call::write_ldt_entry:
        return code(write_ldt_entry);
    case abi::Call::write_idt_entry:
        return code(write_idt_entry);
    case abi::Call::update_kernel_stack:
        return code(update_kernel_stack);
    case abi::Call::set_cr0:
        return code(set_cr0);
    case abi::Call::set_cr3:
        return code(set_cr3);
    case abi::Call::set_cr4:
        return code(set_cr4);
    case abi::Call::get_cr0:
        return code(get_cr0);
    case abi::Call::get_cr3:
        return code(get_cr3);
    case abi::Call::clts:
        return code(clts);
    case abi::Call::halt:
        return code(halt);
    case abi::Call::reboot:
        return code(reboot);
    case abi::Call::shutdown:
        return code(shutdown);
    case abi::Call::set_pxe:
    case abi::Call::set_pxe_long:
        return code(set_pxe);
    case abi::Call::update_pxe:
    case abi::Call::update_pxe_long:
        return code(update_pxe);
    case abi::Call::allocate_page:
        return code(allocate_page);
    case abi::Call::release_page:
        return code(release_page);
    case abi::Call::inval_page:
        return code(inval_page);
    case abi::Call::flush_tlb:
        return code(flush_tlb);
    case abi::Call::set_linear_mapping:
        return code(set_linear_mapping);
    case abi::Call::set_lazy_mode:
        return code(set_lazy_mode);
    case abi::Call::set_initial_ap_state:
        return code(set_initial_ap_state);
    case abi::Call::shootdown:
        return code(shootdown);
    case abi::Call::write_tss_word:
        return code(write_tss_word);
    default:
        return nullptr;
    }
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

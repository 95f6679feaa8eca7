#include "hypervisor/boot/vmcs/control_selection.h"

#include "hypervisor/host/console.h"

namespace hv {

namespace {

namespace primary = primary_processor_based;
namespace secondary = secondary_processor_based;

enum FieldIndex : std::uint32_t { pin, first, second, exit, entry };

void print_names(std::span<const ControlName> names, std::uint32_t word,
                 std::string_view separator) {
    bool printed = false;
    for (std::uint32_t position = 0; position < 32; ++position) {
        const std::uint32_t bit = word & std::uint32_t{1} << position;
        if (bit == 0)
            continue;
        if (printed)
            console::print(separator);
        console::print(control_name(names, bit));
        printed = true;
    }
}

} // namespace

ControlSelection select_controls(abi::Profile profile, const Capabilities& capabilities,
                                 bool several_vcpus, bool protects) {
    const bool hardened = profile == abi::Profile::hardened && protects;
    const bool classic = profile == abi::Profile::classic;
    // By an NMI one vCPU brings another out of the guest, whatever that one does.
    const std::uint32_t pin_required =
        several_vcpus ? pin_based::nmi_exiting | pin_based::virtual_nmis : 0;
    // RDTSC, HLT and the rest stay the guest's; CR3 and INVLPG are where the monitor keeps, or
    // checks, page tables.
    const std::uint32_t primary_required =
        primary::use_io_bitmaps | primary::use_msr_bitmaps |
        (classic ? primary::cr3_load_exiting | primary::cr3_store_exiting | primary::invlpg_exiting
                 : primary::activate_secondary_controls) |
        (hardened ? primary::cr3_load_exiting : 0);
    // A guest without IA-32e mode has another EFER than the monitor.
    const bool switches_efer = (capabilities.vm_entry >> 32 & vm_entry::load_ia32_efer) != 0 &&
                               (capabilities.vm_exit >> 32 & vm_exit::load_ia32_efer) != 0;
    const bool every_mode = !classic && !hardened && switches_efer;
    const std::uint32_t secondary_required = (classic ? 0 : secondary::enable_ept) |
                                             (hardened ? secondary::descriptor_table_exiting : 0);
    const std::uint32_t secondary_wanted = secondary::enable_vpid | secondary::enable_rdtscp |
                                           secondary::enable_xsaves_xrstors |
                                           (every_mode ? secondary::unrestricted_guest : 0) |
                                           (!classic   ? secondary::enable_invpcid
                                            : protects ? secondary::descriptor_table_exiting
                                                       : 0);
    constexpr std::uint32_t exit_wanted = vm_exit::save_debug_controls | vm_exit::save_ia32_pat |
                                          vm_exit::load_ia32_pat | vm_exit::save_ia32_efer |
                                          vm_exit::load_ia32_efer;
    constexpr std::uint32_t entry_wanted =
        vm_entry::load_debug_controls | vm_entry::load_ia32_pat | vm_entry::load_ia32_efer;
    return {{{
        {"pin-based controls", pin_based::names,
         negotiate(pin_required, 0, capabilities.pin_based)},
        {"primary processor-based controls", primary::names,
         negotiate(primary_required, classic ? primary::activate_secondary_controls : 0,
                   capabilities.primary_processor_based)},
        {"secondary processor-based controls", secondary::names,
         negotiate(secondary_required, secondary_wanted, capabilities.secondary_processor_based)},
        {"VM-exit controls", vm_exit::names,
         negotiate(vm_exit::host_address_space_size, exit_wanted, capabilities.vm_exit)},
        {"VM-entry controls", vm_entry::names,
         negotiate(vm_entry::ia32e_mode_guest, entry_wanted, capabilities.vm_entry)},
    }}};
}

Controls ControlSelection::controls() const {
    return {fields[pin].result.value, fields[first].result.value, fields[second].result.value,
            fields[exit].result.value, fields[entry].result.value};
}

bool ControlSelection::sufficient() const {
    for (const ControlField& field : fields)
        if (field.result.missing_required != 0)
            return false;
    return true;
}

void print_selection(const ControlSelection& selection) {
    for (const ControlField& field : selection.fields) {
        if (field.result.not_granted == 0)
            continue;
        console::print(abi::monitor_prefix, field.name, " not granted: ");
        print_names(field.bits, field.result.not_granted, ", ");
        console::print('\n');
    }
    console::print(abi::context_prefix, "controls_granted=\"");
    bool printed = false;
    for (const ControlField& field : selection.fields) {
        const std::uint32_t granted = field.result.value & ~field.result.forced;
        if (granted == 0)
            continue;
        if (printed)
            console::print("; ");
        print_names(field.bits, granted, ", ");
        printed = true;
    }
    console::print("\" controls_not_granted=\"");
    printed = false;
    for (const ControlField& field : selection.fields) {
        if (field.result.not_granted == 0)
            continue;
        if (printed)
            console::print("; ");
        print_names(field.bits, field.result.not_granted, ", ");
        printed = true;
    }
    console::print("\"\n");
}

} // namespace hv

#include "hypervisor/boot/prepare_machine.h"

#include "hypervisor/address_space/guest_physical_map.h"
#include "hypervisor/address_space/requests.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/boot/monitor_memory.h"
#include "hypervisor/boot/vmcs/requirements.h"
#include "hypervisor/boot/vmcs/vmcs_setup.h"
#include "hypervisor/boot/vmx_operation.h"
#include "hypervisor/calls/call_dispatch.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/cpuid.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/registers/port_policy.h"
#include "hypervisor/trace/exit_trace.h"
#include "hypervisor/vcpu/msr_bitmaps.h"
#include "hypervisor/vmx/read_capabilities.h"
#include "shared/call_table.h"

#include <algorithm>

// exits/vm_exit.S
extern "C" void vm_exit_entry();
extern "C" void vm_exit_entry_traced();

namespace hv {

namespace {

constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;

std::uint64_t read_msr(Msr msr) { return cpu::read_msr(number(msr)); }

/// What monitor_memory_size() counts for each vCPU: VMXON region and VMCS, and of EPT a root, two
/// tables and a page table of its own for the first MiB.
constexpr std::uint64_t vmx_regions = 2 * page_size;
constexpr std::uint64_t ept_view = 4 * page_size;
static_assert(sizeof(Vcpu) + sizeof(abi::VcpuArea) + align_up(sizeof(StepPages), page_size) +
                  align_up(sizeof(cpu::HostTables), page_size) + vmx_regions + ept_view <=
              memory_of_vcpu);

} // namespace

std::uint64_t take_pages(PageAllocator& pages, std::uint64_t count) {
    const std::uint64_t physical = pages.take(count);
    if (physical == 0)
        console::fail("the monitor's own memory is used up");
    return physical;
}

void prepare_machine(VirtualMachine& machine, std::uint64_t memory_end) {
    machine.capabilities = read_capabilities(read_msr);
    machine.physical_address_bits = physical_address_bits();
    choose_controls(machine);
    machine.msr_bitmaps = take_pages(machine.pages, 1);
    machine.io_bitmaps = take_pages(machine.pages, 2);
    fill_msr_bitmaps(machine.msr_bitmaps);
    fill_io_bitmaps(machine.io_bitmaps, machine.chipset.acpi);
    const std::uint64_t frames = memory_end / page_size;
    machine.frames = FrameTable{reinterpret_cast<Frame*>(direct_pointer(take_pages(
                                    machine.pages, frame_table_memory(memory_end) / page_size))),
                                frames};
    for (const PhysicalRange& range : machine.ram.ranges())
        machine.frames.add_guest_ram(range.begin, range.end);
    machine.features = paging_features(machine.physical_address_bits);
    const std::uint64_t end = std::max(memory_end, four_gib);
    if (machine.profile != abi::Profile::classic) {
        machine.ept = Ept{machine.pages};
        build_guest_physical_map(machine, read_mtrrs(read_msr), end);
        protect_configuration_space(machine, end);
    }
    machine.stale = StaleTranslations{machine, drop_elsewhere};
    machine.translation = machine.profile == abi::Profile::classic
                              ? Translation{machine.frames, machine.shadows, machine.stale}
                              : Translation{machine.frames, machine.ept, machine.stale};
    machine.demands = machine.translation.demands();
    offer_registers(machine);
    machine.page_tables =
        RegisteredTables{machine.frames, machine.memory, machine.translation, machine.tables,
                         TableRules{.hardened = machine.profile == abi::Profile::hardened,
                                    .features = machine.features,
                                    .memory_end = end,
                                    .monitor = machine.monitor}};
}

namespace {

// What the guest sees of the monitor, in shadow tables.
void prepare_shadows(VirtualMachine& machine, const Options& options, std::uint64_t memory_end,
                     const MonitorPages& rom) {
    const std::uint64_t size = shadow_memory(options, memory_end, machine.vcpu_count);
    const std::uint64_t memory = take_pages(machine.pages, size / page_size);
    Vcpu& first = *machine.vcpus[0];
    const bool several = machine.vcpu_count > 1;
    ShadowSettings settings{.features = machine.features,
                            .memory_end = std::max(memory_end, four_gib),
                            .monitor = machine.monitor,
                            .read_only_pages = {machine.chipset.guarded_pages.data(),
                                                machine.chipset.guarded_pages.size()},
                            .guesses = !machine.protects};
    // Several vCPUs have shadows of their own of one root, which cannot all lie in one place. And
    // the ROM leaves out invalidations unless it is told of tables out of step.
    if (!machine.protects && !several && machine.interface == abi::Interface::native &&
        machine.capabilities.misc.cr3_target_count() != 0)
        settings.direct_map_tables = &machine.pages;
    settings.monitor_pages[0] = {.guest = {abi::statistics_base, abi::statistics_base + page_size},
                                 .physical = direct_physical(&first.statistics),
                                 .stride = several ? sizeof(Vcpu) : 0};
    if (machine.interface != abi::Interface::native) {
        settings.monitor_pages[1] = {
            .guest = {abi::vcpu_area_base, abi::vcpu_area_base + sizeof(abi::VcpuArea)},
            .physical = direct_physical(first.area),
            .stride = several ? sizeof(abi::VcpuArea) : 0,
            .writable = true};
        settings.monitor_pages[2] = rom;
    }
    machine.shadows = ShadowTables{ShadowPool{PhysicalRange{memory, memory + size}}, machine.frames,
                                   machine.stale, settings, first.statistics};
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number) {
        Vcpu& vcpu = *machine.vcpus[number];
        machine.shadows.set_root_cache(number, vcpu.roots.known);
        if (machine.interface == abi::Interface::lazy || machine.shadows.can_displace())
            vcpu.roots.limit = std::min<std::uint32_t>(machine.capabilities.misc.cr3_target_count(),
                                                       abi::root_pairs);
    }
}

// At the same guest-physical addresses each vCPU sees pages of its own.
void prepare_views(VirtualMachine& machine, const MonitorPages& rom) {
    const bool has_rom = machine.interface != abi::Interface::native;
    if (has_rom)
        map_rom(machine, rom.physical, rom.guest.size());
    make_views(machine);
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number) {
        const Vcpu& vcpu = *machine.vcpus[number];
        map_statistics(machine, number, direct_physical(&vcpu.statistics));
        if (has_rom)
            map_vcpu_area(machine, number, direct_physical(vcpu.area));
    }
}

void prepare_vcpu(Vcpu& vcpu, VirtualMachine& machine) {
    vcpu.machine = &machine;
    vcpu.vpid = machine.has(secondary_processor_based::enable_vpid)
                    ? static_cast<std::uint16_t>(vcpu.number + 1)
                    : 0;
    vcpu.invalidation = choose_invalidation(machine.capabilities, vcpu.vpid);
    vcpu.watches_descriptor_registers =
        machine.owns_descriptors() &&
        !machine.has(secondary_processor_based::descriptor_table_exiting);
    vcpu.nmi.entry_stack = reinterpret_cast<std::uint64_t>(&vcpu.registers);
    vcpu.step_pages = &make_object<StepPages>(machine.pages);
    machine.tables.add(vcpu.tables);
    if (machine.is_kernel_unaware)
        vcpu.tables.take_half_gates();
    abi::ControlPage& control = vcpu.area->control;
    control.vcpu = vcpu.number;
    for (abi::RootPair& pair : control.root_pair)
        pair = {abi::no_root, abi::no_root};
    for (std::uint32_t call = 0; call < abi::call_limit; ++call) {
        control.answer[call] =
            static_cast<std::uint8_t>(abi::answer(call, machine.profile, machine.interface));
        control.answer_32[call] =
            static_cast<std::uint8_t>(abi::answer_32(call, machine.profile, machine.interface));
    }
}

HostState host_state(const cpu::HostTables& tables) {
    return {.cr0 = cpu::read_cr0(),
            .cr3 = cpu::read_cr3(),
            .cr4 = cpu::read_cr4(),
            .gdt_base = reinterpret_cast<std::uint64_t>(tables.gdt.data()),
            .idt_base = cpu::host_idt_base(),
            .tr_base = reinterpret_cast<std::uint64_t>(&tables.tss),
            .fs_base = reinterpret_cast<std::uint64_t>(&tables.stack_protector),
            .rip = reinterpret_cast<std::uint64_t>(exits_are_traced() ? &vm_exit_entry_traced
                                                                      : &vm_exit_entry),
            .pat = read_msr(Msr::ia32_pat),
            .efer = read_msr(Msr::ia32_efer),
            .code_selector = cpu::host_code_selector,
            .data_selector = cpu::host_data_selector,
            .tss_selector = cpu::host_tss_selector};
}

} // namespace

void prepare_vcpus(VirtualMachine& machine, const Options& options, std::uint64_t memory_end,
                   std::span<const std::uint32_t> apic_ids, const MonitorPages& rom) {
    // They are adjacent: shadow page tables find the pages of vCPU n by its number.
    static_assert(sizeof(Vcpu) % page_size == 0);
    const std::uint64_t vcpus =
        take_pages(machine.pages, machine.vcpu_count * (sizeof(Vcpu) / page_size));
    const std::uint64_t areas =
        take_pages(machine.pages, machine.vcpu_count * (sizeof(abi::VcpuArea) / page_size));
    machine.calls = &call_dispatch(machine.profile);
    machine.legacy_calls = &legacy_call_dispatch(machine.profile);
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number) {
        Vcpu& vcpu = *new (direct_pointer(vcpus + number * sizeof(Vcpu))) Vcpu();
        machine.vcpus[number] = &vcpu;
        vcpu.number = number;
        vcpu.apic_id = apic_ids[number];
        vcpu.area = reinterpret_cast<abi::VcpuArea*>(
            direct_pointer(areas + number * sizeof(abi::VcpuArea)));
        prepare_vcpu(vcpu, machine);
    }
    if (machine.has(secondary_processor_based::enable_ept))
        prepare_views(machine, rom);
    if (machine.profile == abi::Profile::classic)
        prepare_shadows(machine, options, memory_end, rom);
}

void enter_monitor(Vcpu& vcpu) {
    VirtualMachine& machine = *vcpu.machine;
    SpinGuard guard{machine.start_lock}; // the allocator is shared
    cpu::HostTables& tables = make_object<cpu::HostTables>(machine.pages);
    cpu::load_host_tables(tables, vcpu.nmi);
    enter_vmx_operation(machine.capabilities, take_pages(machine.pages, 1),
                        take_pages(machine.pages, 1));
    write_controls(vcpu);
    write_host_state(vcpu, host_state(tables));
}

void reset_statistics(Vcpu& vcpu) {
    const std::uint64_t shadow_limit = vcpu.statistics.shadow_limit;
    const std::uint64_t shadow_in_use = vcpu.statistics.shadow_in_use;
    vcpu.statistics = {};
    vcpu.statistics.shadow_limit = shadow_limit;
    vcpu.statistics.shadow_in_use = shadow_in_use;
    vcpu.vmcs.reset_accesses();
}

} // namespace hv

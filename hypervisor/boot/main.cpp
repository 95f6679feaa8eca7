// From the boot loader's hand-over to the guest's first instruction.

#include "hypervisor/boot/monitor_memory.h"
#include "hypervisor/boot/multiboot2.h"
#include "hypervisor/boot/options.h"
#include "hypervisor/boot/relocate.h"
#include "hypervisor/boot/start_bare.h"
#include "hypervisor/boot/vmx_operation.h"
#include "hypervisor/calls/call_dispatch.h"
#include "hypervisor/console/console.h"
#include "hypervisor/cpu/host_tables.h"
#include "hypervisor/cpu/instructions.h"
#include "hypervisor/exits/entry_failure.h"
#include "hypervisor/loader/guest_loader.h"
#include "hypervisor/vcpu/control_registers.h"
#include "hypervisor/vcpu/descriptor_registers.h"
#include "hypervisor/vcpu/guest_physical_map.h"
#include "hypervisor/vcpu/mirror.h"
#include "hypervisor/vcpu/msr_policy.h"
#include "hypervisor/vcpu/port_policy.h"
#include "hypervisor/vcpu/requirements.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vcpu/vmcs_setup.h"
#include "hypervisor/vmx/read_capabilities.h"

#include <algorithm>
#include <cstring>
#include <new>

extern "C" {
// cpu/vm_exit.S
void vm_exit_entry();
[[noreturn]] void vm_launch(hv::GuestRegisters* registers);
}

namespace hv {

namespace {

constexpr std::uint64_t low_memory_end = 0xA0000; ///< the firmware's data and tables lie behind
constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;

BootInformation boot_information;

std::uint64_t read_msr(Msr msr) { return cpu::read_msr(number(msr)); }

std::uint64_t take_pages(PageAllocator& pages, std::uint64_t count) {
    const std::uint64_t physical = pages.take(count);
    if (physical == 0)
        console::fail("the monitor's own memory is used up");
    return physical;
}

// A zeroed object in the monitor's memory, for the life of the machine.
template <typename T>
T& make_object(PageAllocator& pages) {
    const std::uint64_t physical = take_pages(pages, align_up(sizeof(T), page_size) / page_size);
    return *new (direct_pointer(physical)) T();
}

void read_boot_information(std::uint64_t multiboot2) {
    new (&boot_information) BootInformation;
    if (!read_multiboot2(multiboot2, boot_information))
        console::fail("the boot loader's Multiboot2 information makes no sense");
}

MemoryMap usable_memory() {
    MemoryMap ram;
    for (const abi::MemoryRange& range : boot_information.memory) {
        if (range.type != abi::memory_type_ram)
            continue;
        const std::uint64_t end = align_down(range.address + range.size, page_size);
        if (!ram.add({align_up(range.address, page_size), end}))
            console::fail("the machine's memory map has too many ranges");
    }
    return ram;
}

std::uint64_t end_of(const MemoryMap& ram) {
    std::uint64_t end = 0;
    for (const PhysicalRange& range : ram.ranges())
        end = std::max(end, range.end);
    return align_up(end, large_page_size);
}

PhysicalRange choose_home(const MemoryMap& ram, std::uint64_t size) {
    boost::container::static_vector<PhysicalRange, 8> taken;
    taken.push_back(boot_information.information);
    taken.push_back({IMAGE_LOAD_ADDRESS, IMAGE_LOAD_ADDRESS + align_up(image_size(), page_size)});
    for (const BootModule& module : boot_information.modules)
        taken.push_back(module.range);
    const std::uint64_t home = ram.find_highest(size, large_page_size, four_gib, taken);
    if (home == 0)
        console::fail("no place for the monitor's ", size >> 20, " MiB; give more --memory");
    return {home, home + size};
}

struct Module {
    std::span<const std::uint8_t> file;
    std::string_view arguments;
};

Module module(std::string_view kind) {
    std::string_view arguments;
    const BootModule* found = boot_information.find(kind, arguments);
    if (found == nullptr)
        console::fail("the boot loader brought no ", kind, " module");
    return {{direct_pointer(found->range.begin), found->range.size()}, arguments};
}

// The guest's file moves to the top of its memory, out of the way of its segments.
LoadedGuest place_guest(const VirtualMachine& machine) {
    const Module guest = module("guest");
    const std::uint64_t size = align_up(guest.file.size(), page_size);
    const std::uint64_t staging = machine.ram.find_highest(
        size, page_size, end_of(machine.ram), boost::container::static_vector<PhysicalRange, 1>{});
    if (staging == 0)
        console::fail("guest: the file does not fit; give more --memory");
    std::memmove(direct_pointer(staging), guest.file.data(), guest.file.size());
    MemoryMap loadable = machine.ram;
    loadable.remove({staging, staging + size});
    return load_guest({direct_pointer(staging), guest.file.size()}, guest.arguments,
                      {machine.ram, loadable, machine.monitor, boot_information.rsdp});
}

MonitorPages place_rom(VirtualMachine& machine) {
    const Module rom = module("rom");
    if (rom.file.size() > abi::rom_max_size)
        console::fail("rom: the image is larger than its place");
    const std::uint64_t pages = align_up(rom.file.size(), page_size) / page_size;
    const std::uint64_t physical = take_pages(machine.pages, pages);
    std::memcpy(direct_pointer(physical), rom.file.data(), rom.file.size());
    return {.guest = {abi::rom_base, abi::rom_base + pages * page_size},
            .physical = physical,
            .executable = true};
}

void prepare_machine(VirtualMachine& machine, std::uint64_t memory_end) {
    machine.capabilities = read_capabilities(read_msr);
    machine.physical_address_bits = physical_address_bits();
    choose_controls(machine);
    machine.msr_bitmaps = take_pages(machine.pages, 1);
    machine.io_bitmaps = take_pages(machine.pages, 2);
    fill_msr_bitmaps(machine.msr_bitmaps);
    fill_io_bitmaps(machine.io_bitmaps);
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
    }
    ShadowTables* const shadows =
        machine.profile == abi::Profile::classic ? &machine.shadows : nullptr;
    machine.protected_pages = ProtectedPages{machine.frames, &machine.ept, shadows};
    machine.page_tables =
        RegisteredTables{machine.frames, machine.memory, machine.protected_pages, shadows,
                         TableRules{.hardened = machine.profile == abi::Profile::hardened,
                                    .features = machine.features,
                                    .memory_end = end,
                                    .monitor = machine.monitor}};
}

// What the guest sees of the monitor, in shadow tables.
void prepare_shadows(Vcpu& vcpu, const Options& options, std::uint64_t memory_end,
                     const MonitorPages& rom) {
    VirtualMachine& machine = *vcpu.machine;
    const std::uint64_t size = shadow_memory(options, memory_end);
    const std::uint64_t memory = take_pages(machine.pages, size / page_size);
    ShadowSettings settings{.features = machine.features,
                            .memory_end = std::max(memory_end, four_gib),
                            .monitor = machine.monitor};
    settings.monitor_pages[0] = {.guest = {abi::statistics_base, abi::statistics_base + page_size},
                                 .physical = direct_physical(&vcpu.statistics)};
    if (machine.interface != abi::Interface::native) {
        settings.monitor_pages[1] = {
            .guest = {abi::vcpu_area_base, abi::vcpu_area_base + sizeof(abi::VcpuArea)},
            .physical = direct_physical(vcpu.area),
            .writable = true};
        settings.monitor_pages[2] = rom;
    }
    machine.shadows = ShadowTables{ShadowPool{PhysicalRange{memory, memory + size}}, machine.frames,
                                   machine.memory, settings, vcpu.statistics};
    if (machine.interface == abi::Interface::lazy)
        vcpu.roots.limit =
            std::min<std::uint32_t>(machine.capabilities.misc.cr3_target_count(), abi::root_pairs);
}

void prepare_vcpu(Vcpu& vcpu, VirtualMachine& machine, const Options& options,
                  std::uint64_t memory_end) {
    vcpu.machine = &machine;
    vcpu.calls = &call_dispatch(machine.profile);
    const bool has_ept = machine.has(secondary_processor_based::enable_ept);
    if (has_ept)
        map_statistics(machine, direct_physical(&vcpu.statistics));
    const std::uint64_t area = take_pages(machine.pages, sizeof(abi::VcpuArea) / page_size);
    vcpu.area = reinterpret_cast<abi::VcpuArea*>(direct_pointer(area));
    vcpu.vpid = machine.has(secondary_processor_based::enable_vpid) ? 1 : 0;
    vcpu.invalidation = choose_invalidation(machine.capabilities, vcpu.vpid);
    vcpu.watches_descriptor_registers =
        machine.owns_descriptors() &&
        !machine.has(secondary_processor_based::descriptor_table_exiting);
    vcpu.followed_tr = boot_tss_selector;
    MonitorPages rom;
    if (machine.interface != abi::Interface::native)
        rom = place_rom(machine);
    if (has_ept && machine.interface != abi::Interface::native) {
        map_rom(machine, rom.physical, rom.guest.size());
        map_vcpu_area(machine, area);
    }
    if (machine.profile == abi::Profile::classic)
        prepare_shadows(vcpu, options, memory_end, rom);
    for (abi::RootPair& pair : vcpu.area->control.root_pair)
        pair = {abi::no_root, abi::no_root};
    for (std::uint32_t call = 0; call < abi::call_limit; ++call)
        vcpu.area->control.answer[call] =
            static_cast<std::uint8_t>(abi::answer(call, machine.profile, machine.interface));
}

HostState host_state(const cpu::HostTables& tables) {
    return {.cr0 = cpu::read_cr0(),
            .cr3 = cpu::read_cr3(),
            .cr4 = cpu::read_cr4(),
            .gdt_base = reinterpret_cast<std::uint64_t>(tables.gdt.data()),
            .idt_base = cpu::host_idt_base(),
            .tr_base = reinterpret_cast<std::uint64_t>(&tables.tss),
            .fs_base = reinterpret_cast<std::uint64_t>(&tables.stack_protector),
            .rip = reinterpret_cast<std::uint64_t>(&vm_exit_entry),
            .pat = read_msr(Msr::ia32_pat),
            .efer = read_msr(Msr::ia32_efer),
            .code_selector = cpu::host_code_selector,
            .data_selector = cpu::host_data_selector,
            .tss_selector = cpu::host_tss_selector};
}

// From here on the boot descriptors are the monitor's as well.
void take_over_descriptors(Vcpu& vcpu) {
    if (!vcpu.machine->owns_descriptors())
        return;
    const abi::PseudoDescriptor gdtr{boot_gdt_limit, boot_area::gdt};
    if (set_guest_gdtr(vcpu, gdtr) != abi::Error::none)
        console::fail("the boot GDT breaks the rules of its profile");
}

} // namespace

/// Called by boot/entry.S; runs in the low copy of the image until move_to.
extern "C" [[noreturn]] void boot_main(std::uint64_t multiboot2) {
    console::initialise();
    read_boot_information(multiboot2);
    std::string_view unknown;
    const auto options = parse_options(boot_information.command_line.view(), unknown);
    if (!options)
        console::fail("unknown word on the monitor's command line: ", unknown);

    MemoryMap ram = usable_memory();
    const std::uint64_t memory_end = end_of(ram);
    const PhysicalRange home = choose_home(ram, monitor_memory_size(*options, memory_end));
    PageAllocator pages = move_to(home, memory_end);
    ram.remove(home);
    ram.remove({low_memory_end, IMAGE_LOAD_ADDRESS});

    VirtualMachine& machine = make_object<VirtualMachine>(pages);
    machine.profile = options->profile;
    machine.interface = options->interface;
    machine.ram = ram;
    machine.monitor = home;
    machine.memory = GuestMemory{machine.ram};
    machine.pages = pages;
    if (machine.profile == abi::Profile::bare)
        start_bare(place_guest(machine));

    require_vmx();
    prepare_machine(machine, memory_end);
    Vcpu& vcpu = make_object<Vcpu>(machine.pages);
    prepare_vcpu(vcpu, machine, *options, memory_end);
    const LoadedGuest guest = place_guest(machine);

    cpu::HostTables& tables = make_object<cpu::HostTables>(machine.pages);
    enter_vmx_operation(machine.capabilities, take_pages(machine.pages, 1),
                        take_pages(machine.pages, 1));
    cpu::load_host_tables(tables);
    write_controls(vcpu);
    write_host_state(vcpu, host_state(tables));
    write_guest_state(vcpu, guest.entry);
    take_over_descriptors(vcpu);
    mirror_registers(vcpu);
    console::say("profile ", abi::name(machine.profile), ", interface ",
                 abi::name(machine.interface), ", monitor at ", console::Hex{home.begin});
    console::flush();
    const std::uint64_t shadow_limit = vcpu.statistics.shadow_limit;
    const std::uint64_t shadow_in_use = vcpu.statistics.shadow_in_use;
    vcpu.statistics = {};
    vcpu.statistics.shadow_limit = shadow_limit;
    vcpu.statistics.shadow_in_use = shadow_in_use;
    vcpu.vmcs.reset_accesses();
    vm_launch(&vcpu.registers);
}

} // namespace hv

// From the boot loader's hand-over to the guest's first instruction.

#include "hypervisor/boot/acpi/processors.h"
#include "hypervisor/boot/chipset.h"
#include "hypervisor/boot/interpreted_start.h"
#include "hypervisor/boot/loader/guest_loader.h"
#include "hypervisor/boot/loader/linux_image.h"
#include "hypervisor/boot/loader/linux_loader.h"
#include "hypervisor/boot/loader/multiboot_image.h"
#include "hypervisor/boot/loader/multiboot_loader.h"
#include "hypervisor/boot/monitor_memory.h"
#include "hypervisor/boot/multiboot2.h"
#include "hypervisor/boot/options.h"
#include "hypervisor/boot/prepare_machine.h"
#include "hypervisor/boot/relocate.h"
#include "hypervisor/boot/start_bare.h"
#include "hypervisor/boot/start_processors.h"
#include "hypervisor/boot/vmcs/requirements.h"
#include "hypervisor/boot/vmcs/vmcs_setup.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/host/console.h"
#include "hypervisor/host/processor/local_apic.h"
#include "hypervisor/registers/descriptor_registers.h"
#include "hypervisor/registers/mirror.h"
#include "hypervisor/registers/operating_mode.h"
#include "hypervisor/registers/pci_configuration.h"
#include "hypervisor/trace/exit_trace.h"
#include "hypervisor/vcpu/vcpu.h"

#include <algorithm>
#include <cstring>
#include <new>

extern "C" [[noreturn]] void vm_launch(hv::GuestRegisters* registers); // exits/vm_exit.S

namespace hv {

namespace {

constexpr std::uint64_t low_memory_end = 0xA0000; ///< above lie the firmware's data and tables
constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;

BootInformation boot_information;

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

PhysicalRange find_initrd() {
    std::string_view arguments;
    const BootModule* found = boot_information.find("initrd", arguments);
    return found != nullptr ? found->range : PhysicalRange{};
}

// GRUB's copy of the RSDP lies where the guest may be loaded. Returns where it is safe, or 0.
std::uint64_t keep_rsdp() {
    constexpr std::uint64_t size = 36; // of ACPI 2.0 and later
    if (boot_information.rsdp == 0)
        return 0;
    std::memmove(direct_pointer(boot_area::rsdp), direct_pointer(boot_information.rsdp), size);
    return boot_area::rsdp;
}

// The guest's file moves to the top of its memory, so that its segments can be loaded below.
LoadedGuest place_guest(const VirtualMachine& machine) {
    const std::uint64_t rsdp = keep_rsdp();
    const Module guest = module("guest");
    const PhysicalRange initrd = find_initrd();
    const std::uint64_t size = align_up(guest.file.size(), page_size);
    const std::uint64_t staging =
        machine.ram.find_highest(size, page_size, end_of(machine.ram), std::array{initrd});
    if (staging == 0)
        console::fail("guest: the file does not fit; give more --memory");
    std::memmove(direct_pointer(staging), guest.file.data(), guest.file.size());
    MemoryMap loadable = machine.ram;
    loadable.remove({staging, staging + size});
    const std::span<const std::uint8_t> file{direct_pointer(staging), guest.file.size()};
    const GuestPlace place{
        .ram = machine.ram,
        .loadable = loadable,
        .monitor = machine.monitor,
        .rsdp = rsdp,
        .firmware = {boot_information.memory.data(), boot_information.memory.size()},
        .initrd = initrd};
    if (is_linux_image(file))
        return load_linux(file, guest.arguments, place);
    if (is_multiboot2_image(file))
        return load_multiboot2(file, guest.arguments, place);
    return is_multiboot_image(file) ? load_multiboot(file, guest.arguments, place)
                                    : load_guest(file, guest.arguments, place);
}

MonitorPages place_rom(VirtualMachine& machine) {
    if (machine.interface == abi::Interface::native)
        return {};
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
    const ProcessorList processors =
        find_processors(boot_information.rsdp, cpu::local_apic_id(), four_gib);
    if (processors.problem != nullptr)
        console::say("other processors are left out: ", processors.problem);
    const auto processor_count = static_cast<std::uint32_t>(processors.apic_ids.size());
    const PhysicalRange home =
        choose_home(ram, monitor_memory_size(*options, memory_end, processor_count));
    PageAllocator pages = move_to(home, memory_end);
    ram.remove(home);
    ram.remove({low_memory_end, IMAGE_LOAD_ADDRESS});

    VirtualMachine& machine = make_object<VirtualMachine>(pages);
    machine.profile = options->profile;
    machine.interface = options->interface;
    machine.protects = options->protects;
    const std::span<const std::uint8_t> guest_file = module("guest").file;
    machine.is_kernel_unaware = is_linux_image(guest_file) || is_multiboot_image(guest_file) ||
                                is_multiboot2_image(guest_file);
    machine.ram = ram;
    machine.monitor = home;
    machine.memory = GuestMemory{machine.ram};
    machine.pages = pages;
    if (machine.profile == abi::Profile::bare)
        start_bare(place_guest(machine));

    require_vmx();
    if (options->traces)
        trace_exits();
    machine.chipset = prepare_chipset(boot_information.rsdp, four_gib);
    machine.vcpu_count = processor_count;
    prepare_machine(machine, memory_end);
    restore_pci_selection(machine);
    prepare_vcpus(machine, *options, memory_end,
                  {processors.apic_ids.data(), processors.apic_ids.size()}, place_rom(machine));
    start_other_processors(machine, boot_information.information);
    const LoadedGuest guest = place_guest(machine);
    Vcpu& vcpu = *machine.vcpus[0];
    enter_monitor(vcpu);
    console::say("profile ", abi::name(machine.profile), ", interface ",
                 abi::name(machine.interface), ", monitor at ", console::Hex{home.begin});
    if (guest.mode == StartMode::protected_mode && !machine.runs_in_protected_mode()) {
        interpret_start(vcpu, guest);
    } else {
        write_guest_state(vcpu, guest);
        take_over_descriptors(vcpu);
    }
    mirror_registers(vcpu);
    settle(vcpu);
    reset_statistics(vcpu);
    vm_launch(&vcpu.registers);
}

} // namespace hv

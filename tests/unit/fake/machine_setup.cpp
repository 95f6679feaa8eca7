// What a fake machine starts with.

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/requests.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/calls/call_dispatch.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/cpuid.h"
#include "hypervisor/registers/descriptor_registers.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/msr.h"
#include "shared/guest_physical_layout.h"
#include "tests/unit/fake/machine.h"

#include <stdexcept>

namespace hv::test {

namespace {

/// What setting up a machine takes for granted.
void require(bool done) {
    if (!done)
        throw std::logic_error("the fake machine cannot be set up");
}

} // namespace

void Machine::set_up_capabilities() {
    Capabilities& capabilities = machine_->capabilities;
    capabilities.basic = {std::uint64_t{1} << 54}; // information about INS and OUTS
    capabilities.cr0_fixed0 = 0x80000021;
    capabilities.cr0_fixed1 = 0xFFFFFFFF;
    capabilities.cr4_fixed0 = 0x2000;
    capabilities.cr4_fixed1 = 0x3727FF;
    capabilities.ept_vpid = {std::uint64_t{1} << 43 | std::uint64_t{1} << 41 |
                             std::uint64_t{1} << 40 | std::uint64_t{1} << 25};
    capabilities.misc = {4 << 16}; // CR3-target values
    capabilities.primary_processor_based = std::uint64_t{0xFFFFFFFF} << 32;
}

void Machine::set_up_memory(std::uint32_t shadow_tables) {
    VirtualMachine& vm = *machine_;
    vm.ram.add({0, 0xA0000});
    vm.ram.add({0x100000, fake_ram_size});
    vm.memory = GuestMemory{vm.ram};
    vm.monitor = {fake_ram_size, fake_memory_size};
    vm.pages = PageAllocator{fake_ram_size, fake_memory_size};
    vm.features = {.physical_address_bits = 40, .gigabyte_pages = true};
    vm.frames = FrameTable{frames_.get(), fake_memory_size / page_size};
    for (const PhysicalRange& range : vm.ram.ranges())
        vm.frames.add_guest_ram(range.begin, range.end);
    rom_page = vm.pages.take();
    const auto count = static_cast<std::uint32_t>(vcpus_.size());
    statistics_page = vm.pages.take(count);
    auto* const areas = reinterpret_cast<abi::VcpuArea*>(
        direct_pointer(vm.pages.take(count * sizeof(abi::VcpuArea) / page_size)));
    vm.vcpu_count = count;
    for (std::uint32_t number = 0; number < count; ++number) {
        vm.vcpus[number] = vcpus_[number].get();
        vcpus_[number]->area = areas + number;
        vm.tables.add(vcpus_[number]->tables);
    }
    const bool classic = vm.profile == abi::Profile::classic;
    vm.stale = StaleTranslations{vm, drop_elsewhere};
    vm.translation = classic ? Translation{vm.frames, vm.shadows, vm.stale}
                             : Translation{vm.frames, vm.ept, vm.stale};
    vm.demands = vm.translation.demands();
    offer_registers(vm);
    vm.chipset.guarded_pages.push_back(fake_guarded_page);
    if (classic) {
        set_up_shadows(shadow_tables);
    } else {
        vm.ept = Ept{vm.pages};
        for (std::uint64_t gpa = 0; gpa < large_page_size; gpa += page_size)
            require(vm.ept.map(gpa, gpa, EptRights::all, MemoryType::write_back));
        for (std::uint64_t gpa = large_page_size; gpa < fake_ram_size; gpa += large_page_size)
            require(vm.ept.map_large(gpa, gpa, EptRights::all, MemoryType::write_back));
        require(
            vm.ept.map(local_apic_base, local_apic_base, EptRights::all, MemoryType::uncacheable));
        require(vm.ept.map(fake_guarded_page, fake_guarded_page, EptRights::read,
                           MemoryType::uncacheable));
        require(vm.ept.make_views(count));
    }
    vm.page_tables = RegisteredTables{vm.frames, vm.memory, vm.translation, vm.tables,
                                      TableRules{.hardened = vm.profile == abi::Profile::hardened,
                                                 .features = vm.features,
                                                 .memory_end = fake_memory_end,
                                                 .monitor = vm.monitor}};
}

void Machine::set_up_shadows(std::uint32_t shadow_tables) {
    VirtualMachine& vm = *machine_;
    const std::uint64_t size = ShadowPool::bytes_for(shadow_tables);
    const std::uint64_t pool = vm.pages.take(size / page_size);
    require(pool != 0);
    const bool several = vm.vcpu_count > 1;
    ShadowSettings settings{
        .features = vm.features,
        .memory_end = fake_memory_end,
        .monitor = vm.monitor,
        .read_only_pages = {vm.chipset.guarded_pages.data(), vm.chipset.guarded_pages.size()}};
    settings.monitor_pages[0] = {.guest = {abi::statistics_base, abi::statistics_base + page_size},
                                 .physical = statistics_page,
                                 .stride = several ? page_size : 0};
    settings.monitor_pages[1] = {
        .guest = {abi::vcpu_area_base, abi::vcpu_area_base + sizeof(abi::VcpuArea)},
        .physical = direct_physical(vm.vcpus[0]->area),
        .stride = several ? sizeof(abi::VcpuArea) : 0,
        .writable = true};
    settings.monitor_pages[2] = {.guest = {abi::rom_base, abi::rom_base + page_size},
                                 .physical = rom_page,
                                 .executable = true};
    vm.interface = unaware_ ? abi::Interface::native : abi::Interface::lazy;
    vm.protects = !unaware_;
    settings.guesses = unaware_;
    if (unaware_)
        settings.direct_map_tables = &vm.pages;
    vm.shadows = ShadowTables{ShadowPool{PhysicalRange{pool, pool + size}}, vm.frames, vm.stale,
                              settings, vm.vcpus[0]->statistics};
    for (std::uint32_t number = 0; number < vm.vcpu_count; ++number) {
        Vcpu& vcpu = *vm.vcpus[number];
        vm.shadows.set_root_cache(number, vcpu.roots.known);
        vcpu.roots.limit = vm.capabilities.misc.cr3_target_count();
        vcpu.exception_bitmap = vm.demands.exceptions;
    }
}

void Machine::set_up_vcpu(Vcpu& vcpu, std::uint32_t number) {
    vcpu.machine = machine_.get();
    vcpu.step_pages = reinterpret_cast<StepPages*>(
        direct_pointer(machine_->pages.take(sizeof(StepPages) / page_size)));
    machine_->calls = &call_dispatch(machine_->profile);
    machine_->legacy_calls = &legacy_call_dispatch(machine_->profile);
    vcpu.calls = machine_->calls;
    vcpu.number = number;
    vcpu.apic_id = number;
    vcpu.vpid = static_cast<std::uint16_t>(number + 1);
    vcpu.invalidation = choose_invalidation(machine_->capabilities, vcpu.vpid);
    vcpu.cr0_mask = ~std::uint64_t{0};
    vcpu.cr0_forced = machine_->demands.cr0_forced;
    vcpu.cr0_shadow = 0x80010031;
    vcpu.cr4_mask = ~cr4_guest_owned | machine_->demands.cr4_owned;
    vcpu.cr4_shadow = cr4::physical_address_extension;
    vcpu.efer = efer::syscall_enable | efer::long_mode_enable | efer::long_mode_active |
                efer::execute_disable_enable;
    for (abi::RootPair& pair : vcpu.area->control.root_pair)
        pair = {abi::no_root, abi::no_root};
    fields[Field::guest_cr0] = 0x80010031;
    fields[Field::guest_cr4] = cr4::physical_address_extension | cr4::vmx_enable;
    fields[Field::guest_rflags] = 2;
    fields[Field::exception_bitmap] = vcpu.exception_bitmap;
    vcpu.primary_controls = primary_processor_based::cr3_load_exiting |
                            primary_processor_based::cr3_store_exiting |
                            primary_processor_based::invlpg_exiting;
    fields[Field::primary_processor_based_controls] = vcpu.primary_controls;
    for (const Field target : target_fields)
        fields[target] = no_target;
}

KernelMachine::KernelMachine(abi::Profile profile, std::uint32_t shadow_tables, std::uint32_t vcpus,
                             bool unaware)
    : Machine{profile, shadow_tables, vcpus, unaware} {
    root = make_root();
    idt = linear_base + take_guest_page();
    for (std::uint32_t number = vcpus; number-- > 0;) {
        run_on(number);
        load_tables();
    }
    for (std::uint32_t number = 0; number < vcpus; ++number)
        enter(number);
    vcpu(0).in_guest = 0; // its exits are the test's to make
    invalidations.clear();
    ipis.clear();
}

void KernelMachine::load_tables() {
    gdt = linear_base + take_guest_page();
    tss = linear_base + take_guest_page();
    word(physical(gdt) + code) = 0x00AF9B000000FFFF;
    word(physical(gdt) + data) = 0x00CF93000000FFFF;
    const SystemDescriptor descriptor{descriptor_from_segment({tss_selector, tss, 103, {0x89}}),
                                      tss >> 32};
    word(physical(gdt) + tss_selector) = descriptor.low;
    word(physical(gdt) + tss_selector + 8) = descriptor.high;
    require(load_root(vcpu(), root) == abi::Error::none);
    fields[Field::guest_cs_selector] = code;
    fields[Field::guest_ss_selector] = data;
    require(set_guest_gdtr(vcpu(), {gdt_slots * 8 - 1, gdt}) == abi::Error::none);
    require(set_guest_idtr(vcpu(), {256 * 16 - 1, idt}) == abi::Error::none);
    require(set_guest_tr(vcpu(), tss_selector) == abi::Error::none);
    settle(vcpu());
}

} // namespace hv::test

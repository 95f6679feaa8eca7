#include "tests/unit/fake/machine.h"

#include "hypervisor/calls/call_dispatch.h"
#include "hypervisor/console/console.h"
#include "hypervisor/cpu/host_tables.h"
#include "hypervisor/cpu/instructions.h"
#include "hypervisor/cpu/local_apic.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/vcpu/control_registers.h"
#include "hypervisor/vcpu/descriptor_registers.h"
#include "hypervisor/vcpu/guest_root.h"
#include "hypervisor/vcpu/requests.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/vmx/msr.h"
#include "shared/guest_physical_layout.h"
#include "tests/unit/fake/current_machine.h"
#include "tests/unit/fake/time_stamp.h"

#include <algorithm>
#include <cstring>

namespace hv {

// What the exit stub calls (cpu/vm_exit.S).
extern "C" void handle_vm_exit(GuestRegisters& registers);
extern "C" void serve_before_entry(GuestRegisters& registers);

namespace test {
void send_kick(std::uint32_t apic_id);
}

std::uint8_t* direct_map_origin = nullptr;

namespace cpu {

using test::Machine;

void end_nmi_blocking() {}
std::uint32_t local_apic_id() { return 0; }
void send_ipi(std::uint32_t apic_id, std::uint32_t command) {
    Machine::current().ipis.emplace_back(apic_id, command);
    if (command == ipi::nmi)
        test::send_kick(apic_id);
}
std::uint32_t read_xapic(std::uint32_t offset) { return Machine::current().xapic[offset]; }
void write_xapic(std::uint32_t offset, std::uint32_t value) {
    Machine::current().xapic[offset] = value;
}

[[noreturn]] void vmcs_access_failed(Field field) {
    throw std::logic_error("VMCS field " + std::string(name(field)));
}
std::uint64_t vmread(Field field) { return Machine::current().fields[field]; }
void vmwrite(Field field, std::uint64_t value) { Machine::current().fields[field] = value; }
void invvpid(InvvpidType type, const InvvpidDescriptor& descriptor) {
    const std::uint64_t linear =
        type == InvvpidType::individual_address ? descriptor.linear_address : 0;
    Machine& machine = Machine::current();
    const test::Invalidated invalidated{test::Invalidated::By::invvpid,
                                        static_cast<std::uint64_t>(type), descriptor.vpid, linear,
                                        machine.vcpu().number};
    machine.invalidations.push_back(invalidated);
    if (const auto told = machine.on_invalidation.find(invalidated.processor);
        told != machine.on_invalidation.end())
        told->second(invalidated);
}
void invept(InveptType type, std::uint64_t) {
    Machine::current().invalidations.push_back({test::Invalidated::By::invept,
                                                static_cast<std::uint64_t>(type), 0, 0,
                                                Machine::current().vcpu().number});
}

CpuidResult cpuid(std::uint32_t leaf, std::uint32_t) {
    constexpr std::uint32_t address_widths = 48 << 8 | 40;
    const auto& leaves = Machine::current().cpuid;
    if (const auto found = leaves.find(leaf); found != leaves.end())
        return found->second;
    if (leaf == 0x80000000)
        return {0x80000008, 0, 0, 0};
    if (leaf == 0x80000008)
        return {address_widths, 0, 0, 0};
    // All features: what the monitor hides is then seen to be gone.
    return {~0U, ~0U, ~0U, ~0U};
}
std::uint64_t read_msr(std::uint32_t msr) { return Machine::current().msrs[msr]; }
void write_msr(std::uint32_t msr, std::uint64_t value) { Machine::current().msrs[msr] = value; }
bool try_read_msr(std::uint32_t msr, std::uint64_t& value) {
    const auto found = Machine::current().msrs.find(msr);
    if (found == Machine::current().msrs.end())
        return false;
    value = found->second;
    return true;
}
bool try_write_msr(std::uint32_t msr, std::uint64_t value) {
    auto& msrs = Machine::current().msrs;
    const auto found = msrs.find(msr);
    if (found == msrs.end())
        return false;
    found->second = value;
    return true;
}
bool try_xsetbv(std::uint32_t index, std::uint64_t value) { return index == 0 && (value & 1) != 0; }

void write_port8(std::uint16_t port, std::uint8_t value) {
    if (port == abi::serial_port)
        Machine::current().console += static_cast<char>(value);
    else if (port < abi::serial_port || port > abi::serial_port + 7)
        Machine::current().port_writes.emplace_back(port, value);
}
std::uint8_t read_port8(std::uint16_t) { return 0xFF; }
void write_port16(std::uint16_t port, std::uint16_t value) {
    Machine::current().port_writes.emplace_back(port, value);
}
std::uint16_t read_port16(std::uint16_t) { return 0xFFFF; }
void write_port32(std::uint16_t port, std::uint32_t value) {
    Machine::current().port_writes.emplace_back(port, value);
}
std::uint32_t read_port32(std::uint16_t) { return 0xFFFFFFFF; }
std::uint64_t read_cr0() { return 0; }
std::uint64_t read_cr2() { return Machine::current().cr2; }
std::uint64_t read_cr3() { return 0; }
std::uint64_t read_cr4() { return 0; }
void write_cr2(std::uint64_t value) { Machine::current().cr2 = value; }
std::uint64_t read_tsc() { return test::time_stamp += test::ticks_a_reading; }
void write_back_caches() {}
[[noreturn]] void stop() { throw test::RunEnded(Machine::current().console); }

} // namespace cpu

namespace test {

namespace {

Machine* current_machine = nullptr;

/// What setting up a machine takes for granted.
void require(bool done) {
    if (!done)
        throw std::logic_error("the fake machine cannot be set up");
}

} // namespace

Machine& Machine::current() { return *current_machine; }

void make_current(Machine& machine) { current_machine = &machine; }

void Machine::run_on(std::uint32_t number) {
    std::swap(fields, other_fields_[running_]);
    std::swap(fields, other_fields_[number]);
    running_ = number;
}

void Machine::exit(std::uint32_t number, abi::ExitReason reason) {
    on(number, [&] {
        vcpu().in_guest = 0;
        fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        handle_vm_exit(vcpu().registers);
        enter(number);
    });
}

void Machine::enter(std::uint32_t number) {
    on(number, [&] {
        for (vcpu().in_guest = 1; vcpu().requests != 0; vcpu().in_guest = 1) {
            vcpu().in_guest = 0;
            serve_before_entry(vcpu().registers);
        }
    });
}

void send_kick(std::uint32_t apic_id) {
    Machine& machine = Machine::current();
    Vcpu& vcpu = machine.vcpu(apic_id);
    if (vcpu.in_guest == 0)
        return;
    machine.on(apic_id, [&] {
        if (machine.before_kick)
            machine.before_kick(vcpu);
        if (machine.kicks_end_late)
            serve_requests(vcpu);
        machine.fields[Field::vm_exit_interruption_information] =
            InterruptionInformation::make(InterruptionType::nmi, vector::nmi, false).raw;
    });
    if (!machine.kicks_end_late)
        return machine.exit(apic_id, abi::ExitReason::exception_nmi);
    // For the caller it is in the guest, and is kicked once more when that is needed.
    vcpu.nmi.kick_in_flight = 0;
    if (std::find(machine.late_exits.begin(), machine.late_exits.end(), apic_id) ==
        machine.late_exits.end())
        machine.late_exits.push_back(apic_id);
}

Machine::Machine(abi::Profile profile, std::uint32_t shadow_tables, std::uint32_t vcpus)
    : memory_{std::make_unique<std::uint8_t[]>(fake_memory_size + page_size)},
      frames_{std::make_unique<Frame[]>(fake_memory_size / page_size)},
      machine_{std::make_unique<VirtualMachine>()}, other_fields_{vcpus} {
    current_machine = this;
    for (std::uint32_t number = 0; number < vcpus; ++number)
        vcpus_.push_back(std::make_unique<Vcpu>());
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
    direct_map_origin = memory_.get() + (align_up(address, page_size) - address);
    machine_->profile = profile;
    set_up_capabilities();
    set_up_memory(shadow_tables);
    for (std::uint32_t number = vcpus; number-- > 0;) {
        run_on(number);
        set_up_vcpu(vcpu(), number);
    }
}

void Machine::set_up_capabilities() {
    Capabilities& capabilities = machine_->capabilities;
    capabilities.cr0_fixed0 = 0x80000021;
    capabilities.cr0_fixed1 = 0xFFFFFFFF;
    capabilities.cr4_fixed0 = 0x2000;
    capabilities.cr4_fixed1 = 0x3727FF;
    capabilities.ept_vpid = {std::uint64_t{1} << 43 | std::uint64_t{1} << 41 |
                             std::uint64_t{1} << 40 | std::uint64_t{1} << 25};
    capabilities.misc = {4 << 16}; // CR3-target values
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
        require(vm.ept.make_views(count));
    }
    ShadowTables* const shadows = classic ? &vm.shadows : nullptr;
    vm.protected_pages = ProtectedPages{vm.frames, &vm.ept, shadows, &vm};
    vm.page_tables = RegisteredTables{vm.frames,
                                      vm.memory,
                                      vm.protected_pages,
                                      shadows,
                                      vm.tables,
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
    ShadowSettings settings{.machine = several ? &vm : nullptr,
                            .features = vm.features,
                            .memory_end = fake_memory_end,
                            .monitor = vm.monitor};
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
    vm.interface = abi::Interface::lazy;
    vm.shadows = ShadowTables{ShadowPool{PhysicalRange{pool, pool + size}}, vm.frames, vm.memory,
                              settings, vm.vcpus[0]->statistics};
    for (std::uint32_t number = 0; number < vm.vcpu_count; ++number) {
        Vcpu& vcpu = *vm.vcpus[number];
        vm.shadows.set_root_cache(number, vcpu.roots.known);
        vcpu.roots.limit = vm.capabilities.misc.cr3_target_count();
        vcpu.exception_bitmap = 1U << vector::page_fault;
    }
}

void Machine::set_up_vcpu(Vcpu& vcpu, std::uint32_t number) {
    const bool classic = machine_->profile == abi::Profile::classic;
    vcpu.machine = machine_.get();
    vcpu.step_pages = reinterpret_cast<StepPages*>(
        direct_pointer(machine_->pages.take(sizeof(StepPages) / page_size)));
    vcpu.calls = &call_dispatch(machine_->profile);
    vcpu.number = number;
    vcpu.apic_id = number;
    vcpu.vpid = static_cast<std::uint16_t>(number + 1);
    vcpu.invalidation = choose_invalidation(machine_->capabilities, vcpu.vpid);
    vcpu.cr0_mask = ~std::uint64_t{0};
    vcpu.cr0_forced = classic ? cr0::write_protect : 0;
    vcpu.cr0_shadow = 0x80010031;
    vcpu.cr4_mask = ~cr4_guest_owned | (classic ? cr4::page_global_enable : 0);
    vcpu.cr4_shadow = cr4::physical_address_extension;
    vcpu.efer = efer::syscall_enable | efer::long_mode_enable | efer::long_mode_active |
                efer::execute_disable_enable;
    for (abi::RootPair& pair : vcpu.area->control.root_pair)
        pair = {abi::no_root, abi::no_root};
    fields[Field::guest_cr0] = 0x80010031;
    fields[Field::guest_cr4] = cr4::physical_address_extension | cr4::vmx_enable;
    fields[Field::guest_rflags] = 2;
    fields[Field::exception_bitmap] = vcpu.exception_bitmap;
    for (const Field target : target_fields)
        fields[target] = no_target;
}

Machine::~Machine() {
    current_machine = nullptr;
    direct_map_origin = nullptr;
}

std::uint64_t Machine::take_guest_page() {
    const std::uint64_t page = next_guest_page_;
    next_guest_page_ += page_size;
    std::memset(direct_pointer(page), 0, page_size);
    return page;
}

std::uint64_t Machine::stepped_place(std::uint64_t gpa) const {
    const SteppedStore& stepped = vcpus_[running_]->stepped;
    if (!stepped.active || align_down(gpa, page_size) != stepped.page)
        return gpa;
    return direct_physical(vcpus_[running_]->step_pages->image.data()) + gpa % page_size;
}

bool Machine::is_step_table(std::uint64_t physical) const {
    const std::uint64_t first = direct_physical(vcpus_[running_]->step_pages->table[0].data());
    return physical >= first && physical < first + sizeof(vcpus_[running_]->step_pages->table);
}

std::uint64_t& Machine::word(std::uint64_t physical) {
    return *reinterpret_cast<std::uint64_t*>(direct_pointer(physical));
}

void Machine::map(std::uint64_t root, std::uint64_t linear, std::uint64_t gpa, std::uint64_t bits) {
    std::uint64_t table = root;
    for (int level = 4; level > 1; --level) {
        std::uint64_t& entry = word(table + (linear >> (12 + 9 * (level - 1)) & 0x1FF) * 8);
        if (entry == 0)
            entry = take_guest_page() | paging::present | paging::writable | paging::user;
        table = entry & paging::address_mask;
    }
    word(table + (linear >> 12 & 0x1FF) * 8) = gpa | bits;
}

std::uint64_t Machine::make_root() {
    const std::uint64_t root = take_guest_page();
    for (std::uint64_t offset = 0; offset < fake_memory_size; offset += page_size)
        map(root, linear_base + offset, offset, paging::present | paging::writable);
    return root;
}

KernelMachine::KernelMachine(abi::Profile profile, std::uint32_t shadow_tables, std::uint32_t vcpus)
    : Machine{profile, shadow_tables, vcpus} {
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
    require(load_root(vcpu(), root));
    fields[Field::guest_cs_selector] = code;
    fields[Field::guest_ss_selector] = data;
    require(set_guest_gdtr(vcpu(), {gdt_slots * 8 - 1, gdt}) == abi::Error::none);
    require(set_guest_idtr(vcpu(), {256 * 16 - 1, idt}) == abi::Error::none);
    require(set_guest_tr(vcpu(), tss_selector) == abi::Error::none);
    settle(vcpu());
}

} // namespace test
} // namespace hv

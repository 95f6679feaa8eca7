#include "tests/fuzz/fuzz_machine.h"

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/boot/vmcs/control_selection.h"
#include "hypervisor/boot/vmcs/vmcs_setup.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/processors/start_vcpu.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/vcpu/msr_bitmaps.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/msr.h"
#include "hypervisor/x86/paging_mode.h"
#include "shared/guest_physical_layout.h"
#include "tests/fuzz/failure.h"
#include "tests/unit/fake/current_machine.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <memory>

namespace hv::fuzz {

using ::fuzz::require;
using test::Machine;

namespace {

constexpr std::uint32_t shadow_tables = 96;
constexpr std::uint32_t free_pages = 12;
/// EPT tables that splitting large pages may take.
constexpr std::uint64_t ept_reserve = 64 * page_size;
constexpr std::uint32_t flat_code = 0xA09B;
constexpr std::uint32_t flat_data = 0xC093;
constexpr std::uint64_t default_pat = 0x0007040600070406;

/// What a processor offers, in the VMX capability MSRs' form. It has descriptor-table exiting.
void add_capabilities(Capabilities& capabilities) {
    constexpr std::uint64_t length_4_and_write_back = 1 << 6 | 1 << 14 | 1 << 16;
    capabilities.pin_based = 0x000000FF'00000016;
    capabilities.primary_processor_based = 0xFFFBFFFE'04006172;
    capabilities.secondary_processor_based = 0xDFFFFFFF'00000000;
    capabilities.vm_exit = 0xFFFFFFFF'00036DFB;
    capabilities.vm_entry = 0x007FFFFF'000011FB;
    capabilities.misc.raw |= 0b111U << 6; // activity states
    capabilities.ept_vpid.raw |= length_4_and_write_back;
}

constexpr HostState host{.cr0 = 0x80010033,
                         .cr3 = test::fake_ram_size,
                         .cr4 = cr4::vmx_enable | cr4::physical_address_extension,
                         .gdt_base = direct_map_base,
                         .idt_base = direct_map_base,
                         .tr_base = direct_map_base,
                         .fs_base = direct_map_base,
                         .rip = direct_map_base,
                         .pat = default_pat,
                         .efer = efer::long_mode_enable | efer::long_mode_active,
                         .code_selector = 0x08,
                         .data_selector = 0x10,
                         .tss_selector = 0x18};

template <typename Object>
std::vector<std::uint8_t> bytes_of(const Object& object) {
    std::vector<std::uint8_t> bytes(sizeof(object));
    std::memcpy(bytes.data(), static_cast<const void*>(&object), sizeof(object));
    return bytes;
}

// The monitor's objects own nothing outside themselves and stay where they are, so their bytes are
// all there is to them.
template <typename Object>
void put_back(Object& object, const std::vector<std::uint8_t>& bytes) {
    std::memcpy(static_cast<void*>(&object), bytes.data(), bytes.size());
}

} // namespace

FuzzMachine& FuzzMachine::fresh(const Configuration& configuration) {
    static std::array<FuzzMachine*, configurations.size()> machines{};
    const auto index = static_cast<std::size_t>(
        std::find(configurations.begin(), configurations.end(), configuration) -
        configurations.begin());
    if (machines[index] == nullptr)
        machines[index] = new FuzzMachine{configuration};
    machines[index]->restore();
    return *machines[index];
}

FuzzMachine::FuzzMachine(const Configuration& configuration)
    : configuration_{configuration}, machine_{configuration.profile, shadow_tables,
                                              configuration.vcpus},
      origin_{direct_map_origin} {
    prepare();
    save();
    image_ = std::make_unique<MemoryImage>(origin_);
    const std::uint64_t first_free = vm().pages.take() + page_size;
    image_->forbid(0xA0000, 0x100000);
    image_->forbid_writes(machine_.rom_page, machine_.rom_page + page_size);
    image_->forbid(first_free + ept_reserve, test::fake_memory_size);
}

// Everything that is done to the machine before its first input.
void FuzzMachine::prepare() {
    VirtualMachine& machine = vm();
    add_capabilities(machine.capabilities);
    machine.physical_address_bits = machine.features.physical_address_bits;
    machine.interface = abi::Interface::lazy;
    machine.msr_bitmaps = machine.pages.take();
    machine.io_bitmaps = machine.pages.take(2);
    fill_msr_bitmaps(machine.msr_bitmaps);
    const ControlSelection selection =
        select_controls(machine.profile, machine.capabilities, machine.vcpu_count > 1);
    require(selection.sufficient(), "the processor has all that the profile needs");
    machine.controls = selection.controls();
    for (const Msr msr : {Msr::ia32_efer, Msr::ia32_apic_base, Msr::ia32_pat,
                          Msr::ia32_mtrr_def_type, Msr::ia32_feature_control, Msr::x2apic_command})
        machine_.msrs[number(msr)] = 0;
    machine_.msrs[number(Msr::ia32_apic_base)] = 0xFEE00900;
    machine_.kicks_end_late = true;
    // The processor forgets an event that it was given when it exits.
    machine_.before_kick = [this](Vcpu&) { field(Field::vm_entry_interruption_information) = 0; };

    pages_.push_back(machine_.take_guest_page());
    write_code();
    write_roots();
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number) {
        const ProtectedTables& tables = machine_.vcpu(number).tables;
        for (const GuestTable* table : {&tables.gdt(), &tables.idt(), &tables.tss()})
            pages_.push_back(machine_.physical(table->base()));
    }
    for (std::uint32_t page = 0; page < free_pages; ++page)
        pages_.push_back(machine_.take_guest_page());
    write_operands();
    for (std::uint32_t number = machine.vcpu_count; number-- > 0;)
        prepare_vcpu(number);
}

// Stores of all kinds through RDI or RSP: plain, locked, exchanging, and some that no decoder takes
// for one store.
void FuzzMachine::write_code() {
    const std::initializer_list<std::initializer_list<std::uint8_t>> instructions{
        {0x48, 0x89, 0x17},             // mov %rdx,(%rdi)
        {0x89, 0x17},                   // mov %edx,(%rdi)
        {0x66, 0x89, 0x17},             // mov %dx,(%rdi)
        {0x88, 0x17},                   // mov %dl,(%rdi)
        {0xF0, 0x48, 0x09, 0x17},       // lock or %rdx,(%rdi)
        {0x48, 0x87, 0x17},             // xchg %rdx,(%rdi)
        {0xF0, 0x48, 0x0F, 0xB1, 0x17}, // lock cmpxchg %rdx,(%rdi)
        {0x48, 0xAB},                   // stos %rax,(%rdi)
        {0xF3, 0x48, 0xAB},             // rep stos
        {0x52},                         // push %rdx
        {0x0F, 0x11, 0x07},             // movups %xmm0,(%rdi)
        {0x48, 0x0F, 0xBA, 0x2F, 0x05}, // bts $5,(%rdi)
    };
    static_assert(stores == 12);
    std::uint64_t place = code_page();
    for (const auto& instruction : instructions) {
        std::memcpy(direct_pointer(place), std::data(instruction), instruction.size());
        place += 16;
    }
}

// The kernel's own tables, from the root down, and two roots that share them.
void FuzzMachine::write_roots() {
    std::uint64_t table = machine_.root;
    for (int level = 4; level >= 1; --level) {
        pages_.push_back(table);
        const std::uint64_t slot = FourLevelPaging::index(Machine::linear_base, level);
        table = machine_.word(table + slot * 8) & paging::address_mask;
    }
    for (int count = 0; count < 2; ++count) {
        const std::uint64_t root = machine_.take_guest_page();
        machine_.word(root + 511 * std::uint64_t{8}) =
            machine_.word(machine_.root + 511 * std::uint64_t{8});
        pages_.push_back(root);
    }
}

// At the beginning of the last pages: operands of LGDT and LIDT, and a state to start with.
void FuzzMachine::write_operands() {
    const abi::PseudoDescriptor gdtr{test::KernelMachine::gdt_slots * 8 - 1, machine_.gdt};
    const abi::PseudoDescriptor idtr{256 * 16 - 1, machine_.idt};
    abi::InitialState state{};
    state.cr0 = 0x80050033;
    state.cr3 = machine_.root;
    state.cr4 = cr4::physical_address_extension;
    state.efer = efer::long_mode_enable | efer::long_mode_active;
    state.rip = code_linear();
    state.rflags = 2;
    state.gdt_base = machine_.vcpu(vm().vcpu_count - 1).tables.gdt().base();
    state.gdt_limit = gdtr.limit;
    state.cs = test::KernelMachine::code;
    state.ss = test::KernelMachine::data;
    std::uint8_t* const first = direct_pointer(pages_.end()[-3]);
    std::memcpy(first, &gdtr, sizeof(gdtr));
    std::memcpy(first + page_size, &idtr, sizeof(idtr));
    std::memcpy(first + 2 * page_size, &state, sizeof(state));
}

void FuzzMachine::prepare_vcpu(std::uint32_t number) {
    machine_.run_on(number);
    Vcpu& vcpu = machine_.vcpu();
    write_controls(vcpu);
    write_host_state(vcpu, host);
    for (const std::size_t segment : {0U, 3U, 4U, 5U}) // ES, DS, FS, GS
        write_segment(vcpu, segment, {});
    write_segment(vcpu, 1, {test::KernelMachine::code, 0, 0xFFFFFFFF, {flat_code}});
    write_segment(vcpu, 2, {test::KernelMachine::data, 0, 0xFFFFFFFF, {flat_data}});
    field(Field::guest_ldtr_access_rights) = AccessRights::unusable_bit;
    field(Field::guest_dr7) = 0x400;
    field(Field::guest_rip) = code_linear();
    field(Field::guest_rsp) = Machine::linear_base + pages_.back() + page_size;
    field(Field::guest_ia32_efer) = real_efer(vcpu);
    field(Field::guest_ia32_pat) = default_pat;
    field(Field::guest_cr4) = vcpu.cr4_shadow | cr4::vmx_enable;
    field(Field::cr4_read_shadow) = vcpu.cr4_shadow;
    write_guest_cr0(vcpu);
    vcpu.area->control.vcpu = number;
    if (configuration_.last_waits && number + 1 == configuration_.vcpus) {
        wait_for_start(vcpu);
        settle(vcpu);
    }
    machine_.enter(number);
}

void FuzzMachine::save() {
    vm_ = bytes_of(vm());
    frames_.assign(&vm().frames.at(0), &vm().frames.at(0) + vm().frames.count());
    msrs_ = machine_.msrs;
    for (std::uint32_t number = 0; number < configuration_.vcpus; ++number) {
        machine_.run_on(number);
        vcpus_.push_back({bytes_of(machine_.vcpu()), machine_.fields});
    }
}

void FuzzMachine::restore() {
    test::make_current(machine_);
    direct_map_origin = origin_;
    ended_ = false;
    image_->restore();
    put_back(vm(), vm_);
    std::copy(frames_.begin(), frames_.end(), &vm().frames.at(0));
    for (std::uint32_t number = configuration_.vcpus; number-- > 0;) {
        machine_.run_on(number);
        put_back(machine_.vcpu(), vcpus_[number].object);
        machine_.fields = vcpus_[number].fields;
    }
    machine_.msrs = msrs_;
    machine_.xapic.clear();
    machine_.cr2 = 0;
    machine_.console.clear();
    machine_.port_writes.clear();
    machine_.ipis.clear();
    machine_.late_exits.clear();
    machine_.invalidations.clear();
}

} // namespace hv::fuzz

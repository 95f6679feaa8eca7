#include "tests/unit/fake/machine.h"

#include "hypervisor/calls/call_dispatch.h"
#include "hypervisor/console/console.h"
#include "hypervisor/cpu/host_tables.h"
#include "hypervisor/cpu/instructions.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/vcpu/control_registers.h"
#include "hypervisor/vcpu/descriptor_registers.h"
#include "hypervisor/vmx/controls.h"

#include <gtest/gtest.h>

#include <cstring>

namespace hv {

std::uint8_t* direct_map_origin = nullptr;

namespace cpu {

using test::Machine;

volatile bool nmi_pending = false;

[[noreturn]] void vmcs_access_failed(Field field) {
    throw std::logic_error("VMCS field " + std::string(name(field)));
}
std::uint64_t vmread(Field field) { return Machine::current().fields[field]; }
void vmwrite(Field field, std::uint64_t value) { Machine::current().fields[field] = value; }
void invvpid(InvvpidType type, const InvvpidDescriptor& descriptor) {
    Machine::current().invalidations.push_back("invvpid " + std::to_string(static_cast<int>(type)) +
                                               " vpid " + std::to_string(descriptor.vpid));
}
void invept(InveptType type, std::uint64_t) {
    Machine::current().invalidations.push_back("invept " + std::to_string(static_cast<int>(type)));
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
std::uint64_t read_tsc() { return 0; }
void write_back_caches() {}
[[noreturn]] void stop() { throw test::RunEnded(Machine::current().console); }

} // namespace cpu

namespace test {

namespace {
Machine* current_machine = nullptr;
} // namespace

Machine& Machine::current() { return *current_machine; }

Machine::Machine()
    : memory_{std::make_unique<std::uint8_t[]>(fake_memory_size)},
      machine_{std::make_unique<VirtualMachine>()}, vcpu_{std::make_unique<Vcpu>()},
      area_{std::make_unique<abi::VcpuArea>()} {
    current_machine = this;
    direct_map_origin = memory_.get();
    machine_->ram.add({0, fake_ram_size});
    machine_->memory = GuestMemory{machine_->ram};
    machine_->monitor = {fake_ram_size, fake_memory_size};
    machine_->pages = PageAllocator{fake_ram_size, fake_memory_size};
    machine_->ept = Ept{machine_->pages};
    for (std::uint64_t gpa = 0; gpa < fake_ram_size; gpa += large_page_size)
        EXPECT_TRUE(machine_->ept.map_large(gpa, gpa, EptRights::all, MemoryType::write_back));
    Capabilities& capabilities = machine_->capabilities;
    capabilities.cr0_fixed0 = 0x80000021;
    capabilities.cr0_fixed1 = 0xFFFFFFFF;
    capabilities.cr4_fixed0 = 0x2000;
    capabilities.cr4_fixed1 = 0x3727FF;
    capabilities.ept_vpid = {std::uint64_t{1} << 43 | std::uint64_t{1} << 41 |
                             std::uint64_t{1} << 25};
    vcpu_->machine = machine_.get();
    vcpu_->calls = &call_dispatch(machine_->profile);
    vcpu_->area = area_.get();
    vcpu_->vpid = 1;
    vcpu_->invalidation = choose_invalidation(capabilities, 1);
    vcpu_->cr0_mask = ~std::uint64_t{0};
    vcpu_->cr0_shadow = 0x80010031;
    vcpu_->cr4_mask = ~cr4_guest_owned;
    vcpu_->cr4_shadow = cr4::physical_address_extension;
    fields[Field::guest_cr4] = cr4::physical_address_extension | cr4::vmx_enable;
    fields[Field::guest_rflags] = 2;
}

Machine::~Machine() {
    current_machine = nullptr;
    direct_map_origin = nullptr;
}

std::uint64_t Machine::take_guest_page() {
    const std::uint64_t page = next_guest_page_;
    next_guest_page_ += page_size;
    std::memset(memory_.get() + page, 0, page_size);
    return page;
}

std::uint64_t& Machine::word(std::uint64_t physical) {
    return *reinterpret_cast<std::uint64_t*>(memory_.get() + physical);
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

HardenedMachine::HardenedMachine() {
    root = make_root();
    gdt = linear_base + take_guest_page();
    idt = linear_base + take_guest_page();
    tss = linear_base + take_guest_page();
    word(physical(gdt) + code) = 0x00AF9B000000FFFF;
    word(physical(gdt) + data) = 0x00CF93000000FFFF;
    const SystemDescriptor descriptor{descriptor_from_segment({tss_selector, tss, 103, {0x89}}),
                                      tss >> 32};
    word(physical(gdt) + tss_selector) = descriptor.low;
    word(physical(gdt) + tss_selector + 8) = descriptor.high;
    fields[Field::guest_cr3] = root;
    fields[Field::guest_cs_selector] = code;
    fields[Field::guest_ss_selector] = data;
    EXPECT_EQ(set_guest_gdtr(vcpu(), {gdt_slots * 8 - 1, gdt}), abi::Error::none);
    EXPECT_EQ(set_guest_idtr(vcpu(), {256 * 16 - 1, idt}), abi::Error::none);
    EXPECT_EQ(set_guest_tr(vcpu(), tss_selector), abi::Error::none);
    invalidations.clear();
}

} // namespace test
} // namespace hv

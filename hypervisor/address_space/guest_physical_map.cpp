#include "hypervisor/address_space/guest_physical_map.h"

#include "hypervisor/host/console.h"
#include "hypervisor/vmx/controls.h"
#include "shared/guest_physical_layout.h"

namespace hv {

namespace {

void check(bool done) {
    if (!done)
        console::fail("no memory left for EPT; this machine has more memory than the monitor can "
                      "map");
}

} // namespace

void build_guest_physical_map(VirtualMachine& machine, const Mtrrs& mtrrs, std::uint64_t end) {
    const bool large_pages = machine.capabilities.ept_vpid.pages_2_mib();
    for (std::uint64_t large = 0; large < end; large += large_page_size) {
        const PhysicalRange range{large, large + large_page_size};
        if (range.overlaps(machine.monitor))
            continue;
        const auto type = memory_type_of_large_page(mtrrs, large);
        // The first 2 MiB hold pages of many kinds: ROM, area, device memory.
        if (large_pages && type && large != 0) {
            check(machine.ept.map_large(large, large, EptRights::all, *type));
            continue;
        }
        for (std::uint64_t page = large; page < range.end; page += page_size)
            check(machine.ept.map(page, page, EptRights::all, memory_type_of_page(mtrrs, page)));
    }
}

void protect_configuration_space(VirtualMachine& machine, std::uint64_t end) {
    for (const std::uint64_t page : machine.chipset.guarded_pages)
        if (page < end && !machine.monitor.contains(page, page_size))
            check(machine.ept.set_rights(page, EptRights::read));
}

void map_rom(VirtualMachine& machine, std::uint64_t image, std::uint64_t size) {
    for (std::uint64_t offset = 0; offset < size; offset += page_size)
        check(machine.ept.map(abi::rom_base + offset, image + offset, EptRights::read_execute,
                              MemoryType::write_back));
}

void make_views(VirtualMachine& machine) { check(machine.ept.make_views(machine.vcpu_count)); }

void map_vcpu_area(VirtualMachine& machine, std::uint32_t number, std::uint64_t area) {
    for (std::uint64_t offset = 0; offset < sizeof(abi::VcpuArea); offset += page_size)
        machine.ept.map_in_view(number, abi::vcpu_area_base + offset, area + offset,
                                EptRights::read_write, MemoryType::write_back);
}

void map_statistics(VirtualMachine& machine, std::uint32_t number, std::uint64_t page) {
    machine.ept.map_in_view(number, abi::statistics_base, page, EptRights::read,
                            MemoryType::write_back);
}

} // namespace hv

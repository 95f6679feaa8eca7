#include "hypervisor/vcpu/guest_physical_map.h"

#include "hypervisor/console/console.h"
#include "shared/guest_physical_layout.h"

namespace hv {

namespace {

void check(bool done) {
    if (!done)
        console::fail("no memory left for EPT; this machine has more memory than the monitor can "
                      "map");
}

void map_pages(VirtualMachine& machine, std::uint64_t gpa, std::uint64_t physical,
               std::uint64_t size, EptRights rights) {
    for (std::uint64_t offset = 0; offset < size; offset += page_size)
        check(machine.ept.map(gpa + offset, physical + offset, rights, MemoryType::write_back));
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

void map_rom(VirtualMachine& machine, std::uint64_t image, std::uint64_t size) {
    map_pages(machine, abi::rom_base, image, size, EptRights::read_execute);
}

void map_vcpu_area(VirtualMachine& machine, std::uint64_t area) {
    map_pages(machine, abi::vcpu_area_base, area, sizeof(abi::VcpuArea), EptRights::read_write);
}

void map_statistics(VirtualMachine& machine, std::uint64_t page) {
    map_pages(machine, abi::statistics_base, page, page_size, EptRights::read);
}

} // namespace hv

#include "hypervisor/boot/relocate.h"

#include "hypervisor/host/console.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/memory/page_table_editor.h"
#include "hypervisor/x86/msr.h"

// From the linker script.
extern "C" {
extern std::uint8_t image_begin[];
extern std::uint8_t text_end[];
extern std::uint8_t rodata_end[];
extern std::uint8_t image_end[];
}

namespace hv {

namespace {

constexpr std::uint64_t read_write = paging::present | paging::writable;

// The monitor's own page tables. A run ends where they find no memory.
class OwnPageTables {
  public:
    explicit OwnPageTables(PageAllocator& pages) : OwnPageTables{pages, pages.take()} {}
    OwnPageTables(PageAllocator& pages, std::uint64_t root) : pages_{pages}, root_{root} {
        check(root);
    }

    std::uint64_t root() const { return root_; }

    void map(std::uint64_t linear, std::uint64_t physical, std::uint64_t bits) {
        entry(linear, 1) = physical | bits;
    }
    void map_large(std::uint64_t linear, std::uint64_t physical, std::uint64_t bits) {
        entry(linear, 2) = physical | bits | paging::page_size;
    }

  private:
    PageAllocator& pages_;
    std::uint64_t root_;

    static void check(std::uint64_t page) {
        if (page == 0)
            console::fail("no memory left for the monitor's page tables; give the machine more "
                          "than 64M, or less than 64G");
    }
    volatile std::uint64_t& entry(std::uint64_t linear, int level) {
        const std::uint64_t address =
            PageTableEditor<MonitorPaging>{root_}.make(linear, level, pages_);
        check(address);
        return direct_word<std::uint64_t>(address);
    }
};

std::uint64_t permissions(const std::uint8_t* address) {
    if (address < text_end)
        return paging::present;
    if (address < rodata_end)
        return paging::present | paging::execute_disable;
    return paging::present | paging::writable | paging::execute_disable;
}

// Copies the image as it is at this moment, stack included, and continues in the copy. Nothing may
// be written between the two, so they are one piece of assembly.
void copy_and_switch(std::uint64_t destination, std::uint64_t root) {
    std::uint8_t* to = direct_pointer(destination);
    const std::uint8_t* from = image_begin;
    std::uint64_t count = image_size();
    asm volatile("rep movsb\n\t"
                 "mov %3, %%cr3"
                 : "+D"(to), "+S"(from), "+c"(count)
                 : "r"(root)
                 : "memory");
}

} // namespace

std::uint64_t image_size() { return static_cast<std::uint64_t>(image_end - image_begin); }

PageAllocator move_to(const PhysicalRange& home, std::uint64_t memory_end) {
    const std::uint64_t size = align_up(image_size(), page_size);
    if (size >= home.size())
        console::fail("the monitor's image does not fit its own memory");
    PageAllocator pages{home.begin + size, home.end};
    OwnPageTables tables{pages};
    for (std::uint64_t offset = 0; offset < size; offset += page_size)
        tables.map(IMAGE_VIRTUAL_BASE + offset, home.begin + offset,
                   permissions(image_begin + offset));
    // Nothing above the last RAM is mapped except the local APIC: the monitor uses no other device,
    // and cannot be tricked into touching what it does not map.
    for (std::uint64_t address = 0; address < memory_end; address += large_page_size)
        tables.map_large(direct_map_base + address, address, read_write | paging::execute_disable);
    tables.map(direct_map_base + local_apic_base, local_apic_base,
               read_write | paging::execute_disable | paging::cache_disable |
                   paging::write_through);

    cpu::write_msr(number(Msr::ia32_efer),
                   cpu::read_msr(number(Msr::ia32_efer)) | efer::execute_disable_enable);
    copy_and_switch(home.begin, tables.root());
    return pages;
}

void map_start_page(PageAllocator& pages, std::uint64_t physical) {
    OwnPageTables{pages, cpu::read_cr3()}.map(physical, physical, read_write);
}

void unmap_start_page() {
    direct_word<std::uint64_t>(cpu::read_cr3()) = 0;
    cpu::write_cr3(cpu::read_cr3());
}

} // namespace hv

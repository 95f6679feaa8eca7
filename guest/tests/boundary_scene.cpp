#include "guest/tests/boundary_scene.h"

#include "guest/kernel/cpu/native_registers.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/scheduler.h"
#include "guest/programs/workload_task.h"
#include "shared/guest_physical_layout.h"

#include <utility>

namespace guest::tests {
namespace {

BoundaryScene scene;

struct alignas(page_size) OwnLdt {
    std::uint64_t table[page_size / sizeof(std::uint64_t)];
};
[[gnu::section(".descriptor_tables")]] OwnLdt ldt;

Task* make_task(std::uint32_t number) {
    TaskStart start{};
    start.id = number + std::uint64_t{1};
    start.space = &scene.space;
    start.stack = number;
    start.entry = user_address(&yielding_task);
    start.tls[0] = tls_descriptor(0x3000 + number);
    return create_task(start);
}

void load_ldt(const Cpu& cpu) {
    const SystemDescriptor descriptor =
        system_descriptor(address_of(ldt.table), sizeof(ldt.table) - 1, system_type_ldt);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt + 1, descriptor.high);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt, descriptor.low);
    paravirt::set_ldt(ldt_selector);
    scene.ldt = ldt.table;
}

/// Loads each root twice, because the first load of a root always exits.
void load_all_roots() {
    constexpr std::uint32_t rounds = 2;
    const std::uint64_t kernel = address_spaces::kernel().root;
    for (std::uint32_t round = 0; round < rounds; ++round) {
        for (const std::uint64_t root :
             {scene.space.root, scene.more[0].root, scene.more[1].root, kernel})
            paravirt::set_cr3(root);
    }
    const std::uint64_t last = vcpu_area().control.root_pair[abi::root_pairs - 1].guest_root;
    scene.last_root = last != abi::no_root && last != 0 ? last : kernel;
}

/// FNV-1a, over words.
class Hash {
  public:
    void add(std::uint64_t word) { value_ = (value_ ^ word) * 0x100000001B3; }
    std::uint64_t value() const { return value_; }

  private:
    std::uint64_t value_ = 0xCBF29CE484222325;
};

} // namespace

BoundaryScene& boundary_scene() { return scene; }

ModelCall path_entry(const Cpu& cpu) {
    return {abi::Call::write_gdt_entry, {address_of(cpu.gdt), path_slot, tls_descriptor(0x1000)}};
}

ModelCall handler_entry(const Cpu& cpu) {
    return {abi::Call::write_tss_word, {address_of(cpu.tss), handler_word, handler_ports}};
}

void report(std::uint32_t error) { scene.reported += error != 0 ? 1U : 0U; }

void set_up_boundary_scene(Cpu& cpu) {
    scene.space = address_spaces::create(2);
    for (AddressSpace& space : scene.more)
        space = address_spaces::create(2);
    load_all_roots();
    if (scene.last_root == scene.space.root) // which the tasks must have
        std::swap(scene.space, scene.more[0]);
    for (std::uint32_t i = 0; i < scene.tasks.size(); ++i) {
        scene.tasks[i] = make_task(i);
        scheduler::add(*scene.tasks[i]);
    }
    const std::uint64_t page = pages::allocate();
    address_ranges::map(scene.space, user_memory_base, 1, Frames(&page, 1), PageAccess::read_write);
    scene.entry = page_tables::find(scene.space.root, user_memory_base);
    scene.entry_value = *scene.entry;
    scene.free_page = pages::allocate();
    load_ldt(cpu);
}

void tear_down_boundary_scene(Cpu& cpu) {
    paravirt::write_tss_word(cpu.tss, handler_word, 0);
    paravirt::set_ldt(0);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt, 0);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt + 1, 0);
    paravirt::write_gdt_entry(cpu.gdt, path_slot, 0);
    scheduler::clear_alarm(cpu);
    for (Task* const task : scene.tasks) {
        scheduler::remove(*task);
        destroy_task(*task);
    }
    const std::uint64_t page = scene.entry_value & pte::address_mask;
    address_ranges::unmap(scene.space, user_memory_base, 1);
    pages::release(page);
    pages::release(scene.free_page);
    address_spaces::destroy(scene.space);
    for (AddressSpace& space : scene.more)
        address_spaces::destroy(space);
}

std::uint64_t fingerprint(const Cpu& cpu) {
    Hash hash;
    for (std::uint64_t slot = 0; slot < gdt_slots; ++slot) {
        if (slot != path_slot)
            hash.add(static_cast<const volatile std::uint64_t*>(cpu.gdt)[slot] &
                     ~descriptor_accessed);
    }
    hash.add(*static_cast<const volatile std::uint64_t*>(scene.ldt));
    hash.add(static_cast<const volatile std::uint64_t*>(
        cpu.idt)[std::uint64_t{2} * interrupts::test_vector]);
    const auto* const words = reinterpret_cast<const volatile std::uint64_t*>(cpu.tss);
    for (std::uint64_t i = 0; i < (sizeof(TaskStateSegment) - 1) / sizeof(std::uint64_t); i += 8)
        hash.add(words[i]);
    hash.add(words[io_map_present / sizeof(std::uint64_t)]);
    hash.add(cpu.tss->rsp[0]);
    hash.add(*static_cast<const volatile std::uint64_t*>(scene.entry) &
             ~(pte::accessed | pte::dirty));
    // The register's real contents, and what the ROM says they are.
    hash.add(native::read_cr0());
    hash.add(native::read_cr3());
    hash.add(native::read_cr4());
    std::uint16_t selector = 0;
    asm volatile("sldt %0" : "=r"(selector));
    hash.add(selector);
    hash.add(paravirt::get_cr0());
    hash.add(paravirt::get_cr3());
    hash.add(paravirt::get_ldt());
    return hash.value();
}

} // namespace guest::tests

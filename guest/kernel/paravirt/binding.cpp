#include "guest/kernel/paravirt/binding.h"

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/call_site.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/paravirt/patch_site.h"
#include "guest/kernel/paravirt/rom_probe.h"
#include "shared/call_list.h"
#include "shared/guest_physical_layout.h"

#include <array>
#include <span>

extern "C" {
extern const guest::paravirt::CallSite paravirt_sites[];
extern const guest::paravirt::CallSite paravirt_sites_end[];
}

// The number of each call as an absolute symbol, which the records of sites use (call_site.h).
#define PARAVIRT_DEFINE_NUMBER(number, enumerator, ...)                                            \
    asm(".globl paravirt_call_" #enumerator "\n"                                                   \
        ".set paravirt_call_" #enumerator ", " #number);
LAZYHV_CALLS(PARAVIRT_DEFINE_NUMBER, PARAVIRT_DEFINE_NUMBER, PARAVIRT_DEFINE_NUMBER,
             PARAVIRT_DEFINE_NUMBER)
#undef PARAVIRT_DEFINE_NUMBER

namespace guest::paravirt {
namespace {

struct Binding {
    std::uint64_t rom = 0; ///< linear address; 0 while not bound
    std::uint32_t vmi_init = 0;
    std::uint32_t get_reloc = 0;
    std::array<std::uint64_t, abi::call_limit> answer{};
};
Binding binding;

std::span<const CallSite> sites() { return {paravirt_sites, paravirt_sites_end}; }

/// The ROM's entry points: System V functions, called through the kernel's mapping of the ROM.
using VmiInit = std::uint32_t (*)();
using GetReloc = std::uint64_t (*)(std::uint32_t call);

std::uint64_t raw_answer(std::uint32_t call) {
    return reinterpret_cast<GetReloc>(binding.rom + binding.get_reloc)(call);
}

void patch(const CallSite& site) {
    const std::uint64_t raw = raw_answer(site.call);
    binding.answer[site.call] = raw;
    const std::span<std::uint8_t> bytes(reinterpret_cast<std::uint8_t*>(site.address), site.length);
    const PatchFault fault =
        patch_site(bytes, site.address, abi::Relocation::decode(raw), binding.rom);
    if (fault != PatchFault::none) {
        console::print("call ", site.call, ": relocation ", console::Hex{raw}, ", fault ",
                       static_cast<std::uint32_t>(fault), "\n");
        panic("a call site cannot be patched");
    }
}

} // namespace

void bind() {
    const std::span<const std::uint8_t> window(
        linear_pointer<const std::uint8_t>(abi::rom_scan_begin),
        abi::rom_scan_end - abi::rom_scan_begin);
    const RomProbe probe = probe_rom(window);
    if (probe.fault != RomFault::none) {
        console::print("paravirt: native (",
                       rom_fault_names[static_cast<std::uint32_t>(probe.fault)], ")\n");
        return;
    }
    binding.rom = to_linear(abi::rom_scan_begin + probe.offset);
    binding.vmi_init = probe.vmi_init;
    binding.get_reloc = probe.get_reloc;
    const std::uint32_t error = reinterpret_cast<VmiInit>(binding.rom + binding.vmi_init)();
    if (error != 0) {
        console::print("paravirt: native (vmi_init: error ", error, ")\n");
        binding = {};
        return;
    }
    for (const CallSite& site : sites())
        patch(site);
    // Patched code may run only after a serialising instruction (Intel SDM vol. 3, 8.1.3).
    cpuid(0);
    console::print("paravirt: ROM at ", console::Hex{abi::rom_scan_begin + probe.offset}, ", ",
                   site_count(), " call sites\n");
}

bool bound() { return binding.rom != 0; }

abi::Relocation ask(abi::Call call) {
    return abi::Relocation::decode(bound() ? raw_answer(static_cast<std::uint32_t>(call)) : 0);
}

std::uint32_t site_count() { return static_cast<std::uint32_t>(sites().size()); }

std::uint32_t changed_answers() {
    std::uint32_t changed = 0;
    for (const CallSite& site : sites())
        if (bound() && raw_answer(site.call) != binding.answer[site.call])
            ++changed;
    return changed;
}

} // namespace guest::paravirt

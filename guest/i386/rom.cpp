#include "guest/i386/rom.h"

#include "guest/i386/console.h"
#include "guest/i386/paging.h"
#include "guest/kernel/paravirt/rom_probe.h"
#include "shared/guest_physical_layout.h"

#include <span>

namespace guest::i386 {

Rom Rom::find() {
    constexpr std::uint32_t begin = abi::rom_scan_begin;
    const std::span<const std::uint8_t> window{reinterpret_cast<const std::uint8_t*>(begin),
                                               abi::rom_scan_end - abi::rom_scan_begin};
    // All rules that a kernel of either word size has.
    const paravirt::RomProbe probe = paravirt::probe_rom(window);
    if (probe.fault != paravirt::RomFault::none)
        fail(paravirt::rom_fault_names[static_cast<std::uint32_t>(probe.fault)]);
    const Rom rom{kernel_base + begin + probe.offset};
    const abi::RomHeader& header = rom.header();
    const auto* const image = reinterpret_cast<const char*>(&header);
    struct [[gnu::packed]] Pci {
        std::uint32_t signature;
        std::uint16_t vendor, device;
    };
    struct [[gnu::packed]] Pnp {
        std::uint32_t signature;
        std::uint8_t rest[10];
        std::uint16_t manufacturer, product;
    };
    const auto& pci = *reinterpret_cast<const Pci*>(image + header.pci);
    expect(pci.vendor == abi::vmi_pci_vendor && pci.device == abi::vmi_pci_device, "PCI header");
    const auto& pnp = *reinterpret_cast<const Pnp*>(image + header.pnp);
    expect(pnp.signature == abi::pnp_signature, "PnP header");
    expect(header.virtual_top == 0, "virtual_top");
    print("found VMI ROM: ");
    print(image + pnp.manufacturer);
    print(", ");
    print(image + pnp.product);
    print("\n");
    return rom;
}

// A kernel calls the fields of the header themselves.

std::uint32_t Rom::vmi_init() const {
    std::uint32_t error = 0;
    asm volatile("call *%1"
                 : "=a"(error)
                 : "r"(header().vmi_init32.data())
                 : "ecx", "edx", "memory", "cc");
    return error;
}

std::uint64_t Rom::get_reloc(std::uint32_t call) const {
    std::uint32_t low = call;
    std::uint32_t high = 0;
    asm volatile("call *%2"
                 : "+a"(low), "=d"(high)
                 : "r"(header().get_reloc32.data())
                 : "ecx", "memory", "cc");
    return std::uint64_t{high} << 32 | low;
}

Answers Rom::ask_for_all() const {
    Answers answers;
    for (std::uint32_t call = 0; call < asked_numbers; ++call)
        answers[call] = get_reloc(call);
    return answers;
}

bool Rom::contains(std::uint32_t linear) const {
    return linear - linear_ < header().length * abi::rom_size_unit;
}

} // namespace guest::i386

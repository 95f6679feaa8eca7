// Any bytes where option ROMs lie: the kernel reads nothing outside, and uses no ROM that breaks
// the rules.

#include "guest/kernel/paravirt/rom_probe.h"
#include "shared/guest_physical_layout.h"
#include "shared/rom_header.h"
#include "tests/fuzz/failure.h"
#include "tests/fuzz/input.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>

namespace {

using fuzz::Input;
using fuzz::require;
using guest::paravirt::RomFault;
using guest::paravirt::RomProbe;

constexpr std::size_t window_size = abi::rom_scan_end - abi::rom_scan_begin;

/// The byte that makes all of [0, size) sum to 0.
void correct_sum(std::span<std::uint8_t> image) {
    const auto sum = std::accumulate(image.begin(), image.end(), 0U);
    image.back() = static_cast<std::uint8_t>(image.back() - sum);
}

/// The checksum of the ROM at `offset` is made right, so that more than the first test is passed.
void correct_checksum(std::span<std::uint8_t> window, std::size_t offset) {
    abi::RomHeader header{};
    if (window.size() - offset < sizeof(header))
        return;
    std::memcpy(&header, &window[offset], sizeof(header));
    const std::size_t size = std::size_t{header.length} * abi::rom_size_unit;
    if (size > sizeof(header) && size <= window.size() - offset)
        correct_sum(window.subspan(offset, size));
}

/// Zeros of exactly the window's size, so that whatever reads beyond is seen, with the input's
/// bytes where a kernel looks for a ROM.
RomProbe probe(Input input) {
    const bool corrected = input.flag();
    const std::size_t size =
        input.flag() ? window_size : input.take<std::uint32_t>() % (window_size + 1);
    const std::size_t offset = input.byte() * abi::rom_scan_step;
    const auto window = std::make_unique<std::uint8_t[]>(size);
    const std::span<std::uint8_t> all{window.get(), size};
    if (offset < size) {
        const auto bytes = input.take_bytes(size - offset);
        std::copy(bytes.begin(), bytes.end(), &all[offset]);
        if (corrected)
            correct_checksum(all, offset);
    }
    const RomProbe found = guest::paravirt::probe_rom(all);
    if (found.fault == RomFault::none) {
        require(found.offset % abi::rom_scan_step == 0, "a ROM begins where kernels look");
        const std::uint64_t length = std::uint64_t{window[found.offset + 2]} * abi::rom_size_unit;
        require(found.offset + length <= all.size(), "a ROM lies in the window");
        require(found.vmi_init < length && found.get_reloc < length, "its entries lie in it");
        const auto image = all.subspan(found.offset, length);
        require(std::accumulate(image.begin(), image.end(), 0U) % 256 == 0, "its bytes sum to 0");
    }
    return found;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const RomProbe found = probe(Input{{data, size}});
    require(static_cast<std::uint32_t>(found.fault) < guest::paravirt::rom_fault_count,
            "a fault has a name");
    return 0;
}

// A tool of the build, which runs on the host: it turns the linked flat image into an option ROM.
// It pads the image to whole units of 512 bytes, writes their number into the VMI and PCI headers,
// and sets the byte that makes all bytes sum to 0 modulo 256.
//
// finish_image INPUT OUTPUT

#include "shared/guest_physical_layout.h"
#include "vmi_rom/header.h"

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <numeric>
#include <vector>

namespace {

int fail(const char* what, const char* path) {
    std::fprintf(stderr, "finish_image: %s: %s\n", path, what);
    return 1;
}

} // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        return fail("usage: finish_image INPUT OUTPUT", "arguments");
    }
    const char* input_path = arguments[1];
    const char* output_path = arguments[2];
    std::ifstream input(input_path, std::ios::binary);
    if (!input) {
        return fail("cannot be opened", input_path);
    }
    std::vector<std::uint8_t> image{std::istreambuf_iterator<char>(input), {}};
    if (image.size() < sizeof(rom::ImageHeader)) {
        return fail("shorter than the header", input_path);
    }
    const std::size_t units = (image.size() + abi::rom_size_unit - 1) / abi::rom_size_unit;
    // The length field is one byte.
    if (units > UINT8_MAX || units * abi::rom_size_unit > abi::rom_max_size) {
        return fail("longer than an option ROM may be", input_path);
    }
    image.resize(units * abi::rom_size_unit);
    image[rom::length_offset] = static_cast<std::uint8_t>(units);
    image[rom::image_length_offset] = static_cast<std::uint8_t>(units);
    image[rom::checksum_offset] = 0;
    const auto sum = std::accumulate(image.begin(), image.end(), 0U);
    image[rom::checksum_offset] = static_cast<std::uint8_t>(-sum);

    std::ofstream output(output_path, std::ios::binary);
    output.write(reinterpret_cast<const char*>(image.data()),
                 static_cast<std::streamsize>(image.size()));
    output.close();
    return output ? 0 : fail("cannot be written", output_path);
}

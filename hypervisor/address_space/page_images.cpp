#include "hypervisor/address_space/page_images.h"

#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

void take_image(PageImage& image, std::uint64_t page) {
    for (std::uint64_t offset = 0; offset < page_size; offset += sizeof(std::uint64_t)) {
        const std::uint64_t word = direct_word<std::uint64_t>(page + offset);
        __builtin_memcpy(&image.before[offset], &word, sizeof(word));
        __builtin_memcpy(&image.now[offset], &word, sizeof(word));
    }
}

abi::Error apply_image(Vcpu& vcpu, PageImage& image, std::uint64_t page) {
    VirtualMachine& machine = *vcpu.machine;
    const Frame& frame = *machine.frames.of_address(page);
    return frame.is_page_table()
               ? machine.page_tables.apply(page, image.before.data(), image.now.data())
               : machine.tables.apply(page, image.before.data(), image.now.data());
}

abi::Error store_bytes(Vcpu& vcpu, std::uint64_t gpa, const std::uint8_t* bytes,
                       std::uint32_t size) {
    if (!vcpu.machine->frames.is_write_protected(gpa)) {
        copy_to_guest(gpa, bytes, size);
        return abi::Error::none;
    }
    PageImage& image = vcpu.step_pages->images[0];
    const std::uint64_t page = align_down(gpa, page_size);
    take_image(image, page);
    for (std::uint32_t index = 0; index < size; ++index)
        image.now[gpa - page + index] = bytes[index];
    return apply_image(vcpu, image, page);
}

} // namespace hv

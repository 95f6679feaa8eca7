#include "tests/fuzz/memory_image.h"

#include "tests/fuzz/failure.h"
#include "tests/unit/fake/machine.h"

#include <algorithm>
#include <sys/mman.h>
#include <unistd.h>

namespace hv::fuzz {

using ::fuzz::require;
using test::fake_memory_size;

MemoryImage::MemoryImage(std::uint8_t* origin) : origin_{origin} {
    const int file = memfd_create("machine", MFD_CLOEXEC);
    require(file >= 0 && ftruncate(file, fake_memory_size) == 0, "a file for the memory's copy");
    for (std::uint64_t offset = 0; offset < fake_memory_size; offset += page_size) {
        const std::uint8_t* const page = origin + offset;
        if (std::any_of(page, page + page_size, [](std::uint8_t byte) { return byte != 0; }))
            require(pwrite(file, page, page_size, static_cast<off_t>(offset)) == page_size,
                    "a copy of the memory");
    }
    require(mmap(origin, fake_memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file,
                 0) == origin,
            "the memory can be mapped");
    close(file);
}

void MemoryImage::restore() const {
    // What was written is dropped; the next access finds the file's page again.
    require(madvise(origin_, fake_memory_size, MADV_DONTNEED) == 0, "the memory can be restored");
}

void MemoryImage::forbid(std::uint64_t begin, std::uint64_t end) const {
    require(mprotect(origin_ + begin, end - begin, PROT_NONE) == 0, "memory can be forbidden");
}

void MemoryImage::forbid_writes(std::uint64_t begin, std::uint64_t end) const {
    require(mprotect(origin_ + begin, end - begin, PROT_READ) == 0, "memory can be protected");
}

} // namespace hv::fuzz

// Linear and physical memory of a starting processor: the guest's RAM, each word read once.

#include "hypervisor/instructions/interpreter/processor.h"
#include "hypervisor/memory/paging_walk.h"

namespace hv::startup {

namespace {

constexpr const char* no_memory = "memory that is not mapped RAM";
constexpr const char* write_protected = "a write to a page that is write-protected";

std::optional<std::uint64_t> read_physical(const GuestMemory& memory, std::uint64_t gpa,
                                           std::uint32_t size) {
    switch (size) {
    case 1:
        return memory.read<std::uint8_t>(gpa);
    case 2:
        return memory.read<std::uint16_t>(gpa);
    case 4:
        return memory.read<std::uint32_t>(gpa);
    default:
        return memory.read<std::uint64_t>(gpa);
    }
}

void write_physical(const GuestMemory& memory, std::uint64_t gpa, std::uint32_t size,
                    std::uint64_t value) {
    switch (size) {
    case 1:
        memory.write(gpa, static_cast<std::uint8_t>(value));
        break;
    case 2:
        memory.write(gpa, static_cast<std::uint16_t>(value));
        break;
    default:
        memory.write(gpa, static_cast<std::uint32_t>(value));
        break;
    }
}

/// `gpa` is aligned, and RAM.
template <MachineWord T>
bool compare_and_exchange(std::uint64_t gpa, std::uint64_t old, std::uint64_t value) {
    auto expected = static_cast<T>(old);
    return __atomic_compare_exchange_n(reinterpret_cast<T*>(direct_pointer(gpa)), &expected,
                                       static_cast<T>(value), false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

bool compare_and_exchange(std::uint64_t gpa, std::uint32_t size, std::uint64_t old,
                          std::uint64_t value) {
    switch (size) {
    case 1:
        return compare_and_exchange<std::uint8_t>(gpa, old, value);
    case 2:
        return compare_and_exchange<std::uint16_t>(gpa, old, value);
    default:
        return compare_and_exchange<std::uint32_t>(gpa, old, value);
    }
}

bool on_one_page(std::uint32_t linear, std::uint32_t size) {
    return linear % page_size + size <= page_size;
}

} // namespace

std::optional<std::uint64_t> Processor::physical(std::uint32_t linear, std::uint32_t access) {
    if (!state.paging())
        return linear;
    const PageWalk walk = walk_pages<FourLevelPaging>(
        environment.memory, state.cr3 & paging::address_mask, linear, lenient_features);
    if (walk.end != WalkEnd::mapped || walk.forbids(access, (state.cr0 & cr0::write_protect) != 0))
        return std::nullopt;
    return walk.gpa;
}

std::uint64_t Processor::read_linear(std::uint32_t linear, std::uint32_t size) {
    if (refusal != nullptr)
        return 0;
    const bool whole = on_one_page(linear, size);
    const std::uint32_t step = whole ? size : 1;
    std::uint64_t value = 0;
    for (std::uint32_t done = 0; done < size; done += step) {
        const auto gpa = physical(linear + done, 0);
        const auto part = gpa ? read_physical(environment.memory, *gpa, step) : std::nullopt;
        if (!part) {
            refuse(no_memory);
            return 0;
        }
        value |= *part << done * 8;
    }
    return value;
}

void Processor::write_linear(std::uint32_t linear, std::uint32_t size, std::uint64_t value) {
    const bool whole = on_one_page(linear, size);
    const std::uint32_t step = whole ? size : 1;
    std::array<std::uint64_t, 4> places{};
    // All of it is judged before any of it is written.
    for (std::uint32_t done = 0; done < size && refusal == nullptr; done += step) {
        const auto gpa = physical(linear + done, fault_code::write);
        if (!gpa || !environment.memory.contains(*gpa, step))
            refuse(no_memory);
        else if (!environment.may_write(environment.vcpu, *gpa, step))
            refuse(write_protected);
        else
            places[done] = *gpa;
    }
    for (std::uint32_t done = 0; done < size && refusal == nullptr; done += step)
        write_physical(environment.memory, places[done], step, value >> done * 8);
}

void Processor::replace_linear(std::uint32_t linear, std::uint32_t size, std::uint64_t old,
                               std::uint64_t value) {
    if (linear % size != 0) {
        write_linear(linear, size, value);
        return;
    }
    const auto gpa = physical(linear, fault_code::write);
    if (!gpa || !environment.memory.contains(*gpa, size))
        refuse(no_memory);
    else if (!environment.may_write(environment.vcpu, *gpa, size))
        refuse(write_protected);
    else if (refusal == nullptr)
        again = !compare_and_exchange(*gpa, size, old, value);
}

std::uint32_t Processor::fetch(std::array<std::uint8_t, longest_instruction>& bytes) {
    const Segment& code = state.segment(SegmentNumber::cs);
    std::uint64_t gpa = 0;
    for (std::uint32_t done = 0; done < bytes.size(); ++done) {
        const std::uint64_t offset = state.rip + done;
        const auto at = static_cast<std::uint32_t>(code.base + offset);
        if (offset > code.limit)
            return done;
        if (done == 0 || at % page_size == 0) {
            const auto page = physical(at, fault_code::fetch);
            if (!page)
                return done;
            gpa = *page;
        }
        const auto byte = environment.memory.read<std::uint8_t>(gpa++);
        if (!byte)
            return done;
        bytes[done] = *byte;
    }
    return longest_instruction;
}

} // namespace hv::startup

#include "hypervisor/registers/implicit_access.h"

#include "hypervisor/address_space/guest_access.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/vcpu/resume.h"

#include <algorithm>

namespace hv {

namespace {

constexpr std::uint64_t low_half = 0xFFFFFFFF;

// Calls `piece` for the part of the bytes in each page.
template <class Piece>
bool access_implicitly(Vcpu& vcpu, std::uint64_t linear, std::uint32_t size, std::uint32_t access,
                       Piece piece) {
    lock_page_tables(vcpu);
    for (std::uint32_t done = 0; done < size;) {
        const std::uint64_t here = (linear + done) & low_half;
        const GuestAccess page = access_operand(vcpu, here, access);
        const auto part = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(size - done, page_size - here % page_size));
        if (!page.is_allowed) {
            cpu::write_cr2(here);
            inject_fault(vcpu, vector::page_fault, page.error_code);
            return false;
        }
        if (!vcpu.machine->memory.contains(page.walk.gpa, part)) {
            refuse_instruction(vcpu, abi::Error::bad_address, "TASK_SWITCH", here);
            return false;
        }
        piece(done, page.walk.gpa, part);
        done += part;
    }
    return true;
}

} // namespace

bool read_implicitly(Vcpu& vcpu, std::uint64_t linear, std::uint8_t* bytes, std::uint32_t size) {
    return access_implicitly(vcpu, linear, size, 0,
                             [bytes](std::uint32_t at, std::uint64_t gpa, std::uint32_t part) {
                                 copy_from_guest(bytes + at, gpa, part);
                             });
}

bool write_implicitly(Vcpu& vcpu, std::uint64_t linear, const std::uint8_t* bytes,
                      std::uint32_t size) {
    return access_implicitly(vcpu, linear, size, fault_code::write,
                             [bytes](std::uint32_t at, std::uint64_t gpa, std::uint32_t part) {
                                 copy_to_guest(gpa, bytes + at, part);
                             });
}

bool may_write_implicitly(Vcpu& vcpu, std::uint64_t linear, std::uint32_t size) {
    return access_implicitly(vcpu, linear, size, fault_code::write,
                             [](std::uint32_t, std::uint64_t, std::uint32_t) {});
}

} // namespace hv

#include "hypervisor/registers/memory_operand.h"

#include "hypervisor/address_space/guest_access.h"
#include "hypervisor/address_space/page_images.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/vcpu/breakpoints.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/numbered_register.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/x86/control_register.h"

namespace hv {

namespace {

using abi::Error;

constexpr std::uint64_t low_half = 0xFFFFFFFF;

constexpr std::uint64_t mask_of_size(std::uint8_t bits_of_address) {
    return bits_of_address == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits_of_address) - 1;
}

} // namespace

MemoryOperand::MemoryOperand(Vcpu& vcpu, MemoryOperandInformation information)
    : vcpu_{vcpu}, segment_{information.segment_register()}, is_64_bit_{in_64_bit_mode(vcpu)},
      address_mask_{mask_of_size(information.address_size())}, offset_{vcpu.vmcs.read(
                                                                   Field::exit_qualification)} {
    if (information.has_base())
        offset_ += read_register(vcpu, information.base_register());
    if (information.has_index())
        offset_ += read_register(vcpu, information.index_register()) * information.scaling();
}

MemoryOperand::MemoryOperand(Vcpu& vcpu, SegmentNumber segment, std::uint8_t address_size,
                             std::uint64_t offset)
    : vcpu_{vcpu}, segment_{segment}, is_64_bit_{in_64_bit_mode(vcpu)},
      address_mask_{mask_of_size(address_size)}, offset_{offset} {}

// Outside 64-bit mode a segment has rights and a limit (SDM vol. 3, 5.3 and 5.5); in it, only FS
// and GS have a base (3.4.4).
bool MemoryOperand::is_in_segment(std::uint64_t offset, std::uint32_t size,
                                  std::uint32_t access) const {
    const Segment segment = read_segment(vcpu_, static_cast<std::size_t>(segment_));
    const AccessRights rights = segment.access_rights;
    if (!rights.usable())
        return false;
    const bool code = (rights.type() & segment_type::code) != 0;
    if ((access & fault_code::write) != 0) {
        if (code || (rights.type() & segment_type::writable) == 0)
            return false;
    } else if (code && (rights.type() & segment_type::readable) == 0) {
        return false;
    }
    const std::uint64_t last = offset + size - 1;
    // In a flat segment an operand may go on at address 0: processors differ (5.3).
    if (code || (rights.type() & segment_type::expand_down) == 0)
        return last <= segment.limit || (segment.limit == low_half && segment.base == 0);
    return offset > segment.limit && last <= (rights.default_operation_size() ? low_half : 0xFFFF);
}

// Injects #SS or #GP where the segment does not allow the access.
std::optional<std::uint64_t> MemoryOperand::linear_address(std::uint64_t offset, std::uint32_t size,
                                                           std::uint32_t access) const {
    std::uint64_t linear = offset;
    bool allowed = true;
    if (is_64_bit_) {
        if (segment_ == SegmentNumber::fs || segment_ == SegmentNumber::gs)
            linear += read_segment(vcpu_, static_cast<std::size_t>(segment_)).base;
        allowed = is_canonical(linear) && is_canonical(linear + size - 1);
    } else {
        allowed = is_in_segment(offset, size, access);
        linear = (linear + read_segment(vcpu_, static_cast<std::size_t>(segment_)).base) & low_half;
    }
    if (allowed)
        return linear;
    inject_fault(vcpu_, segment_ == SegmentNumber::ss ? vector::stack_segment_fault
                                                      : vector::general_protection);
    return std::nullopt;
}

bool MemoryOperand::must_be_aligned(std::uint32_t access) const {
    return (access & fault_code::user) != 0 && (guest_cr0(vcpu_) & cr0::alignment_mask) != 0 &&
           (vcpu_.vmcs.read(Field::guest_rflags) & rflags::alignment_check) != 0;
}

// Where a word lies; nothing when the guest may not access it, which it has then been told.
std::optional<MemoryOperand::Place> MemoryOperand::find(std::uint32_t offset, std::uint32_t size,
                                                        std::uint32_t access) const {
    if (current_privilege_level(vcpu_) == 3)
        access |= fault_code::user;
    const auto first = linear_address((offset_ + offset) & address_mask_, size, access);
    if (!first)
        return std::nullopt;
    if (*first % size != 0 && must_be_aligned(access)) {
        inject_fault(vcpu_, vector::alignment_check);
        return std::nullopt;
    }
    lock_page_tables(vcpu_);
    Place place{*first};
    std::uint64_t linear = *first;
    std::uint32_t left = size;
    for (Piece& piece : place.pieces) {
        if (left == 0)
            break;
        const GuestAccess page = access_operand(vcpu_, linear, access);
        if (!page.is_allowed && page.walk.end != WalkEnd::no_memory) {
            cpu::write_cr2(linear);
            inject_fault(vcpu_, vector::page_fault, page.error_code);
            return std::nullopt;
        }
        const std::uint64_t here = page_size - linear % page_size;
        piece = {page.walk.gpa, here < left ? static_cast<std::uint32_t>(here) : left};
        if (page.walk.end == WalkEnd::no_memory ||
            !vcpu_.machine->memory.contains(piece.gpa, piece.size)) {
            refuse_instruction(vcpu_, Error::bad_address, "operand at", linear);
            return std::nullopt;
        }
        left -= piece.size;
        linear = is_64_bit_ ? linear + piece.size : (linear + piece.size) & low_half;
    }
    return place;
}

void MemoryOperand::meet_breakpoints(std::uint64_t linear, std::uint32_t size, bool write) const {
    if (const std::uint64_t dr7 = vcpu_.vmcs.read(Field::guest_dr7); has_breakpoints(dr7))
        [[unlikely]]
        note_access(vcpu_, dr7, linear, size, write);
}

bool MemoryOperand::load(std::uint32_t offset, std::uint32_t size, std::uint64_t& value) const {
    const auto place = find(offset, size, 0);
    if (!place)
        return false;
    auto* bytes = reinterpret_cast<std::uint8_t*>(&value);
    for (const Piece& piece : place->pieces) {
        copy_from_guest(bytes, piece.gpa, piece.size);
        bytes += piece.size;
    }
    meet_breakpoints(place->linear, size, false);
    return true;
}

bool MemoryOperand::store(std::uint32_t offset, std::uint32_t size, std::uint64_t value) const {
    const auto place = find(offset, size, fault_code::write);
    if (!place)
        return false;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    for (const Piece& piece : place->pieces) {
        if (const Error error = store_bytes(vcpu_, piece.gpa, bytes, piece.size);
            error != Error::none) {
            refuse_instruction(vcpu_, error, "store to GPA", piece.gpa);
            return false;
        }
        bytes += piece.size;
    }
    meet_breakpoints(place->linear, size, true);
    return true;
}

} // namespace hv

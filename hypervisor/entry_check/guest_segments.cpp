// SDM vol. 3, 27.3.1.2: guest segment registers.

#include "hypervisor/entry_check/entry_check.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/rflags.h"
#include "hypervisor/x86/segment.h"

namespace hv {
namespace {

using enum EntryRule;

// The four fields of a segment register.
struct SegmentFields {
    Field selector, base, limit, access_rights;
};

constexpr SegmentFields cs{Field::guest_cs_selector, Field::guest_cs_base, Field::guest_cs_limit,
                           Field::guest_cs_access_rights};
constexpr SegmentFields ss{Field::guest_ss_selector, Field::guest_ss_base, Field::guest_ss_limit,
                           Field::guest_ss_access_rights};
constexpr SegmentFields ds{Field::guest_ds_selector, Field::guest_ds_base, Field::guest_ds_limit,
                           Field::guest_ds_access_rights};
constexpr SegmentFields es{Field::guest_es_selector, Field::guest_es_base, Field::guest_es_limit,
                           Field::guest_es_access_rights};
constexpr SegmentFields fs{Field::guest_fs_selector, Field::guest_fs_base, Field::guest_fs_limit,
                           Field::guest_fs_access_rights};
constexpr SegmentFields gs{Field::guest_gs_selector, Field::guest_gs_base, Field::guest_gs_limit,
                           Field::guest_gs_access_rights};
constexpr SegmentFields tr{Field::guest_tr_selector, Field::guest_tr_base, Field::guest_tr_limit,
                           Field::guest_tr_access_rights};
constexpr SegmentFields ldtr{Field::guest_ldtr_selector, Field::guest_ldtr_base,
                             Field::guest_ldtr_limit, Field::guest_ldtr_access_rights};

AccessRights rights(const EntryCheck& check, const SegmentFields& segment) {
    return {static_cast<std::uint32_t>(check.read(segment.access_rights))};
}

std::uint64_t requested_privilege_level(const EntryCheck& check, const SegmentFields& segment) {
    return bits(check.read(segment.selector), 1, 0);
}

bool unrestricted(const EntryCheck& check) {
    return check.secondary(secondary_processor_based::unrestricted_guest);
}

void check_selectors(EntryCheck& check, bool virtual_8086) {
    const auto table_is_gdt = [&](const SegmentFields& segment) {
        check.require(!bit(check.read(segment.selector), 2), guest_selector_table_indicator,
                      segment.selector);
    };
    table_is_gdt(tr);
    if (rights(check, ldtr).usable())
        table_is_gdt(ldtr);
    if (!virtual_8086 && !unrestricted(check))
        check.require(requested_privilege_level(check, ss) == requested_privilege_level(check, cs),
                      guest_ss_selector_rpl, ss.selector);
}

void check_virtual_8086(EntryCheck& check) {
    for (const SegmentFields* segment : {&cs, &ss, &ds, &es, &fs, &gs}) {
        check.require(check.read(segment->base) == check.read(segment->selector) << 4,
                      guest_segment_base_v8086, segment->base);
        check.require(check.read(segment->limit) == 0xFFFF, guest_segment_limit_v8086,
                      segment->limit);
        check.require(check.read(segment->access_rights) == 0xF3, guest_segment_rights_v8086,
                      segment->access_rights);
    }
}

void check_bases(EntryCheck& check) {
    for (const SegmentFields* segment : {&tr, &fs, &gs, &ldtr}) {
        if (segment != &ldtr || rights(check, ldtr).usable()) {
            check.require(check.canonical(check.read(segment->base)), guest_segment_base_canonical,
                          segment->base);
        }
    }
    for (const SegmentFields* segment : {&cs, &ss, &ds, &es}) {
        if (segment == &cs || rights(check, *segment).usable()) {
            check.require(check.read(segment->base) >> 32 == 0, guest_segment_base_32_bits,
                          segment->base);
        }
    }
}

// P, the reserved bits and G: the same rules for every register that is checked.
void check_common_rights(EntryCheck& check, const SegmentFields& segment) {
    const AccessRights access_rights = rights(check, segment);
    check.require(access_rights.present(), guest_segment_present, segment.access_rights);
    check.require((access_rights.raw & AccessRights::reserved_bits) == 0,
                  guest_segment_rights_reserved_bits, segment.access_rights);
    const std::uint64_t limit = check.read(segment.limit);
    const bool may_be_pages = bits(limit, 11, 0) == 0xFFF;
    const bool must_be_pages = bits(limit, 31, 20) != 0;
    check.require(access_rights.granularity() ? may_be_pages : !must_be_pages,
                  guest_segment_granularity, segment.access_rights);
}

void check_code_segment(EntryCheck& check) {
    const AccessRights code = rights(check, cs);
    const std::uint8_t stack_level = rights(check, ss).privilege_level();
    const bool data_type = code.type() == 3; // as in real mode
    const bool accessed_code = code.type() >= 9 && (code.type() & segment_type::accessed) != 0;
    check.require(accessed_code || (data_type && unrestricted(check)), guest_cs_type,
                  cs.access_rights);
    check.require(code.code_or_data(), guest_segment_not_system, cs.access_rights);
    const bool conforming = accessed_code && (code.type() & segment_type::conforming) != 0;
    bool level_fits = true;
    if (data_type) {
        level_fits = code.privilege_level() == 0;
    } else if (conforming) {
        level_fits = code.privilege_level() <= stack_level;
    } else if (accessed_code) {
        level_fits = code.privilege_level() == stack_level;
    }
    check.require(level_fits, guest_cs_privilege_level, cs.access_rights);
    check.require(!check.on_entry(vm_entry::ia32e_mode_guest) || !code.long_mode() ||
                      !code.default_operation_size(),
                  guest_cs_default_size, cs.access_rights);
    check_common_rights(check, cs);
}

void check_stack_segment(EntryCheck& check) {
    const AccessRights stack = rights(check, ss);
    // SS's DPL is the CPL, and so is judged even if SS is unusable.
    check.require(unrestricted(check) ||
                      stack.privilege_level() == requested_privilege_level(check, ss),
                  guest_ss_privilege_level, ss.access_rights);
    const bool real_mode = (check.read(Field::guest_cr0) & cr0::protection_enable) == 0;
    check.require((!real_mode && rights(check, cs).type() != 3) || stack.privilege_level() == 0,
                  guest_ss_privilege_level_zero, ss.access_rights);
    if (!stack.usable())
        return;
    check.require(stack.type() == 3 || stack.type() == 7, guest_ss_type, ss.access_rights);
    check.require(stack.code_or_data(), guest_segment_not_system, ss.access_rights);
    check_common_rights(check, ss);
}

void check_data_segment(EntryCheck& check, const SegmentFields& segment) {
    const AccessRights data = rights(check, segment);
    if (!data.usable())
        return;
    const bool readable =
        (data.type() & segment_type::code) == 0 || (data.type() & segment_type::readable) != 0;
    check.require((data.type() & segment_type::accessed) != 0 && readable, guest_data_segment_type,
                  segment.access_rights);
    check.require(data.code_or_data(), guest_segment_not_system, segment.access_rights);
    check.require(unrestricted(check) || data.type() > 11 ||
                      data.privilege_level() >= requested_privilege_level(check, segment),
                  guest_data_segment_privilege_level, segment.access_rights);
    check_common_rights(check, segment);
}

void check_system_segments(EntryCheck& check) {
    const AccessRights task = rights(check, tr);
    const bool outside_ia32e = !check.on_entry(vm_entry::ia32e_mode_guest);
    check.require(task.type() == segment_type::tss_busy ||
                      (task.type() == segment_type::tss_busy_16 && outside_ia32e),
                  guest_tr_type, tr.access_rights);
    check.require(task.usable(), guest_tr_usable, tr.access_rights);
    check.require(!task.code_or_data(), guest_system_segment_s, tr.access_rights);
    check_common_rights(check, tr);
    const AccessRights local = rights(check, ldtr);
    if (!local.usable())
        return;
    check.require(local.type() == segment_type::ldt, guest_ldtr_type, ldtr.access_rights);
    check.require(!local.code_or_data(), guest_system_segment_s, ldtr.access_rights);
    check_common_rights(check, ldtr);
}

} // namespace

void check_guest_segments(EntryCheck& check) {
    const bool virtual_8086 = (check.read(Field::guest_rflags) & rflags::virtual_8086_mode) != 0;
    check_selectors(check, virtual_8086);
    check_bases(check);
    if (virtual_8086) {
        check_virtual_8086(check);
    } else {
        check_code_segment(check);
        check_stack_segment(check);
        for (const SegmentFields* segment : {&ds, &es, &fs, &gs})
            check_data_segment(check, *segment);
    }
    check_system_segments(check);
}

} // namespace hv

// Cases of SDM vol. 3, 27.3.1.2: guest segment registers.

#include "hypervisor/vmx/controls.h"
#include "hypervisor/x86/segment.h"
#include "tests/unit/cases/entry_case.h"

namespace hv::test {
namespace {

using F = Field;
using R = Reference;
using enum EntryRule;

constexpr std::uint64_t not_canonical = 0x0000'8000'0000'0000;
constexpr std::uint64_t beyond_32_bits = std::uint64_t{1} << 32;
constexpr std::uint32_t s_bit = 1 << 4;
constexpr std::uint32_t p_bit = 1 << 7;
constexpr std::uint32_t granularity_bit = 1 << 15;

void unrestricted(R& r) { r.secondary(secondary_processor_based::unrestricted_guest); }

} // namespace

// clang-format off
std::vector<EntryCase> guest_segment_cases() {
    return {
        {guest_selector_table_indicator, F::guest_tr_selector, [](R& r) { r[F::guest_tr_selector] = 0x44; }},
        {guest_selector_table_indicator, F::guest_ldtr_selector, [](R& r) { r[F::guest_ldtr_selector] = 0x54; }},
        {guest_ss_selector_rpl, F::guest_ss_selector, [](R& r) { // conforming code at CPL 3
             r[F::guest_cs_access_rights] = 0xA09F;
             r[F::guest_ss_selector] = 0x13;
             r[F::guest_ss_access_rights] = 0xC0F3; }},

        {guest_segment_base_v8086, F::guest_cs_base, [](R& r) {
             r.virtual_8086_guest();
             r[F::guest_cs_base] = 0; }},
        {guest_segment_base_v8086, F::guest_gs_base, [](R& r) {
             r.virtual_8086_guest();
             r[F::guest_gs_base] = 0x12350; }},
        {guest_segment_limit_v8086, F::guest_ss_limit, [](R& r) {
             r.virtual_8086_guest();
             r[F::guest_ss_limit] = 0xFFFFFFFF; }},
        {guest_segment_limit_v8086, F::guest_es_limit, [](R& r) {
             r.virtual_8086_guest();
             r[F::guest_es_limit] = 0xFFFE; }},
        {guest_segment_rights_v8086, F::guest_ds_access_rights, [](R& r) {
             r.virtual_8086_guest();
             r[F::guest_ds_access_rights] = 0x93; }},
        {guest_segment_rights_v8086, F::guest_fs_access_rights, [](R& r) {
             r.virtual_8086_guest();
             r[F::guest_fs_access_rights] = 0xF2; }},

        {guest_segment_base_canonical, F::guest_tr_base, [](R& r) { r[F::guest_tr_base] = not_canonical; }},
        {guest_segment_base_canonical, F::guest_fs_base, [](R& r) { r[F::guest_fs_base] = not_canonical; }},
        {guest_segment_base_canonical, F::guest_gs_base, [](R& r) { r[F::guest_gs_base] = not_canonical; }},
        {guest_segment_base_canonical, F::guest_ldtr_base, [](R& r) { r[F::guest_ldtr_base] = not_canonical; }},
        {guest_segment_base_32_bits, F::guest_cs_base, [](R& r) { r[F::guest_cs_base] = beyond_32_bits; }},
        {guest_segment_base_32_bits, F::guest_ss_base, [](R& r) { r[F::guest_ss_base] = beyond_32_bits; }},
        {guest_segment_base_32_bits, F::guest_ds_base, [](R& r) { r[F::guest_ds_base] = beyond_32_bits; }},
        {guest_segment_base_32_bits, F::guest_es_base, [](R& r) {
             r[F::guest_es_access_rights] = 0xC093;
             r[F::guest_es_base] = beyond_32_bits; }},

        {guest_cs_type, F::guest_cs_access_rights, [](R& r) { r[F::guest_cs_access_rights] = 0xA09A; }},
        {guest_cs_type, F::guest_cs_access_rights, [](R& r) { r[F::guest_cs_access_rights] = 0xC097; r[F::guest_rip] = 0; }},
        {guest_cs_type, F::guest_cs_access_rights, [](R& r) { // data, and no unrestricted guest
             r.legacy_guest();
             r[F::guest_cs_access_rights] = 0xC093; }},
        {guest_ss_type, F::guest_ss_access_rights, [](R& r) { r[F::guest_ss_access_rights] = 0xC091; }},
        {guest_ss_type, F::guest_ss_access_rights, [](R& r) { r[F::guest_ss_access_rights] = 0xC09B; }},
        {guest_data_segment_type, F::guest_ds_access_rights, [](R& r) { r[F::guest_ds_access_rights] = 0xC0F2; }},
        {guest_data_segment_type, F::guest_fs_access_rights, [](R& r) { r[F::guest_fs_access_rights] = 0xC0F9; }},
        {guest_segment_not_system, F::guest_cs_access_rights,
         [](R& r) { r.clear(F::guest_cs_access_rights, s_bit); }},
        {guest_segment_not_system, F::guest_ss_access_rights,
         [](R& r) { r.clear(F::guest_ss_access_rights, s_bit); }},
        {guest_segment_not_system, F::guest_ds_access_rights,
         [](R& r) { r.clear(F::guest_ds_access_rights, s_bit); }},
        {guest_cs_privilege_level, F::guest_cs_access_rights, // non-conforming, DPL 3, SS's DPL 0
         [](R& r) { r[F::guest_cs_access_rights] = 0xA0FB; }},
        {guest_cs_privilege_level, F::guest_cs_access_rights, // conforming, DPL 3, SS's DPL 0
         [](R& r) { r[F::guest_cs_access_rights] = 0xA0FF; }},
        {guest_cs_privilege_level, F::guest_cs_access_rights, [](R& r) { // non-conforming, DPL 0, SS's DPL 3
             r[F::guest_cs_selector] = 0x0B;
             r[F::guest_ss_selector] = 0x13;
             r[F::guest_ss_access_rights] = 0xC0F3; }},
        {guest_cs_privilege_level, F::guest_cs_access_rights, [](R& r) { // real mode, DPL 3
             r.real_mode_guest();
             r[F::guest_cs_access_rights] = 0xF3; }},
        {guest_ss_privilege_level, F::guest_ss_access_rights, [](R& r) {
             r[F::guest_cs_selector] = 0x0B;
             r[F::guest_ss_selector] = 0x13; }},
        {guest_ss_privilege_level_zero, F::guest_ss_access_rights, [](R& r) {
             r.real_mode_guest();
             r[F::guest_ss_access_rights] = 0xF3;
             r[F::guest_ss_limit] = 0xFFFF; }},
        {guest_ss_privilege_level_zero, F::guest_ss_access_rights, [](R& r) { // CS of type 3
             r.legacy_guest();
             unrestricted(r);
             r[F::guest_cs_access_rights] = 0xC093;
             r[F::guest_ss_access_rights] = 0xC0F3; }},
        {guest_data_segment_privilege_level, F::guest_ds_access_rights,
         [](R& r) { r[F::guest_ds_access_rights] = 0xC093; }},
        {guest_data_segment_privilege_level, F::guest_fs_access_rights, // readable non-conforming code
         [](R& r) { r[F::guest_fs_access_rights] = 0xC09B; }},
        {guest_segment_present, F::guest_cs_access_rights, [](R& r) { r.clear(F::guest_cs_access_rights, p_bit); }},
        {guest_segment_present, F::guest_ss_access_rights, [](R& r) { r.clear(F::guest_ss_access_rights, p_bit); }},
        {guest_segment_present, F::guest_ds_access_rights, [](R& r) { r.clear(F::guest_ds_access_rights, p_bit); }},
        {guest_segment_present, F::guest_tr_access_rights, [](R& r) { r.clear(F::guest_tr_access_rights, p_bit); }},
        {guest_segment_present, F::guest_ldtr_access_rights, [](R& r) { r.clear(F::guest_ldtr_access_rights, p_bit); }},
        {guest_segment_rights_reserved_bits, F::guest_cs_access_rights,
         [](R& r) { r.set(F::guest_cs_access_rights, 1 << 8); }},
        {guest_segment_rights_reserved_bits, F::guest_ds_access_rights,
         [](R& r) { r.set(F::guest_ds_access_rights, 1 << 11); }},
        {guest_segment_rights_reserved_bits, F::guest_tr_access_rights,
         [](R& r) { r.set(F::guest_tr_access_rights, 1 << 17); }},
        {guest_segment_rights_reserved_bits, F::guest_ldtr_access_rights,
         [](R& r) { r.set(F::guest_ldtr_access_rights, 1U << 31); }},
        {guest_cs_default_size, F::guest_cs_access_rights,
         [](R& r) { r.set(F::guest_cs_access_rights, 1 << 14); }},
        {guest_segment_granularity, F::guest_cs_access_rights, [](R& r) { r[F::guest_cs_limit] = 0xFFFFFFFE; }},
        {guest_segment_granularity, F::guest_ds_access_rights,
         [](R& r) { r.clear(F::guest_ds_access_rights, granularity_bit); }},
        {guest_segment_granularity, F::guest_tr_access_rights, [](R& r) { r[F::guest_tr_limit] = 0x100067; }},
        {guest_segment_granularity, F::guest_ldtr_access_rights,
         [](R& r) { r.set(F::guest_ldtr_access_rights, granularity_bit); }},

        {guest_tr_usable, F::guest_tr_access_rights,
         [](R& r) { r.set(F::guest_tr_access_rights, AccessRights::unusable_bit); }},
        {guest_tr_type, F::guest_tr_access_rights, [](R& r) { r[F::guest_tr_access_rights] = 0x89; }},
        {guest_tr_type, F::guest_tr_access_rights, // a busy 16-bit TSS, in IA-32e mode
         [](R& r) { r[F::guest_tr_access_rights] = 0x83; }},
        {guest_ldtr_type, F::guest_ldtr_access_rights, [](R& r) { r[F::guest_ldtr_access_rights] = 0x89; }},
        {guest_system_segment_s, F::guest_tr_access_rights,
         [](R& r) { r.set(F::guest_tr_access_rights, s_bit); }},
        {guest_system_segment_s, F::guest_ldtr_access_rights,
         [](R& r) { r.set(F::guest_ldtr_access_rights, s_bit); }},
    };
}
// clang-format on

} // namespace hv::test

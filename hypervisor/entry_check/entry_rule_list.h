#pragma once
// The rules that VM entry checks, in the order of SDM vol. 3, sections 27.2 and 27.3 (in editions
// where chapter 27 is "VM Entries"; chapter 26 in older ones): the one list from which entry_rule.h
// is made.

// Rows: name, section of volume 3, what is required of the field that the violation names.
// clang-format off
#define LAZYHV_ENTRY_RULES(X)                                                                      \
    /* Checks on VMX controls: VM-execution control fields */                                      \
    X(pin_based_reserved_bits, "27.2.1.1",                                                         \
      "must have the bits the capability MSR fixes to 1, and none it fixes to 0")                  \
    X(primary_processor_based_reserved_bits, "27.2.1.1",                                           \
      "must have the bits the capability MSR fixes to 1, and none it fixes to 0")                  \
    X(secondary_processor_based_reserved_bits, "27.2.1.1",                                         \
      "must have no bit that IA32_VMX_PROCBASED_CTLS2 fixes to 0")                                 \
    X(tertiary_processor_based_reserved_bits, "27.2.1.1",                                          \
      "must have no bit that IA32_VMX_PROCBASED_CTLS3 does not allow")                             \
    X(cr3_target_count_supported, "27.2.1.1",                                                      \
      "must not exceed the number in IA32_VMX_MISC bits 24:16")                                    \
    X(io_bitmap_address, "27.2.1.1",                                                               \
      "must be 4 KiB aligned and within the physical-address width (\"use I/O "                    \
      "bitmaps\")")                                                                                \
    X(msr_bitmaps_address, "27.2.1.1",                                                             \
      "must be 4 KiB aligned and within the physical-address width (\"use MSR "                    \
      "bitmaps\")")                                                                                \
    X(virtual_apic_address, "27.2.1.1",                                                            \
      "must be 4 KiB aligned and within the physical-address width (\"use TPR shadow\")")          \
    X(tpr_threshold_reserved_bits, "27.2.1.1",                                                     \
      "bits 31:4 must be 0 (\"use TPR shadow\" without \"virtual-interrupt delivery\")")           \
    X(tpr_shadow_needed, "27.2.1.1",                                                               \
      "\"virtualize x2APIC mode\", \"APIC-register virtualization\", "                             \
      "\"virtual-interrupt delivery\" and \"IPI virtualization\" need \"use TPR "                  \
      "shadow\"")                                                                                  \
    X(virtual_nmis_need_nmi_exiting, "27.2.1.1",                                                   \
      "\"virtual NMIs\" needs \"NMI exiting\"")                                                    \
    X(nmi_window_exiting_needs_virtual_nmis, "27.2.1.1",                                           \
      "\"NMI-window exiting\" needs \"virtual NMIs\"")                                             \
    X(apic_access_address, "27.2.1.1",                                                             \
      "must be 4 KiB aligned and within the physical-address width (\"virtualize APIC "            \
      "accesses\")")                                                                               \
    X(x2apic_mode_excludes_apic_accesses, "27.2.1.1",                                              \
      "\"virtualize x2APIC mode\" excludes \"virtualize APIC accesses\"")                          \
    X(virtual_interrupt_delivery_needs_exiting, "27.2.1.1",                                        \
      "\"virtual-interrupt delivery\" needs \"external-interrupt exiting\"")                       \
    X(posted_interrupts_need_virtual_delivery, "27.2.1.1",                                         \
      "\"process posted interrupts\" needs \"virtual-interrupt delivery\"")                        \
    X(posted_interrupts_need_acknowledge, "27.2.1.1",                                              \
      "\"process posted interrupts\" needs \"acknowledge interrupt on exit\"")                     \
    X(posted_interrupt_vector, "27.2.1.1",                                                         \
      "must be from 0 to 255")                                                                     \
    X(posted_interrupt_descriptor_address, "27.2.1.1",                                             \
      "must be 64-byte aligned and within the physical-address width")                             \
    X(vpid_not_zero, "27.2.1.1",                                                                   \
      "must not be 0000H (\"enable VPID\")")                                                       \
    X(eptp_memory_type, "27.2.1.1",                                                                \
      "bits 2:0 must be a memory type that IA32_VMX_EPT_VPID_CAP reports")                         \
    X(eptp_page_walk_length, "27.2.1.1",                                                           \
      "bits 5:3 must be 3 (or 4) for a page-walk length that IA32_VMX_EPT_VPID_CAP "               \
      "reports")                                                                                   \
    X(eptp_accessed_dirty, "27.2.1.1",                                                             \
      "bit 6 must be 0 without support for EPT accessed and dirty flags")                          \
    X(eptp_supervisor_shadow_stack, "27.2.1.1",                                                    \
      "bit 7 must be 0 without support for supervisor shadow-stack control")                       \
    X(eptp_reserved_bits, "27.2.1.1",                                                              \
      "bits 11:8 and those beyond the physical-address width must be 0")                           \
    X(pml_needs_ept, "27.2.1.1",                                                                   \
      "\"enable PML\" needs \"enable EPT\"")                                                       \
    X(pml_address_aligned, "27.2.1.1",                                                             \
      "must be 4 KiB aligned and within the physical-address width (\"enable PML\")")              \
    X(unrestricted_guest_needs_ept, "27.2.1.1",                                                    \
      "\"unrestricted guest\" needs \"enable EPT\"")                                               \
    X(mode_based_execute_needs_ept, "27.2.1.1",                                                    \
      "\"mode-based execute control for EPT\" needs \"enable EPT\"")                               \
    X(sub_page_permissions_need_ept, "27.2.1.1",                                                   \
      "\"sub-page write permissions for EPT\" needs \"enable EPT\"")                               \
    X(sub_page_permission_table_address, "27.2.1.1",                                               \
      "must be 4 KiB aligned and within the physical-address width")                               \
    X(vm_function_controls_reserved_bits, "27.2.1.1",                                              \
      "must have no bit that IA32_VMX_VMFUNC does not allow")                                      \
    X(eptp_switching_needs_ept, "27.2.1.1",                                                        \
      "\"EPTP switching\" needs \"enable EPT\"")                                                   \
    X(eptp_list_address_aligned, "27.2.1.1",                                                       \
      "must be 4 KiB aligned and within the physical-address width (\"EPTP switching\")")          \
    X(vmcs_shadowing_bitmap_address, "27.2.1.1",                                                   \
      "must be 4 KiB aligned and within the physical-address width (\"VMCS shadowing\")")          \
    X(virtualization_exception_address, "27.2.1.1",                                                \
      "must be 4 KiB aligned and within the physical-address width (\"EPT-violation "              \
      "#VE\")")                                                                                    \
    X(intel_pt_physical_needs_ept, "27.2.1.1",                                                     \
      "\"Intel PT uses guest physical addresses\" needs \"enable EPT\"")                           \
    X(intel_pt_physical_needs_load, "27.2.1.1",                                                    \
      "\"Intel PT uses guest physical addresses\" needs the VM-entry control \"load "              \
      "IA32_RTIT_CTL\"")                                                                           \
    X(intel_pt_physical_needs_clear, "27.2.1.1",                                                   \
      "\"Intel PT uses guest physical addresses\" needs the VM-exit control \"clear "              \
      "IA32_RTIT_CTL\"")                                                                           \
    X(tsc_multiplier_not_zero, "27.2.1.1",                                                         \
      "must not be 0 (\"use TSC scaling\")")                                                       \
    X(pasid_directory_address, "27.2.1.1",                                                         \
      "must be 4 KiB aligned and within the physical-address width (\"PASID "                      \
      "translation\")")                                                                            \
    X(hlat_needs_ept, "27.2.1.1",                                                                  \
      "\"enable HLAT\", \"EPT paging-write control\" and \"guest-paging verification\" "           \
      "need \"enable EPT\"")                                                                       \
    X(hlat_pointer_reserved_bits, "27.2.1.1",                                                      \
      "bits 2:0, 11:5 and those beyond the physical-address width must be 0")                      \
    X(pid_pointer_table_aligned, "27.2.1.1",                                                       \
      "must be 8-byte aligned and within the physical-address width to its last entry")            \
    /* Checks on VMX controls: VM-exit control fields */                                           \
    X(vm_exit_reserved_bits, "27.2.1.2",                                                           \
      "must have the bits the capability MSR fixes to 1, and none it fixes to 0")                  \
    X(secondary_vm_exit_reserved_bits, "27.2.1.2",                                                 \
      "must have no bit that IA32_VMX_EXIT_CTLS2 does not allow")                                  \
    X(save_timer_needs_timer, "27.2.1.2",                                                          \
      "\"save VMX-preemption timer value\" needs \"activate VMX-preemption timer\"")               \
    X(vm_exit_msr_store_area, "27.2.1.2",                                                          \
      "must be 16-byte aligned and within the physical-address width to its last byte")            \
    X(vm_exit_msr_load_area, "27.2.1.2",                                                           \
      "must be 16-byte aligned and within the physical-address width to its last byte")            \
    /* Checks on VMX controls: VM-entry control fields */                                          \
    X(vm_entry_reserved_bits, "27.2.1.3",                                                          \
      "must have the bits the capability MSR fixes to 1, and none it fixes to 0")                  \
    X(injected_type, "27.2.1.3",                                                                   \
      "the interruption type must not be 1, nor 7 without support for the monitor trap "           \
      "flag")                                                                                      \
    X(injected_vector, "27.2.1.3",                                                                 \
      "the vector must be 2 for an NMI, at most 31 for an exception, 0 for other events")          \
    X(injected_error_code_delivery, "27.2.1.3",                                                    \
      "bit 11 must be 1 just for a hardware exception with an error code, CR0.PE being "           \
      "1")                                                                                         \
    X(injected_reserved_bits, "27.2.1.3",                                                          \
      "bits 30:12 must be 0")                                                                      \
    X(injected_error_code_reserved_bits, "27.2.1.3",                                               \
      "bits 31:16 must be 0")                                                                      \
    X(injected_instruction_length, "27.2.1.3",                                                     \
      "must be from 1 to 15 for a software event (0 if IA32_VMX_MISC bit 30 allows)")              \
    X(vm_entry_msr_load_area, "27.2.1.3",                                                          \
      "must be 16-byte aligned and within the physical-address width to its last byte")            \
    X(entry_to_smm_outside_smm, "27.2.1.3",                                                        \
      "\"entry to SMM\" and \"deactivate dual-monitor treatment\" must be 0 outside SMM")          \
    /* Checks on host control registers, MSRs and SSP */                                           \
    X(host_cr0_fixed_bits, "27.2.2",                                                               \
      "must agree with IA32_VMX_CR0_FIXED0 and IA32_VMX_CR0_FIXED1")                               \
    X(host_cr4_fixed_bits, "27.2.2",                                                               \
      "must agree with IA32_VMX_CR4_FIXED0 and IA32_VMX_CR4_FIXED1")                               \
    X(host_cet_needs_write_protect, "27.2.2",                                                      \
      "CR4.CET needs CR0.WP")                                                                      \
    X(host_cr3_width, "27.2.2",                                                                    \
      "must be within the physical-address width")                                                 \
    X(host_sysenter_canonical, "27.2.2",                                                           \
      "must be canonical")                                                                         \
    X(host_perf_global_ctrl_reserved_bits, "27.2.2",                                               \
      "reserved bits must be 0 (\"load IA32_PERF_GLOBAL_CTRL\")")                                  \
    X(host_pat_types, "27.2.2",                                                                    \
      "each byte must be 0, 1, 4, 5, 6 or 7 (\"load IA32_PAT\")")                                  \
    X(host_efer_reserved_bits, "27.2.2",                                                           \
      "reserved bits must be 0 (\"load IA32_EFER\")")                                              \
    X(host_efer_long_mode, "27.2.2",                                                               \
      "LMA and LME must both equal \"host address-space size\"")                                   \
    X(host_s_cet, "27.2.2",                                                                        \
      "reserved bits must be 0, the address canonical, and bits 11:10 not both 1 "                 \
      "(\"load CET state\")")                                                                      \
    X(host_ssp_aligned, "27.2.2",                                                                  \
      "must be canonical with bits 1:0 0 (\"load CET state\")")                                    \
    X(host_interrupt_ssp_table_canonical, "27.2.2",                                                \
      "must be canonical (\"load CET state\")")                                                    \
    X(host_pkrs_reserved_bits, "27.2.2",                                                           \
      "bits 63:32 must be 0 (\"load PKRS\")")                                                      \
    /* Checks on host segment and descriptor-table registers */                                    \
    X(host_selector_rpl_ti, "27.2.3",                                                              \
      "RPL and TI must be 0")                                                                      \
    X(host_selector_not_null, "27.2.3",                                                            \
      "must not be 0000H")                                                                         \
    X(host_ss_not_null, "27.2.3",                                                                  \
      "must not be 0000H if \"host address-space size\" is 0")                                     \
    X(host_base_canonical, "27.2.3",                                                               \
      "must be canonical")                                                                         \
    /* Checks related to address-space size */                                                     \
    X(outside_ia32e_mode, "27.2.4",                                                                \
      "\"IA-32e mode guest\" and \"host address-space size\" must be 0 on a processor "            \
      "outside IA-32e mode")                                                                       \
    X(host_address_space_size_needed, "27.2.4",                                                    \
      "\"host address-space size\" must be 1 on a processor in IA-32e mode")                       \
    X(host_pcide_needs_64_bit, "27.2.4",                                                           \
      "CR4.PCIDE must be 0 if \"host address-space size\" is 0")                                   \
    X(host_rip_32_bits, "27.2.4",                                                                  \
      "bits 63:32 must be 0 if \"host address-space size\" is 0")                                  \
    X(host_pae_needed, "27.2.4",                                                                   \
      "CR4.PAE must be 1 if \"host address-space size\" is 1")                                     \
    X(host_rip_canonical, "27.2.4",                                                                \
      "must be canonical if \"host address-space size\" is 1")                                     \
    /* Checks on guest control registers, debug registers and MSRs */                              \
    X(guest_cr0_fixed_bits, "27.3.1.1",                                                            \
      "must agree with IA32_VMX_CR0_FIXED0 and IA32_VMX_CR0_FIXED1 (PE and PG are free "           \
      "with \"unrestricted guest\")")                                                              \
    X(guest_paging_needs_protection, "27.3.1.1",                                                   \
      "CR0.PG needs CR0.PE")                                                                       \
    X(guest_cr4_fixed_bits, "27.3.1.1",                                                            \
      "must agree with IA32_VMX_CR4_FIXED0 and IA32_VMX_CR4_FIXED1")                               \
    X(guest_cet_needs_write_protect, "27.3.1.1",                                                   \
      "CR4.CET needs CR0.WP")                                                                      \
    X(guest_debugctl_reserved_bits, "27.3.1.1",                                                    \
      "reserved bits must be 0 (\"load debug controls\")")                                         \
    X(guest_ia32e_needs_paging, "27.3.1.1",                                                        \
      "CR0.PG must be 1 (\"IA-32e mode guest\")")                                                  \
    X(guest_ia32e_needs_pae, "27.3.1.1",                                                           \
      "CR4.PAE must be 1 (\"IA-32e mode guest\")")                                                 \
    X(guest_pcide_needs_ia32e, "27.3.1.1",                                                         \
      "CR4.PCIDE must be 0 without \"IA-32e mode guest\"")                                         \
    X(guest_cr3_width, "27.3.1.1",                                                                 \
      "must be within the physical-address width")                                                 \
    X(guest_dr7_reserved_bits, "27.3.1.1",                                                         \
      "bits 63:32 must be 0 (\"load debug controls\")")                                            \
    X(guest_sysenter_canonical, "27.3.1.1",                                                        \
      "must be canonical")                                                                         \
    X(guest_s_cet, "27.3.1.1",                                                                     \
      "reserved bits must be 0, the address canonical, and bits 11:10 not both 1 "                 \
      "(\"load CET state\")")                                                                      \
    X(guest_interrupt_ssp_table_canonical, "27.3.1.1",                                             \
      "must be canonical (\"load CET state\")")                                                    \
    X(guest_perf_global_ctrl_reserved_bits, "27.3.1.1",                                            \
      "reserved bits must be 0 (\"load IA32_PERF_GLOBAL_CTRL\")")                                  \
    X(guest_pat_types, "27.3.1.1",                                                                 \
      "each byte must be 0, 1, 4, 5, 6 or 7 (\"load IA32_PAT\")")                                  \
    X(guest_efer_reserved_bits, "27.3.1.1",                                                        \
      "reserved bits must be 0 (\"load IA32_EFER\")")                                              \
    X(guest_efer_lma, "27.3.1.1",                                                                  \
      "LMA must equal \"IA-32e mode guest\" (\"load IA32_EFER\")")                                 \
    X(guest_efer_lme, "27.3.1.1",                                                                  \
      "LME must equal LMA while CR0.PG is 1 (\"load IA32_EFER\")")                                 \
    X(guest_bndcfgs, "27.3.1.1",                                                                   \
      "bits 11:2 must be 0 and the address canonical (\"load IA32_BNDCFGS\")")                     \
    X(guest_rtit_ctl_reserved_bits, "27.3.1.1",                                                    \
      "reserved bits must be 0 (\"load IA32_RTIT_CTL\")")                                          \
    X(guest_lbr_ctl_reserved_bits, "27.3.1.1",                                                     \
      "reserved bits must be 0 (\"load guest IA32_LBR_CTL\")")                                     \
    X(guest_pkrs_reserved_bits, "27.3.1.1",                                                        \
      "bits 63:32 must be 0 (\"load PKRS\")")                                                      \
    X(guest_uinv_reserved_bits, "27.3.1.1",                                                        \
      "bits 15:8 must be 0 (\"load UINV\")")                                                       \
    /* Checks on guest segment registers */                                                        \
    X(guest_selector_table_indicator, "27.3.1.2",                                                  \
      "TI must be 0")                                                                              \
    X(guest_ss_selector_rpl, "27.3.1.2",                                                           \
      "RPL must equal that of CS (without \"unrestricted guest\")")                                \
    X(guest_segment_base_v8086, "27.3.1.2",                                                        \
      "must be the selector shifted left by 4 in virtual-8086 mode")                               \
    X(guest_segment_base_canonical, "27.3.1.2",                                                    \
      "must be canonical")                                                                         \
    X(guest_segment_base_32_bits, "27.3.1.2",                                                      \
      "bits 63:32 must be 0")                                                                      \
    X(guest_segment_limit_v8086, "27.3.1.2",                                                       \
      "must be FFFFH in virtual-8086 mode")                                                        \
    X(guest_segment_rights_v8086, "27.3.1.2",                                                      \
      "must be F3H in virtual-8086 mode")                                                          \
    X(guest_cs_type, "27.3.1.2",                                                                   \
      "the type must be accessed code: 9, 11, 13 or 15 (or 3 with \"unrestricted "                 \
      "guest\")")                                                                                  \
    X(guest_ss_type, "27.3.1.2",                                                                   \
      "the type must be accessed writable data: 3 or 7")                                           \
    X(guest_data_segment_type, "27.3.1.2",                                                         \
      "the type must have bit 0 (accessed) and, for code, bit 1 (readable)")                       \
    X(guest_segment_not_system, "27.3.1.2",                                                        \
      "S must be 1")                                                                               \
    X(guest_cs_privilege_level, "27.3.1.2",                                                        \
      "DPL must be 0 for type 3, SS's DPL for non-conforming code, at most SS's DPL for "          \
      "conforming code")                                                                           \
    X(guest_ss_privilege_level, "27.3.1.2",                                                        \
      "DPL must equal the selector's RPL (without \"unrestricted guest\")")                        \
    X(guest_ss_privilege_level_zero, "27.3.1.2",                                                   \
      "DPL must be 0 if CR0.PE is 0 or CS has type 3")                                             \
    X(guest_data_segment_privilege_level, "27.3.1.2",                                              \
      "DPL must not be below the selector's RPL for data and non-conforming code")                 \
    X(guest_segment_present, "27.3.1.2",                                                           \
      "P must be 1")                                                                               \
    X(guest_segment_rights_reserved_bits, "27.3.1.2",                                              \
      "bits 11:8 and 31:17 must be 0")                                                             \
    X(guest_cs_default_size, "27.3.1.2",                                                           \
      "D/B must be 0 if L is 1 in IA-32e mode")                                                    \
    X(guest_segment_granularity, "27.3.1.2",                                                       \
      "G must be 0 if bits 11:0 of the limit are not all 1, and 1 if bits 31:20 are not "          \
      "all 0")                                                                                     \
    X(guest_tr_usable, "27.3.1.2",                                                                 \
      "must be usable (bit 16 must be 0)")                                                         \
    X(guest_tr_type, "27.3.1.2",                                                                   \
      "the type must be 11, a busy TSS (or 3 outside IA-32e mode)")                                \
    X(guest_ldtr_type, "27.3.1.2",                                                                 \
      "the type must be 2, an LDT")                                                                \
    X(guest_system_segment_s, "27.3.1.2",                                                          \
      "S must be 0")                                                                               \
    /* Checks on guest descriptor-table registers */                                               \
    X(guest_table_base_canonical, "27.3.1.3",                                                      \
      "must be canonical")                                                                         \
    X(guest_table_limit, "27.3.1.3",                                                               \
      "bits 31:16 must be 0")                                                                      \
    /* Checks on guest RIP, RFLAGS and SSP */                                                      \
    X(guest_rip_32_bits, "27.3.1.4",                                                               \
      "bits 63:32 must be 0 outside 64-bit mode")                                                  \
    X(guest_rip_linear_width, "27.3.1.4",                                                          \
      "the bits beyond the linear-address width must all be equal")                                \
    X(guest_rflags_reserved_bits, "27.3.1.4",                                                      \
      "bits 63:22, 15, 5 and 3 must be 0 and bit 1 must be 1")                                     \
    X(guest_rflags_vm, "27.3.1.4",                                                                 \
      "VM must be 0 in IA-32e mode, and if CR0.PE is 0")                                           \
    X(guest_rflags_if_for_injection, "27.3.1.4",                                                   \
      "IF must be 1 when an external interrupt is injected")                                       \
    X(guest_ssp_aligned, "27.3.1.4",                                                               \
      "bits 1:0 must be 0, and the address canonical (\"load CET state\")")                        \
    /* Checks on guest non-register state */                                                       \
    X(activity_state_supported, "27.3.1.5",                                                        \
      "must be an activity state that IA32_VMX_MISC reports")                                      \
    X(activity_hlt_at_cpl_0, "27.3.1.5",                                                           \
      "must not be HLT if SS's DPL is not 0")                                                      \
    X(activity_active_when_blocking, "27.3.1.5",                                                   \
      "must be active while STI or MOV SS blocks")                                                 \
    X(activity_injection, "27.3.1.5",                                                              \
      "must allow delivery of the injected event")                                                 \
    X(interruptibility_reserved_bits, "27.3.1.5",                                                  \
      "bits 31:5 must be 0")                                                                       \
    X(interruptibility_sti_and_mov_ss, "27.3.1.5",                                                 \
      "blocking by STI and by MOV SS exclude each other")                                          \
    X(interruptibility_sti_needs_if, "27.3.1.5",                                                   \
      "blocking by STI needs RFLAGS.IF")                                                           \
    X(interruptibility_injected_interrupt, "27.3.1.5",                                             \
      "blocking by STI and by MOV SS must be 0 when an external interrupt is injected")            \
    X(interruptibility_injected_nmi, "27.3.1.5",                                                   \
      "blocking by MOV SS must be 0 when an NMI is injected")                                      \
    X(interruptibility_smi, "27.3.1.5",                                                            \
      "blocking by SMI must be 0 outside SMM")                                                     \
    X(interruptibility_virtual_nmi, "27.3.1.5",                                                    \
      "blocking by NMI must be 0 when an NMI is injected with \"virtual NMIs\"")                   \
    X(interruptibility_enclave, "27.3.1.5",                                                        \
      "enclave interruption needs SGX, and no blocking by MOV SS")                                 \
    X(pending_debug_reserved_bits, "27.3.1.5",                                                     \
      "bits 11:4, 13, 15 and 63:17 must be 0 (bit 11 is free with bus-lock detection)")            \
    X(pending_debug_single_step, "27.3.1.5",                                                       \
      "BS must be 1 while STI, MOV SS or HLT blocks and single-stepping is on "                    \
      "(RFLAGS.TF is 1, DEBUGCTL.BTF is 0)")                                                       \
    X(pending_debug_no_single_step, "27.3.1.5",                                                    \
      "BS must be 0 while STI, MOV SS or HLT blocks and single-stepping is off")                   \
    X(pending_debug_rtm, "27.3.1.5",                                                               \
      "RTM needs that feature, bit 12 set, all other bits 0, and no blocking by MOV SS")           \
    X(link_pointer_address, "27.3.1.5",                                                            \
      "must be all 1, or 4 KiB aligned and within the physical-address width")                     \
    /* Checks on guest page-directory-pointer-table entries */                                     \
    X(guest_pdpte_reserved_bits, "27.3.1.6",                                                       \
      "a present entry must have no reserved bit (2:1, 8:5, those beyond the width)")
// clang-format on

#pragma once
// Every VMCS field, in the order of SDM vol. 3, appendix B: the one list behind field.h.

// Rows: name, width, type, index.
// clang-format off
#define LAZYHV_VMCS_FIELDS(X)                                                                      \
    /* 16-bit control fields (B.1.1) */                                                            \
    X(virtual_processor_identifier, word16, control, 0)                                            \
    X(posted_interrupt_notification_vector, word16, control, 1)                                    \
    X(eptp_index, word16, control, 2)                                                              \
    X(hlat_prefix_size, word16, control, 3)                                                        \
    X(last_pid_pointer_index, word16, control, 4)                                                  \
    /* 16-bit guest-state fields (B.1.2) */                                                        \
    X(guest_es_selector, word16, guest_state, 0)                                                   \
    X(guest_cs_selector, word16, guest_state, 1)                                                   \
    X(guest_ss_selector, word16, guest_state, 2)                                                   \
    X(guest_ds_selector, word16, guest_state, 3)                                                   \
    X(guest_fs_selector, word16, guest_state, 4)                                                   \
    X(guest_gs_selector, word16, guest_state, 5)                                                   \
    X(guest_ldtr_selector, word16, guest_state, 6)                                                 \
    X(guest_tr_selector, word16, guest_state, 7)                                                   \
    X(guest_interrupt_status, word16, guest_state, 8)                                              \
    X(pml_index, word16, guest_state, 9)                                                           \
    X(guest_uinv, word16, guest_state, 10)                                                         \
    /* 16-bit host-state fields (B.1.3) */                                                         \
    X(host_es_selector, word16, host_state, 0)                                                     \
    X(host_cs_selector, word16, host_state, 1)                                                     \
    X(host_ss_selector, word16, host_state, 2)                                                     \
    X(host_ds_selector, word16, host_state, 3)                                                     \
    X(host_fs_selector, word16, host_state, 4)                                                     \
    X(host_gs_selector, word16, host_state, 5)                                                     \
    X(host_tr_selector, word16, host_state, 6)                                                     \
    /* 64-bit control fields (B.2.1) */                                                            \
    X(io_bitmap_a_address, word64, control, 0)                                                     \
    X(io_bitmap_b_address, word64, control, 1)                                                     \
    X(msr_bitmaps_address, word64, control, 2)                                                     \
    X(vm_exit_msr_store_address, word64, control, 3)                                               \
    X(vm_exit_msr_load_address, word64, control, 4)                                                \
    X(vm_entry_msr_load_address, word64, control, 5)                                               \
    X(executive_vmcs_pointer, word64, control, 6)                                                  \
    X(pml_address, word64, control, 7)                                                             \
    X(tsc_offset, word64, control, 8)                                                              \
    X(virtual_apic_address, word64, control, 9)                                                    \
    X(apic_access_address, word64, control, 10)                                                    \
    X(posted_interrupt_descriptor_address, word64, control, 11)                                    \
    X(vm_function_controls, word64, control, 12)                                                   \
    X(ept_pointer, word64, control, 13)                                                            \
    X(eoi_exit_bitmap_0, word64, control, 14)                                                      \
    X(eoi_exit_bitmap_1, word64, control, 15)                                                      \
    X(eoi_exit_bitmap_2, word64, control, 16)                                                      \
    X(eoi_exit_bitmap_3, word64, control, 17)                                                      \
    X(eptp_list_address, word64, control, 18)                                                      \
    X(vmread_bitmap_address, word64, control, 19)                                                  \
    X(vmwrite_bitmap_address, word64, control, 20)                                                 \
    X(virtualization_exception_information_address, word64, control, 21)                           \
    X(xss_exiting_bitmap, word64, control, 22)                                                     \
    X(encls_exiting_bitmap, word64, control, 23)                                                   \
    X(sub_page_permission_table_pointer, word64, control, 24)                                      \
    X(tsc_multiplier, word64, control, 25)                                                         \
    X(tertiary_processor_based_controls, word64, control, 26)                                      \
    X(enclv_exiting_bitmap, word64, control, 27)                                                   \
    X(low_pasid_directory_address, word64, control, 28)                                            \
    X(high_pasid_directory_address, word64, control, 29)                                           \
    X(shared_ept_pointer, word64, control, 30)                                                     \
    X(pconfig_exiting_bitmap, word64, control, 31)                                                 \
    X(hlat_pointer, word64, control, 32)                                                           \
    X(pid_pointer_table_address, word64, control, 33)                                              \
    X(secondary_vm_exit_controls, word64, control, 34)                                             \
    X(ia32_spec_ctrl_mask, word64, control, 37)                                                    \
    X(ia32_spec_ctrl_shadow, word64, control, 38)                                                  \
    X(injected_event_data, word64, control, 41)                                                    \
    /* 64-bit read-only data fields (B.2.2) */                                                     \
    X(guest_physical_address, word64, read_only, 0)                                                \
    X(original_event_data, word64, read_only, 2)                                                   \
    /* 64-bit guest-state fields (B.2.3) */                                                        \
    X(vmcs_link_pointer, word64, guest_state, 0)                                                   \
    X(guest_ia32_debugctl, word64, guest_state, 1)                                                 \
    X(guest_ia32_pat, word64, guest_state, 2)                                                      \
    X(guest_ia32_efer, word64, guest_state, 3)                                                     \
    X(guest_ia32_perf_global_ctrl, word64, guest_state, 4)                                         \
    X(guest_pdpte0, word64, guest_state, 5)                                                        \
    X(guest_pdpte1, word64, guest_state, 6)                                                        \
    X(guest_pdpte2, word64, guest_state, 7)                                                        \
    X(guest_pdpte3, word64, guest_state, 8)                                                        \
    X(guest_ia32_bndcfgs, word64, guest_state, 9)                                                  \
    X(guest_ia32_rtit_ctl, word64, guest_state, 10)                                                \
    X(guest_ia32_lbr_ctl, word64, guest_state, 11)                                                 \
    X(guest_ia32_pkrs, word64, guest_state, 12)                                                    \
    /* 64-bit host-state fields (B.2.4) */                                                         \
    X(host_ia32_pat, word64, host_state, 0)                                                        \
    X(host_ia32_efer, word64, host_state, 1)                                                       \
    X(host_ia32_perf_global_ctrl, word64, host_state, 2)                                           \
    X(host_ia32_pkrs, word64, host_state, 3)                                                       \
    /* 32-bit control fields (B.3.1) */                                                            \
    X(pin_based_controls, word32, control, 0)                                                      \
    X(primary_processor_based_controls, word32, control, 1)                                        \
    X(exception_bitmap, word32, control, 2)                                                        \
    X(page_fault_error_code_mask, word32, control, 3)                                              \
    X(page_fault_error_code_match, word32, control, 4)                                             \
    X(cr3_target_count, word32, control, 5)                                                        \
    X(primary_vm_exit_controls, word32, control, 6)                                                \
    X(vm_exit_msr_store_count, word32, control, 7)                                                 \
    X(vm_exit_msr_load_count, word32, control, 8)                                                  \
    X(vm_entry_controls, word32, control, 9)                                                       \
    X(vm_entry_msr_load_count, word32, control, 10)                                                \
    X(vm_entry_interruption_information, word32, control, 11)                                      \
    X(vm_entry_exception_error_code, word32, control, 12)                                          \
    X(vm_entry_instruction_length, word32, control, 13)                                            \
    X(tpr_threshold, word32, control, 14)                                                          \
    X(secondary_processor_based_controls, word32, control, 15)                                     \
    X(ple_gap, word32, control, 16)                                                                \
    X(ple_window, word32, control, 17)                                                             \
    X(instruction_timeout_control, word32, control, 18)                                            \
    /* 32-bit read-only data fields (B.3.2) */                                                     \
    X(vm_instruction_error, word32, read_only, 0)                                                  \
    X(exit_reason, word32, read_only, 1)                                                           \
    X(vm_exit_interruption_information, word32, read_only, 2)                                      \
    X(vm_exit_interruption_error_code, word32, read_only, 3)                                       \
    X(idt_vectoring_information, word32, read_only, 4)                                             \
    X(idt_vectoring_error_code, word32, read_only, 5)                                              \
    X(vm_exit_instruction_length, word32, read_only, 6)                                            \
    X(vm_exit_instruction_information, word32, read_only, 7)                                       \
    /* 32-bit guest-state fields (B.3.3) */                                                        \
    X(guest_es_limit, word32, guest_state, 0)                                                      \
    X(guest_cs_limit, word32, guest_state, 1)                                                      \
    X(guest_ss_limit, word32, guest_state, 2)                                                      \
    X(guest_ds_limit, word32, guest_state, 3)                                                      \
    X(guest_fs_limit, word32, guest_state, 4)                                                      \
    X(guest_gs_limit, word32, guest_state, 5)                                                      \
    X(guest_ldtr_limit, word32, guest_state, 6)                                                    \
    X(guest_tr_limit, word32, guest_state, 7)                                                      \
    X(guest_gdtr_limit, word32, guest_state, 8)                                                    \
    X(guest_idtr_limit, word32, guest_state, 9)                                                    \
    X(guest_es_access_rights, word32, guest_state, 10)                                             \
    X(guest_cs_access_rights, word32, guest_state, 11)                                             \
    X(guest_ss_access_rights, word32, guest_state, 12)                                             \
    X(guest_ds_access_rights, word32, guest_state, 13)                                             \
    X(guest_fs_access_rights, word32, guest_state, 14)                                             \
    X(guest_gs_access_rights, word32, guest_state, 15)                                             \
    X(guest_ldtr_access_rights, word32, guest_state, 16)                                           \
    X(guest_tr_access_rights, word32, guest_state, 17)                                             \
    X(guest_interruptibility_state, word32, guest_state, 18)                                       \
    X(guest_activity_state, word32, guest_state, 19)                                               \
    X(guest_smbase, word32, guest_state, 20)                                                       \
    X(guest_ia32_sysenter_cs, word32, guest_state, 21)                                             \
    X(vmx_preemption_timer_value, word32, guest_state, 23)                                         \
    /* 32-bit host-state field (B.3.4) */                                                          \
    X(host_ia32_sysenter_cs, word32, host_state, 0)                                                \
    /* Natural-width control fields (B.4.1) */                                                     \
    X(cr0_guest_host_mask, natural, control, 0)                                                    \
    X(cr4_guest_host_mask, natural, control, 1)                                                    \
    X(cr0_read_shadow, natural, control, 2)                                                        \
    X(cr4_read_shadow, natural, control, 3)                                                        \
    X(cr3_target_value_0, natural, control, 4)                                                     \
    X(cr3_target_value_1, natural, control, 5)                                                     \
    X(cr3_target_value_2, natural, control, 6)                                                     \
    X(cr3_target_value_3, natural, control, 7)                                                     \
    /* Natural-width read-only data fields (B.4.2) */                                              \
    X(exit_qualification, natural, read_only, 0)                                                   \
    X(io_rcx, natural, read_only, 1)                                                               \
    X(io_rsi, natural, read_only, 2)                                                               \
    X(io_rdi, natural, read_only, 3)                                                               \
    X(io_rip, natural, read_only, 4)                                                               \
    X(guest_linear_address, natural, read_only, 5)                                                 \
    /* Natural-width guest-state fields (B.4.3) */                                                 \
    X(guest_cr0, natural, guest_state, 0)                                                          \
    X(guest_cr3, natural, guest_state, 1)                                                          \
    X(guest_cr4, natural, guest_state, 2)                                                          \
    X(guest_es_base, natural, guest_state, 3)                                                      \
    X(guest_cs_base, natural, guest_state, 4)                                                      \
    X(guest_ss_base, natural, guest_state, 5)                                                      \
    X(guest_ds_base, natural, guest_state, 6)                                                      \
    X(guest_fs_base, natural, guest_state, 7)                                                      \
    X(guest_gs_base, natural, guest_state, 8)                                                      \
    X(guest_ldtr_base, natural, guest_state, 9)                                                    \
    X(guest_tr_base, natural, guest_state, 10)                                                     \
    X(guest_gdtr_base, natural, guest_state, 11)                                                   \
    X(guest_idtr_base, natural, guest_state, 12)                                                   \
    X(guest_dr7, natural, guest_state, 13)                                                         \
    X(guest_rsp, natural, guest_state, 14)                                                         \
    X(guest_rip, natural, guest_state, 15)                                                         \
    X(guest_rflags, natural, guest_state, 16)                                                      \
    X(guest_pending_debug_exceptions, natural, guest_state, 17)                                    \
    X(guest_ia32_sysenter_esp, natural, guest_state, 18)                                           \
    X(guest_ia32_sysenter_eip, natural, guest_state, 19)                                           \
    X(guest_ia32_s_cet, natural, guest_state, 20)                                                  \
    X(guest_ssp, natural, guest_state, 21)                                                         \
    X(guest_ia32_interrupt_ssp_table_addr, natural, guest_state, 22)                               \
    /* Natural-width host-state fields (B.4.4) */                                                  \
    X(host_cr0, natural, host_state, 0)                                                            \
    X(host_cr3, natural, host_state, 1)                                                            \
    X(host_cr4, natural, host_state, 2)                                                            \
    X(host_fs_base, natural, host_state, 3)                                                        \
    X(host_gs_base, natural, host_state, 4)                                                        \
    X(host_tr_base, natural, host_state, 5)                                                        \
    X(host_gdtr_base, natural, host_state, 6)                                                      \
    X(host_idtr_base, natural, host_state, 7)                                                      \
    X(host_ia32_sysenter_esp, natural, host_state, 8)                                              \
    X(host_ia32_sysenter_eip, natural, host_state, 9)                                              \
    X(host_rsp, natural, host_state, 10)                                                           \
    X(host_rip, natural, host_state, 11)                                                           \
    X(host_ia32_s_cet, natural, host_state, 12)                                                    \
    X(host_ssp, natural, host_state, 13)                                                           \
    X(host_ia32_interrupt_ssp_table_addr, natural, host_state, 14)
// clang-format on

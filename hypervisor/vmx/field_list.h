#pragma once
// Every VMCS field with its encoding, in the order of SDM vol. 3, appendix B: the list from which
// field.h is made. A field's width, type and index are in its encoding (25.11.2).

// Rows: name, encoding.
// clang-format off
#define LAZYHV_VMCS_FIELDS(X)                                                                      \
    /* 16-bit control fields (B.1.1) */                                                            \
    X(virtual_processor_identifier, 0x0000)                                                        \
    X(posted_interrupt_notification_vector, 0x0002)                                                \
    X(eptp_index, 0x0004)                                                                          \
    X(hlat_prefix_size, 0x0006)                                                                    \
    X(last_pid_pointer_index, 0x0008)                                                              \
    /* 16-bit guest-state fields (B.1.2) */                                                        \
    X(guest_es_selector, 0x0800)                                                                   \
    X(guest_cs_selector, 0x0802)                                                                   \
    X(guest_ss_selector, 0x0804)                                                                   \
    X(guest_ds_selector, 0x0806)                                                                   \
    X(guest_fs_selector, 0x0808)                                                                   \
    X(guest_gs_selector, 0x080a)                                                                   \
    X(guest_ldtr_selector, 0x080c)                                                                 \
    X(guest_tr_selector, 0x080e)                                                                   \
    X(guest_interrupt_status, 0x0810)                                                              \
    X(pml_index, 0x0812)                                                                           \
    X(guest_uinv, 0x0814)                                                                          \
    /* 16-bit host-state fields (B.1.3) */                                                         \
    X(host_es_selector, 0x0c00)                                                                    \
    X(host_cs_selector, 0x0c02)                                                                    \
    X(host_ss_selector, 0x0c04)                                                                    \
    X(host_ds_selector, 0x0c06)                                                                    \
    X(host_fs_selector, 0x0c08)                                                                    \
    X(host_gs_selector, 0x0c0a)                                                                    \
    X(host_tr_selector, 0x0c0c)                                                                    \
    /* 64-bit control fields (B.2.1) */                                                            \
    X(io_bitmap_a_address, 0x2000)                                                                 \
    X(io_bitmap_b_address, 0x2002)                                                                 \
    X(msr_bitmaps_address, 0x2004)                                                                 \
    X(vm_exit_msr_store_address, 0x2006)                                                           \
    X(vm_exit_msr_load_address, 0x2008)                                                            \
    X(vm_entry_msr_load_address, 0x200a)                                                           \
    X(executive_vmcs_pointer, 0x200c)                                                              \
    X(pml_address, 0x200e)                                                                         \
    X(tsc_offset, 0x2010)                                                                          \
    X(virtual_apic_address, 0x2012)                                                                \
    X(apic_access_address, 0x2014)                                                                 \
    X(posted_interrupt_descriptor_address, 0x2016)                                                 \
    X(vm_function_controls, 0x2018)                                                                \
    X(ept_pointer, 0x201a)                                                                         \
    X(eoi_exit_bitmap_0, 0x201c)                                                                   \
    X(eoi_exit_bitmap_1, 0x201e)                                                                   \
    X(eoi_exit_bitmap_2, 0x2020)                                                                   \
    X(eoi_exit_bitmap_3, 0x2022)                                                                   \
    X(eptp_list_address, 0x2024)                                                                   \
    X(vmread_bitmap_address, 0x2026)                                                               \
    X(vmwrite_bitmap_address, 0x2028)                                                              \
    X(virtualization_exception_information_address, 0x202a)                                        \
    X(xss_exiting_bitmap, 0x202c)                                                                  \
    X(encls_exiting_bitmap, 0x202e)                                                                \
    X(sub_page_permission_table_pointer, 0x2030)                                                   \
    X(tsc_multiplier, 0x2032)                                                                      \
    X(tertiary_processor_based_controls, 0x2034)                                                   \
    X(enclv_exiting_bitmap, 0x2036)                                                                \
    X(low_pasid_directory_address, 0x2038)                                                         \
    X(high_pasid_directory_address, 0x203a)                                                        \
    X(shared_ept_pointer, 0x203c)                                                                  \
    X(pconfig_exiting_bitmap, 0x203e)                                                              \
    X(hlat_pointer, 0x2040)                                                                        \
    X(pid_pointer_table_address, 0x2042)                                                           \
    X(secondary_vm_exit_controls, 0x2044)                                                          \
    X(ia32_spec_ctrl_mask, 0x204a)                                                                 \
    X(ia32_spec_ctrl_shadow, 0x204c)                                                               \
    X(injected_event_data, 0x2052)                                                                 \
    /* 64-bit read-only data fields (B.2.2) */                                                     \
    X(guest_physical_address, 0x2400)                                                              \
    X(original_event_data, 0x2404)                                                                 \
    /* 64-bit guest-state fields (B.2.3) */                                                        \
    X(vmcs_link_pointer, 0x2800)                                                                   \
    X(guest_ia32_debugctl, 0x2802)                                                                 \
    X(guest_ia32_pat, 0x2804)                                                                      \
    X(guest_ia32_efer, 0x2806)                                                                     \
    X(guest_ia32_perf_global_ctrl, 0x2808)                                                         \
    X(guest_pdpte0, 0x280a)                                                                        \
    X(guest_pdpte1, 0x280c)                                                                        \
    X(guest_pdpte2, 0x280e)                                                                        \
    X(guest_pdpte3, 0x2810)                                                                        \
    X(guest_ia32_bndcfgs, 0x2812)                                                                  \
    X(guest_ia32_rtit_ctl, 0x2814)                                                                 \
    X(guest_ia32_lbr_ctl, 0x2816)                                                                  \
    X(guest_ia32_pkrs, 0x2818)                                                                     \
    /* 64-bit host-state fields (B.2.4) */                                                         \
    X(host_ia32_pat, 0x2c00)                                                                       \
    X(host_ia32_efer, 0x2c02)                                                                      \
    X(host_ia32_perf_global_ctrl, 0x2c04)                                                          \
    X(host_ia32_pkrs, 0x2c06)                                                                      \
    /* 32-bit control fields (B.3.1) */                                                            \
    X(pin_based_controls, 0x4000)                                                                  \
    X(primary_processor_based_controls, 0x4002)                                                    \
    X(exception_bitmap, 0x4004)                                                                    \
    X(page_fault_error_code_mask, 0x4006)                                                          \
    X(page_fault_error_code_match, 0x4008)                                                         \
    X(cr3_target_count, 0x400a)                                                                    \
    X(primary_vm_exit_controls, 0x400c)                                                            \
    X(vm_exit_msr_store_count, 0x400e)                                                             \
    X(vm_exit_msr_load_count, 0x4010)                                                              \
    X(vm_entry_controls, 0x4012)                                                                   \
    X(vm_entry_msr_load_count, 0x4014)                                                             \
    X(vm_entry_interruption_information, 0x4016)                                                   \
    X(vm_entry_exception_error_code, 0x4018)                                                       \
    X(vm_entry_instruction_length, 0x401a)                                                         \
    X(tpr_threshold, 0x401c)                                                                       \
    X(secondary_processor_based_controls, 0x401e)                                                  \
    X(ple_gap, 0x4020)                                                                             \
    X(ple_window, 0x4022)                                                                          \
    X(instruction_timeout_control, 0x4024)                                                         \
    /* 32-bit read-only data fields (B.3.2) */                                                     \
    X(vm_instruction_error, 0x4400)                                                                \
    X(exit_reason, 0x4402)                                                                         \
    X(vm_exit_interruption_information, 0x4404)                                                    \
    X(vm_exit_interruption_error_code, 0x4406)                                                     \
    X(idt_vectoring_information, 0x4408)                                                           \
    X(idt_vectoring_error_code, 0x440a)                                                            \
    X(vm_exit_instruction_length, 0x440c)                                                          \
    X(vm_exit_instruction_information, 0x440e)                                                     \
    /* 32-bit guest-state fields (B.3.3) */                                                        \
    X(guest_es_limit, 0x4800)                                                                      \
    X(guest_cs_limit, 0x4802)                                                                      \
    X(guest_ss_limit, 0x4804)                                                                      \
    X(guest_ds_limit, 0x4806)                                                                      \
    X(guest_fs_limit, 0x4808)                                                                      \
    X(guest_gs_limit, 0x480a)                                                                      \
    X(guest_ldtr_limit, 0x480c)                                                                    \
    X(guest_tr_limit, 0x480e)                                                                      \
    X(guest_gdtr_limit, 0x4810)                                                                    \
    X(guest_idtr_limit, 0x4812)                                                                    \
    X(guest_es_access_rights, 0x4814)                                                              \
    X(guest_cs_access_rights, 0x4816)                                                              \
    X(guest_ss_access_rights, 0x4818)                                                              \
    X(guest_ds_access_rights, 0x481a)                                                              \
    X(guest_fs_access_rights, 0x481c)                                                              \
    X(guest_gs_access_rights, 0x481e)                                                              \
    X(guest_ldtr_access_rights, 0x4820)                                                            \
    X(guest_tr_access_rights, 0x4822)                                                              \
    X(guest_interruptibility_state, 0x4824)                                                        \
    X(guest_activity_state, 0x4826)                                                                \
    X(guest_smbase, 0x4828)                                                                        \
    X(guest_ia32_sysenter_cs, 0x482a)                                                              \
    X(vmx_preemption_timer_value, 0x482e)                                                          \
    /* 32-bit host-state field (B.3.4) */                                                          \
    X(host_ia32_sysenter_cs, 0x4c00)                                                               \
    /* Natural-width control fields (B.4.1) */                                                     \
    X(cr0_guest_host_mask, 0x6000)                                                                 \
    X(cr4_guest_host_mask, 0x6002)                                                                 \
    X(cr0_read_shadow, 0x6004)                                                                     \
    X(cr4_read_shadow, 0x6006)                                                                     \
    X(cr3_target_value_0, 0x6008)                                                                  \
    X(cr3_target_value_1, 0x600a)                                                                  \
    X(cr3_target_value_2, 0x600c)                                                                  \
    X(cr3_target_value_3, 0x600e)                                                                  \
    /* Natural-width read-only data fields (B.4.2) */                                              \
    X(exit_qualification, 0x6400)                                                                  \
    X(io_rcx, 0x6402)                                                                              \
    X(io_rsi, 0x6404)                                                                              \
    X(io_rdi, 0x6406)                                                                              \
    X(io_rip, 0x6408)                                                                              \
    X(guest_linear_address, 0x640a)                                                                \
    /* Natural-width guest-state fields (B.4.3) */                                                 \
    X(guest_cr0, 0x6800)                                                                           \
    X(guest_cr3, 0x6802)                                                                           \
    X(guest_cr4, 0x6804)                                                                           \
    X(guest_es_base, 0x6806)                                                                       \
    X(guest_cs_base, 0x6808)                                                                       \
    X(guest_ss_base, 0x680a)                                                                       \
    X(guest_ds_base, 0x680c)                                                                       \
    X(guest_fs_base, 0x680e)                                                                       \
    X(guest_gs_base, 0x6810)                                                                       \
    X(guest_ldtr_base, 0x6812)                                                                     \
    X(guest_tr_base, 0x6814)                                                                       \
    X(guest_gdtr_base, 0x6816)                                                                     \
    X(guest_idtr_base, 0x6818)                                                                     \
    X(guest_dr7, 0x681a)                                                                           \
    X(guest_rsp, 0x681c)                                                                           \
    X(guest_rip, 0x681e)                                                                           \
    X(guest_rflags, 0x6820)                                                                        \
    X(guest_pending_debug_exceptions, 0x6822)                                                      \
    X(guest_ia32_sysenter_esp, 0x6824)                                                             \
    X(guest_ia32_sysenter_eip, 0x6826)                                                             \
    X(guest_ia32_s_cet, 0x6828)                                                                    \
    X(guest_ssp, 0x682a)                                                                           \
    X(guest_ia32_interrupt_ssp_table_addr, 0x682c)                                                 \
    /* Natural-width host-state fields (B.4.4) */                                                  \
    X(host_cr0, 0x6c00)                                                                            \
    X(host_cr3, 0x6c02)                                                                            \
    X(host_cr4, 0x6c04)                                                                            \
    X(host_fs_base, 0x6c06)                                                                        \
    X(host_gs_base, 0x6c08)                                                                        \
    X(host_tr_base, 0x6c0a)                                                                        \
    X(host_gdtr_base, 0x6c0c)                                                                      \
    X(host_idtr_base, 0x6c0e)                                                                      \
    X(host_ia32_sysenter_esp, 0x6c10)                                                              \
    X(host_ia32_sysenter_eip, 0x6c12)                                                              \
    X(host_rsp, 0x6c14)                                                                            \
    X(host_rip, 0x6c16)                                                                            \
    X(host_ia32_s_cet, 0x6c18)                                                                     \
    X(host_ssp, 0x6c1a)                                                                            \
    X(host_ia32_interrupt_ssp_table_addr, 0x6c1c)
// clang-format on

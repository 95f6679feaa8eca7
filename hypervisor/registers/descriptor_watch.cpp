#include "hypervisor/registers/descriptor_watch.h"

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/registers/descriptor_registers.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

namespace {

using abi::Error;

void follow_table(Vcpu& vcpu, const GuestTable& held, Field base, Field limit,
                  Error (*set)(Vcpu&, const abi::PseudoDescriptor&), std::string_view what) {
    const Vmcs& vmcs = vcpu.vmcs;
    const abi::PseudoDescriptor loaded{static_cast<std::uint16_t>(vmcs.read(limit)),
                                       vmcs.read(base)};
    if (held.is_open() && loaded.base == held.base() && loaded.limit == held.limit())
        return;
    // IDTR as it was at the first instruction: the guest has not loaded an IDT yet.
    if (!held.is_open() && loaded.base == 0 && loaded.limit == 0)
        return;
    const Error error = complete(vcpu, [&] { return set(vcpu, loaded); });
    if (error == Error::none)
        return;
    name_refusal(vcpu, error, what, loaded.base);
    vmcs.write(base, held.is_open() ? held.base() : 0);
    vmcs.write(limit, held.is_open() ? held.limit() : 0);
}

void follow_segment(Vcpu& vcpu, Field selector, Field access_rights, std::uint16_t& followed,
                    Error (*adopt)(Vcpu&, std::uint16_t), std::string_view what) {
    const Vmcs& vmcs = vcpu.vmcs;
    const auto loaded = static_cast<std::uint16_t>(vmcs.read(selector));
    if (loaded == followed)
        return;
    const Error error = complete(vcpu, [&] { return adopt(vcpu, loaded); });
    followed = loaded;
    if (error == Error::none)
        return;
    name_refusal(vcpu, error, what, loaded);
    // TR can never be unusable (SDM vol. 3, 27.3.1.2); an LDT can.
    if (selector == Field::guest_ldtr_selector)
        vmcs.write(access_rights, AccessRights::unusable_bit);
}

} // namespace

void follow_descriptor_registers(Vcpu& vcpu, abi::ExitReason reason) {
    follow_table(vcpu, vcpu.tables.gdt(), Field::guest_gdtr_base, Field::guest_gdtr_limit,
                 set_guest_gdtr, "LGDT");
    follow_table(vcpu, vcpu.tables.idt(), Field::guest_idtr_base, Field::guest_idtr_limit,
                 set_guest_idtr, "LIDT");
    follow_segment(vcpu, Field::guest_ldtr_selector, Field::guest_ldtr_access_rights,
                   vcpu.followed_ldtr, set_guest_ldtr, "LLDT");
    if (reason != abi::ExitReason::exception_nmi)
        follow_segment(vcpu, Field::guest_tr_selector, Field::guest_tr_access_rights,
                       vcpu.followed_tr, adopt_guest_tr, "LTR");
}

} // namespace hv

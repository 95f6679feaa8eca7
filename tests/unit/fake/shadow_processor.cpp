#include "tests/unit/fake/shadow_processor.h"

#include "hypervisor/exits/exit_handlers.h"
#include "tests/unit/fake/entry_bits.h"

namespace hv::test {

namespace {

using namespace entry_bits;

constexpr std::uint32_t page_fault_event = 0x80000B0E;
constexpr std::uint64_t no_page = ~std::uint64_t{0};

} // namespace

bool ShadowProcessor::valid(const Translation& translation) const {
    return translation.when > dropped_ &&
           (translation.global || translation.when > non_global_dropped_);
}

std::optional<ShadowProcessor::Translation> ShadowProcessor::walk(std::uint64_t linear) {
    Directory found;
    found.table = machine_.fields[Field::guest_cr3];
    int level = 4;
    for (int cached = 2; cached <= 4; ++cached) {
        const Directory& candidate = directory(linear, cached);
        if (candidate.prefix == prefix(linear, cached) && candidate.when > dropped_ &&
            candidate.when > non_global_dropped_ && random_.chance(80)) {
            found = candidate;
            level = cached - 1;
            break;
        }
    }
    for (;; --level) {
        const std::uint64_t entry =
            machine_.hardware_word(found.table + (prefix(linear, level) & 0x1FF) * 8);
        if ((entry & present) == 0)
            return std::nullopt;
        if ((entry & accessed) == 0 || (entry & 0x000F'FF00'0000'0000) != 0 ||
            (level > 1 && (entry & 0x80) != 0))
            broken_ = "an entry that is not accessed, reserved or large";
        found.writable = found.writable && (entry & writable) != 0;
        found.user = found.user && (entry & user) != 0;
        found.executable = found.executable && (entry & execute_disable) == 0;
        if (level == 1) {
            if ((entry & writable) != 0 && (entry & dirty) == 0)
                broken_ = "a writable entry that is not dirty";
            return Translation{linear >> 12,
                               entry & address,
                               ++now_,
                               found.writable,
                               found.user,
                               found.executable,
                               (entry & global) != 0 && global_pages()};
        }
        found.table = entry & address;
        if (machine_.machine().shadows.at(found.table) == 0 &&
            !machine_.is_step_table(found.table)) {
            broken_ = "an entry that leads to no shadow table";
            return std::nullopt;
        }
        found.prefix = prefix(linear, level);
        found.when = ++now_;
        directory(linear, level) = found;
    }
}

ShadowProcessor::Result ShadowProcessor::translate(std::uint64_t linear, Access access) {
    Translation& cached = slot(linear >> 12);
    const std::uint32_t code =
        (access.write ? 2U : 0) | (access.user ? 4U : 0) | (access.fetch ? 16U : 0);
    Translation used = cached;
    if (cached.page != linear >> 12 || !valid(cached)) {
        const auto walked = walk(linear);
        if (!walked) {
            drop_page(linear);
            return {false, 0, code};
        }
        used = *walked;
        if (random_.chance(90))
            cached = used;
    }
    const std::uint64_t cr0 = machine_.fields[Field::guest_cr0];
    const std::uint64_t cr4 = machine_.fields[Field::guest_cr4];
    const bool open = (machine_.fields[Field::guest_rflags] >> 18 & 1) != 0;
    bool allowed = (!access.user || used.user) && (!access.fetch || used.executable) &&
                   (!access.write || used.writable || (!access.user && (cr0 >> 16 & 1) == 0));
    if (!access.user && used.user) // SMEP, SMAP
        allowed = allowed && (access.fetch ? (cr4 >> 20 & 1) == 0 : (cr4 >> 21 & 1) == 0 || open);
    if (allowed)
        return {true, machine_.shown_at(used.physical) | (linear & 0xFFF), 0};
    drop_page(linear);
    return {false, 0, code | 1};
}

void ShadowProcessor::drop_page(std::uint64_t linear) {
    if (Translation& cached = slot(linear >> 12); cached.page == linear >> 12)
        cached.page = no_page;
    for (int level = 2; level <= 4; ++level)
        if (Directory& cached = directory(linear, level); cached.prefix == prefix(linear, level))
            cached.prefix = no_page;
}

ShadowProcessor::ShadowProcessor(Machine& machine, Random& random, std::uint32_t number)
    : machine_{machine}, random_{random} {
    machine.on_invalidation[number] = [this](const Invalidated& invalidated) {
        switch (static_cast<cpu::InvvpidType>(invalidated.type)) {
        case cpu::InvvpidType::individual_address:
            drop_page(invalidated.linear);
            break;
        case cpu::InvvpidType::single_context_retaining_globals:
            drop_non_global();
            break;
        default:
            dropped_ = ++now_;
            break;
        }
    };
}

void ShadowProcessor::exit(abi::ExitReason reason) {
    machine_.fields[Field::vm_entry_interruption_information] = 0;
    machine_.invalidations.clear();
    machine_.exit(machine_.vcpu().number, reason);
}

void ShadowProcessor::fault(std::uint64_t linear, std::uint32_t code) {
    machine_.fields[Field::exit_qualification] = linear;
    machine_.fields[Field::vm_exit_interruption_information] = page_fault_event;
    machine_.fields[Field::vm_exit_interruption_error_code] = code;
    exit(abi::ExitReason::exception_nmi);
}

bool ShadowProcessor::load_cr3(std::uint64_t value) {
    for (const Field target : target_fields) {
        if (machine_.fields[target] != value)
            continue;
        machine_.fields[Field::guest_cr3] = value;
        drop_non_global();
        return true;
    }
    return false;
}

} // namespace hv::test

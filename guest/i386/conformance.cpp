// A 32-bit kernel that checks the ROM's entries for 32-bit kernels as a VMI kernel uses them: it
// looks for the ROM, asks get_reloc for every number, patches a site of each kind and executes it,
// with two-level and with PAE paging. It prints a line for each, and ends the run by Shutdown.

#include "guest/i386/console.h"
#include "guest/i386/interrupts.h"
#include "guest/i386/monitor.h"
#include "guest/i386/page_table_calls.h"
#include "guest/i386/paging.h"
#include "guest/i386/rom.h"
#include "guest/i386/selectors.h"
#include "guest/i386/sites.h"
#include "guest/kernel/paravirt/patch_site.h"
#include "shared/call_table.h"
#include "shared/cpuid_leaves.h"

namespace {

/// As sites.S has them.
struct Registers {
    std::uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax, eflags, cs;
};

} // namespace

extern "C" {
void iret_to_kernel();
void iret_to_user(Registers* registers);
void sysexit_to_user(Registers* registers);
[[noreturn]] void main();
}

namespace guest::i386 {

PointerCalls pointer_calls;

namespace {

using abi::Call;
using abi::RelocationType;

struct PatchedSite {
    Call call;
    Site* site;
};
constexpr PatchedSite sites[]{
    {Call::iret, &site_iret},
    {Call::sysexit, &site_sysexit},
    {Call::shutdown, &site_shutdown},
    {Call::halt, &site_halt},
    {Call::io_delay, &site_io_delay},
    {Call::machine_to_physical, &site_machine_to_physical},
    {Call::set_lazy_mode, &site_set_lazy_mode},
    {Call::set_cr3, &site_set_cr3},
    {Call::get_cr3, &site_get_cr3},
    {Call::inval_page, &site_inval_page},
    {Call::flush_tlb, &site_flush_tlb},
};

std::uint32_t eflags() {
    std::uint32_t value = 0;
    asm volatile("pushf; pop %0" : "=r"(value));
    return value;
}

/// What the monitor says that it answers.
void check_answers(const Rom& rom, const Answers& answers) {
    const Monitor monitor = ask_monitor();
    for (std::uint32_t call = 0; call < asked_numbers; ++call) {
        const auto relocation = abi::Relocation::decode(answers[call]);
        const auto expected =
            abi::relocation_type(abi::answer_32(call, monitor.profile, monitor.interface));
        const bool has_target =
            expected == RelocationType::call_rel || expected == RelocationType::jump_rel;
        if (relocation.type != expected ||
            (has_target ? !rom.contains(relocation.target) : relocation.target != 0) ||
            answers[call] >> 40 != 0) {
            print("call ");
            print_hex(call);
            print(": ");
            fail("get_reloc");
        }
    }
    for (const Call call : {Call::iret, Call::sysexit}) {
        expect(abi::Relocation::decode(answers[static_cast<std::uint32_t>(call)]).type ==
                   RelocationType::jump_rel,
               "IRET and SYSEXIT must be JUMP_REL");
    }
}

/// The answers must not change while interrupts arrive.
void ask_with_interrupts(const Rom& rom, const Answers& answers) {
    const std::uint32_t until = timer_ticks() + 3;
    asm volatile("sti");
    while (timer_ticks() != until)
        expect(rom.ask_for_all() == answers, "get_reloc, interrupted");
    asm volatile("cli");
}

/// The entry of a call, or `native` where there is none.
const void* bind(const Answers& answers, Call call, void (*native)()) {
    const auto relocation = abi::Relocation::decode(answers[static_cast<std::uint32_t>(call)]);
    return relocation.type == RelocationType::call_rel
               ? reinterpret_cast<const void*>(relocation.target)
               : reinterpret_cast<const void*>(native);
}

void bind_pointers(const Answers& answers) {
    pointer_calls = {.set_pxe = bind(answers, Call::set_pxe, native_set_pxe),
                     .set_pxe_long = bind(answers, Call::set_pxe_long, native_set_pxe_long),
                     .set_linear_mapping =
                         bind(answers, Call::set_linear_mapping, native_set_linear_mapping)};
}

void patch_sites(const Answers& answers) {
    for (const PatchedSite& patched : sites) {
        auto relocation =
            abi::Relocation::decode(answers[static_cast<std::uint32_t>(patched.call)]);
        const std::span<std::uint8_t> bytes{*patched.site};
        // Addresses as numbers with a sign: 32-bit code reaches all of its 4 GiB from everywhere.
        const auto target = static_cast<std::int64_t>(static_cast<std::int32_t>(relocation.target));
        relocation.target = 0;
        expect(paravirt::patch_site(bytes, reinterpret_cast<std::uint32_t>(bytes.data()),
                                    relocation, static_cast<std::uint64_t>(target)) ==
                   paravirt::PatchFault::none,
               "a site cannot be patched");
    }
}

/// Leaves for ring 3 with a number of its own in each register, which it must find there.
void visit_ring_3(void (*leave)(Registers*), bool in_all, std::string_view name) {
    static std::uint32_t stack[64];
    const auto stack_end = reinterpret_cast<std::uint32_t>(std::end(stack));
    Registers registers{.edi = 0x11111111,
                        .esi = 0x22222222,
                        .ebp = 0x33333333,
                        .esp = stack_end,
                        .ebx = 0x44444444,
                        .edx = 0x55555555,
                        .ecx = 0x66666666,
                        .eax = 0x77777777,
                        .eflags = 0,
                        .cs = 0};
    const Registers before = registers;
    leave(&registers);
    constexpr std::uint32_t interrupts_on = 0x202;
    const bool same = registers.edi == before.edi && registers.esi == before.esi &&
                      registers.ebp == before.ebp && registers.esp == before.esp &&
                      registers.ebx == before.ebx && registers.eax == before.eax &&
                      (!in_all || (registers.edx == before.edx && registers.ecx == before.ecx));
    expect(same, name);
    expect((registers.eflags & interrupts_on) == interrupts_on, name);
    expect(registers.cs == USER_CODE, name);
}

void execute_sites() {
    iret_to_kernel();
    visit_ring_3(iret_to_user, true, "IRET to ring 3");
    visit_ring_3(sysexit_to_user, false, "SYSEXIT"); // EDX and ECX are its operands
    constexpr std::uint32_t number = 0x12345678;
    expect(call(&site_io_delay, number) == number, "IODelay");
    expect(call(&site_machine_to_physical, number) == number, "MachineToPhysical");
    const std::uint32_t before = timer_ticks();
    asm volatile("cli");
    call(&site_halt, 0);
    expect(timer_ticks() != before && (eflags() & 0x200) != 0, "Halt");
    asm volatile("cli");
}

void check(Paging paging, std::string_view name, bool first) {
    begin_paging(paging);
    static Rom rom = Rom::find();
    if (first)
        expect(rom.vmi_init() == 0, "vmi_init");
    const Answers answers = rom.ask_for_all();
    check_answers(rom, answers);
    ask_with_interrupts(rom, answers);
    patch_sites(answers);
    bind_pointers(answers);
    execute_sites();
    const std::uint32_t exits = check_page_table_calls(paging);
    expect(lost_registers == 0, "a register is lost");
    print(name);
    if (is_queued(Call::set_pxe)) {
        print(": exits for 512 entries: ");
        print_hex(exits);
    }
    print(": ok\n");
}

} // namespace
} // namespace guest::i386

void main() {
    using namespace guest::i386;
    prepare_interrupts();
    check(Paging::two_level, "two-level", true);
    check(Paging::pae, "PAE", false);
    print("@end status=0\n");
    call(&site_shutdown, 0);
    fail("Shutdown returned");
}

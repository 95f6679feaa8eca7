#include "guest/hostile/run_attacks.h"

#include "guest/hostile/attack_list.h"
#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/paravirt/binding.h"

#include <algorithm>

namespace guest::hostile {
namespace {

using Family = std::span<const AttackCode> (*)();
constexpr Family families[]{ring_attacks,
                            batch_attacks,
                            call_attacks,
                            pointer_attacks,
                            descriptor_table_attacks,
                            page_table_call_attacks,
                            privileged_register_attacks,
                            mode_attacks,
                            msr_attacks,
                            port_attacks,
                            instruction_attacks,
                            debug_trap_attacks,
                            rom_attacks,
                            page_table_attacks,
                            leaf_attacks,
                            nmi_attacks,
                            processor_attacks,
                            stopping_attacks};

const AttackCode* find_code(std::string_view name) {
    for (const Family family : families) {
        for (const AttackCode& code : family())
            if (code.name == name)
                return &code;
    }
    return nullptr;
}

/// Whether `which` asks for the attack, and the attack can be made here.
bool is_wanted(const AttackInfo& attack, std::string_view which) {
    if (!attack.is_made_on(machine().profile))
        return false;
    if (which == "all")
        return attack.kind == Kind::survived;
    if (which == "processors")
        return attack.kind == Kind::two_processors && processors::several();
    return which == attack.name;
}

bool make(const AttackInfo& attack) {
    const AttackCode* const code = find_code(attack.name);
    if (code == nullptr) {
        console::print("hostile ", attack.name, ": FAIL, no code\n");
        return false;
    }
    if (attack.kind == Kind::stops || attack.kind == Kind::resets)
        console::print("hostile ", attack.name, ": the end\n");
    Attempt attempt(attack.name);
    code->run(attempt);
    attempt.expect(monitor_is_alive(), "the monitor does what it should");
    return attempt.finish();
}

} // namespace

bool run(std::string_view which) {
    if (!paravirt::bound()) {
        console::print("hostile: needs the monitor's ROM\n");
        return false;
    }
    std::uint64_t made = 0;
    std::uint64_t wrong = 0;
    for (const AttackInfo& attack : attack_list) {
        if (!is_wanted(attack, which))
            continue;
        ++made;
        wrong += make(attack) ? 0U : 1U;
    }
    print_errors_told();
    console::print("hostile: ", made, " attacks, ", wrong, " not as expected\n");
    return made != 0 && wrong == 0;
}

} // namespace guest::hostile

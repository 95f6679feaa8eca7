#include "guest/tests/task_crowd.h"

#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/migration.h"
#include "guest/kernel/tasks/scheduler.h"
#include "guest/kernel/tasks/system_call_number.h"
#include "guest/programs/memory_task.h"
#include "guest/tests/task_tests.h"

#include <array>

namespace guest::tests::task_crowd {
namespace {

constexpr std::uint32_t tasks_each = 4;
constexpr std::uint32_t memory_task_place = 1;
/// A test task in the address space of the memory task before it, so that other processors run an
/// address space that the memory task changes.
constexpr std::uint32_t thread_of_memory_task = 2;
constexpr std::uint64_t switches_between_moves = 3;

struct Member {
    std::atomic<Task*> task;
    AddressSpace space;
};

/// The first `initial` members stay until the end: threads share their address spaces.
struct Crowd {
    TicketLock lock; ///< guards adding and removing members
    std::uint32_t initial;
    std::uint64_t deadline; ///< value of the TSC at which the phase ends
    std::array<Member, max_crowd> member;
    std::atomic<std::uint32_t> participants; ///< 0: no crowd
    std::atomic<std::uint64_t> forks;
    std::array<std::uint64_t, max_processors> random;
};
Crowd crowd;

std::uint64_t next_random(const Cpu& cpu) {
    std::uint64_t& random = crowd.random[cpu.number];
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random;
}

Task* create_memory_task(std::uint32_t number, const AddressSpace& space, bool preemptive) {
    TaskStart start{};
    start.id = number + std::uint64_t{1};
    start.space = &space;
    start.entry = user_address(&memory_task);
    start.argument[0] = start.id;
    start.argument[1] = preemptive ? programs::memory_preemptive : 0;
    return create_task(start);
}

bool all_ended() {
    for (const Member& member : crowd.member) {
        const Task* const task = member.task;
        if (task != nullptr && !*static_cast<const volatile bool*>(&task->ended))
            return false;
    }
    return true;
}

void destroy_member_task(Member& member) {
    if (Task* const task = member.task.exchange(nullptr); task != nullptr) {
        wait_until_gone(*task);
        destroy_task(*task);
    }
}

void destroy_member(Member& member) {
    destroy_member_task(member);
    if (member.space.root != 0)
        address_spaces::destroy(member.space);
}

/// Returns the place of a member that has ended, or an empty place; null if there is none. The lock
/// is held.
Member* free_place() {
    for (std::uint32_t i = crowd.initial; i < max_crowd; ++i) {
        Member& member = crowd.member[i];
        const Task* const task = member.task;
        if (task == nullptr)
            return &member;
        if (task->ended && *static_cast<const volatile std::uint64_t*>(&task->running) == 0) {
            destroy_member(member);
            return &member;
        }
    }
    return nullptr;
}

Cpu& other_processor(const Cpu& cpu) {
    const std::uint32_t participants = crowd.participants;
    const std::uint64_t step = 1 + next_random(cpu) % (participants - 1);
    return cpu_of(static_cast<std::uint32_t>((cpu.number + step) % participants));
}

/// The phase ends for all processors as soon as one has made its switches, because another one may
/// not have two tasks to switch between.
void end_in_time() {
    if (phase_over() || (crowd.deadline != 0 && paravirt::rdtsc() > crowd.deadline))
        end_phase();
}

/// A scheduler::Alarm, which runs before a switch.
bool move_one(Cpu& cpu) {
    end_in_time();
    scheduler::set_alarm(cpu, 1 + next_random(cpu) % switches_between_moves, move_one);
    Task& next = *cpu.current->run_next;
    if (&next != cpu.current && crowd.participants > 1)
        migration::move(cpu, other_processor(cpu), next);
    return false;
}

} // namespace

void create(std::uint32_t participants, Waiting waiting, std::uint64_t deadline) {
    for (std::uint32_t i = 0; i < max_processors; ++i)
        crowd.random[i] = (i + std::uint64_t{1}) * 0x9E3779B97F4A7C15;
    crowd.initial = participants * tasks_each;
    crowd.deadline = deadline;
    for (std::uint32_t i = 0; i < crowd.initial; ++i) {
        Member& member = crowd.member[i];
        const bool preemptive =
            waiting == Waiting::both ? i % 3 == 0 : waiting == Waiting::preemptive;
        if (i % tasks_each == thread_of_memory_task) {
            member.task = create_test_task(i, crowd.member[i - 1].space, 1, preemptive);
            continue;
        }
        member.space = address_spaces::create(2);
        member.task = i % tasks_each == memory_task_place
                          ? create_memory_task(i, member.space, preemptive)
                          : create_test_task(i, member.space, 0, preemptive);
    }
    crowd.participants = participants;
}

void run(Cpu& cpu) {
    for (std::uint32_t i = cpu.number; i < crowd.initial; i += crowd.participants)
        scheduler::add(*crowd.member[i].task);
    processors::barrier(crowd.participants);
    scheduler::set_alarm(cpu, switches_between_moves, move_one);
    while (!all_ended()) {
        migration::take_inbox(cpu);
        if (cpu.run_first != nullptr) {
            scheduler::run();
        } else {
            end_in_time();
            processors::wait_for_interrupt(cpu);
            ++cpu.idle_rounds;
        }
    }
    scheduler::clear_alarm(cpu);
}

void destroy() {
    crowd.participants = 0;
    for (Member& member : crowd.member)
        destroy_member_task(member);
    for (Member& member : crowd.member)
        destroy_member(member);
}

std::uint64_t forks() { return crowd.forks; }

bool running() { return crowd.participants != 0; }

std::uint64_t fork(const InterruptFrame& frame) {
    if (phase_over())
        return system_call_refused;
    const LockGuard guard(crowd.lock);
    Member* const member = free_place();
    if (member == nullptr)
        return system_call_refused;
    const std::uint64_t id = 0x100 + crowd.forks.fetch_add(1);
    member->space = address_spaces::fork({this_cpu().current->root});
    Task* const child = fork_task(frame, member->space, id);
    member->task = child;
    scheduler::add(*child);
    return id;
}

} // namespace guest::tests::task_crowd

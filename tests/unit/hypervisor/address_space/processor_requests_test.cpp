// What vCPUs ask of each other: kicks, and requests that wait for VM entry.

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/requests.h"
#include "hypervisor/vmx/interruption_information.h"
#include "tests/unit/fake/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace hv::test {
namespace {

using abi::ExitReason;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::uint32_t nmi_command = 4 << 8;

class Requests : public ::testing::Test {
  protected:
    HardenedMachine machine{3};

    Requests() {
        for (std::uint32_t number = 0; number < 3; ++number) {
            machine.vcpu(number).statistics = {};
            machine.vcpu(number).statistics.exits = 10;
        }
    }
    Vcpu& vcpu = machine.vcpu(0);
    Vcpu& first = machine.vcpu(1);
    Vcpu& second = machine.vcpu(2);

    /// The processors on which something was dropped, in order.
    std::vector<std::uint32_t> dropped() {
        std::vector<std::uint32_t> processors;
        for (const Invalidated& invalidated : machine.invalidations)
            processors.push_back(invalidated.processor);
        return processors;
    }
    void take_nmi(std::uint32_t number) {
        machine.on(number, [&] {
            machine.fields[Field::vm_exit_interruption_information] =
                InterruptionInformation::make(InterruptionType::nmi, vector::nmi, false).raw;
        });
        machine.exit(number, ExitReason::exception_nmi);
    }
    std::uint64_t event(std::uint32_t number) {
        std::uint64_t event = 0;
        machine.on(number,
                   [&] { event = machine.fields[Field::vm_entry_interruption_information]; });
        return event;
    }
    static constexpr std::uint64_t nmi_event = 0x80000202;
};

TEST_F(Requests, WhoRunsTheGuestIsKickedAndHasDoneItOnReturn) {
    ask_vcpus(vcpu, 0b110, request::non_global_translations);
    EXPECT_THAT(machine.ipis, ElementsAre(Pair(1U, nmi_command), Pair(2U, nmi_command)));
    EXPECT_THAT(dropped(), ElementsAre(1U, 2U));
    EXPECT_EQ(machine.invalidations[0].vpid, 2U);
    EXPECT_EQ(first.requests, 0U);
    EXPECT_EQ(vcpu.statistics.shootdowns, 1U);
    EXPECT_EQ(vcpu.statistics.kicks_sent, 2U);
    EXPECT_EQ(first.statistics.kicks_received, 1U);
    EXPECT_EQ(first.statistics.exits, 11U);
    EXPECT_EQ(event(1), 0U); // the kick is not the guest's
}

TEST_F(Requests, WhoIsInTheMonitorDoesItBeforeItRunsTheGuest) {
    first.in_guest = 0;
    ask_vcpus(vcpu, 0b010, request::all_translations);
    EXPECT_THAT(machine.ipis, IsEmpty());
    EXPECT_THAT(dropped(), IsEmpty());
    machine.enter(1);
    EXPECT_THAT(dropped(), ElementsAre(1U));
    EXPECT_EQ(first.in_guest, 1U);
    EXPECT_EQ(first.statistics.exits, 10U);
}

TEST_F(Requests, NobodyElseIsDisturbed) {
    ask_vcpus(vcpu, 0b100, request::ept_translations);
    EXPECT_THAT(dropped(), ElementsAre(2U));
    EXPECT_EQ(machine.invalidations[0].by, Invalidated::By::invept);
    EXPECT_EQ(first.statistics.kicks_received, 0U);
    ask_vcpus(vcpu, 0, request::all_translations);
    EXPECT_EQ(machine.ipis.size(), 1U);
    EXPECT_EQ(vcpu.statistics.shootdowns, 1U);
}

TEST_F(Requests, WhoWaitsForAStartIsNotWaitedFor) {
    first.waits_for_start = 1;
    ask_vcpus(vcpu, 0b010, request::all_translations | request::withdraw_roots);
    EXPECT_THAT(machine.ipis, IsEmpty());
    EXPECT_NE(first.requests, 0U); // done when it starts
}

TEST_F(Requests, WhoWaitsServesOthers) {
    // vCPU 1 goes on only when vCPU 0 has done what it was asked.
    first.in_guest = 0;
    vcpu.requests = request::all_translations;
    std::thread serves{[&] {
        while (__atomic_load_n(&vcpu.requests, __ATOMIC_SEQ_CST) != 0)
            pause();
        __atomic_store_n(&first.requests, 0U, __ATOMIC_SEQ_CST);
    }};
    ask_vcpus(vcpu, 0b010, request::withdraw_roots);
    serves.join();
    EXPECT_THAT(dropped(), ElementsAre(0U));
}

TEST_F(Requests, ACallThatIsBeingExecutedIsWaitedFor) {
    first.in_guest = 0; // vCPU 2 runs the guest
    std::atomic<bool> ended = false;
    std::thread executes{[&] {
        while ((__atomic_load_n(&first.requests, __ATOMIC_SEQ_CST) & request::finish_call) == 0)
            pause();
        ended = true;
        __atomic_store_n(&first.requests, 0U, __ATOMIC_SEQ_CST);
    }};
    finish_calls_elsewhere(vcpu);
    EXPECT_TRUE(ended);
    executes.join();
    EXPECT_THAT(dropped(), IsEmpty());
}

TEST_F(Requests, KicksDoNotPileUp) {
    first.nmi.kick_in_flight = 1;
    first.requests = request::all_translations;
    const std::uint64_t sent = vcpu.statistics.kicks_sent;
    post_reset(vcpu, first);
    EXPECT_EQ(vcpu.statistics.kicks_sent, sent);
    EXPECT_THAT(machine.ipis, IsEmpty());
}

TEST_F(Requests, AnotherNmiIsTheGuests) {
    take_nmi(1);
    EXPECT_EQ(event(1), nmi_event);
    EXPECT_EQ(first.statistics.kicks_received, 0U);
    EXPECT_EQ(first.nmi.pending, 0U);
}

TEST_F(Requests, AnNmiWaitsWhileTheGuestBlocksIt) {
    machine.on(1, [&] { machine.fields[Field::guest_interruptibility_state] = 8; });
    take_nmi(1);
    EXPECT_EQ(event(1), 0U);
    EXPECT_EQ(first.nmi.pending, 1U);
    machine.on(1, [&] { machine.fields[Field::guest_interruptibility_state] = 0; });
    machine.exit(1, ExitReason::cpuid);
    EXPECT_EQ(event(1), nmi_event);
}

TEST_F(Requests, WhoWaitsForAStartTakesNoNmi) {
    first.waits_for_start = 1;
    take_nmi(1);
    EXPECT_EQ(event(1), 0U);
    EXPECT_EQ(first.nmi.pending, 0U); // and gets none when it has started
}

TEST_F(Requests, AreNoticedInTheExitTheyComeIn) {
    EXPECT_FALSE(was_asked_in_exit(first));
    first.in_guest = 0;
    ask_vcpus(vcpu, 0b010, request::all_translations);
    EXPECT_TRUE(was_asked_in_exit(first)); // not served yet
    machine.on(1, [&] { serve_requests(first); });
    EXPECT_TRUE(was_asked_in_exit(first)); // served while it waited
    machine.exit(1, ExitReason::cpuid);
    ++first.statistics.exits; // of the next exit
    EXPECT_FALSE(was_asked_in_exit(first));
}

} // namespace
} // namespace hv::test

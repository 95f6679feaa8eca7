// The table of answers: complete, each number once, and the ROM has code for all it promises.

#include "shared/call_table.h"
#include "tests/unit/fake/rom_machine.h"
#include "vmi_rom/entries.h"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <set>
#include <string_view>

namespace {

using abi::Answer;
using abi::Call;
using abi::CallInfo;
using abi::Interface;
using abi::Profile;
using abi::RelocationType;

/// VMI 3.0's calls, as its public interface numbers and names them.
const std::map<std::uint32_t, std::string_view> vmi_calls{
    {0, "CPUID"},
    {1, "WRMSR"},
    {2, "RDMSR"},
    {3, "SetGDT"},
    {4, "SetLDT"},
    {5, "SetIDT"},
    {6, "SetTR"},
    {7, "GetGDT"},
    {8, "GetLDT"},
    {9, "GetIDT"},
    {10, "GetTR"},
    {11, "WriteGDTEntry"},
    {12, "WriteLDTEntry"},
    {13, "WriteIDTEntry"},
    {14, "UpdateKernelStack"},
    {15, "SetCR0"},
    {16, "SetCR2"},
    {17, "SetCR3"},
    {18, "SetCR4"},
    {19, "GetCR0"},
    {20, "GetCR2"},
    {21, "GetCR3"},
    {22, "GetCR4"},
    {23, "WBINVD"},
    {24, "SetDR"},
    {25, "GetDR"},
    {26, "RDPMC"},
    {27, "RDTSC"},
    {28, "CLTS"},
    {29, "EnableInterrupts"},
    {30, "DisableInterrupts"},
    {31, "GetInterruptMask"},
    {32, "SetInterruptMask"},
    {33, "IRET"},
    {34, "SYSEXIT"},
    {35, "Halt"},
    {36, "Reboot"},
    {37, "Shutdown"},
    {38, "SetPxE"},
    {39, "SetPxELong"},
    {40, "UpdatePxE"},
    {41, "UpdatePxELong"},
    {42, "MachineToPhysical"},
    {43, "PhysicalToMachine"},
    {44, "AllocatePage"},
    {45, "ReleasePage"},
    {46, "InvalPage"},
    {47, "FlushTLB"},
    {48, "SetLinearMapping"},
    {61, "SetIOPLMask"},
    {62, "SetInitialAPState"},
    {63, "APICWrite"},
    {64, "APICRead"},
    {65, "IODelay"},
    {66, "GetCycleFrequency"},
    {67, "GetCycleCounter"},
    {68, "SetAlarm"},
    {69, "CancelAlarm"},
    {70, "GetWallclockTime"},
    {71, "WallclockUpdated"},
    {73, "SetLazyMode"},
};

constexpr Profile profiles[] = {Profile::bare, Profile::hardened, Profile::modern,
                                Profile::classic};
static_assert(std::size(profiles) == abi::profile_count);
constexpr Interface interfaces[] = {Interface::native, Interface::eager, Interface::lazy};

bool has_target(RelocationType type) {
    return type == RelocationType::call_rel || type == RelocationType::jump_rel;
}

TEST(CallTable, HasEachCallOfVmiOnceByItsName) {
    std::map<std::uint32_t, std::string_view> found;
    for (const CallInfo& info : abi::call_table) {
        const auto number = static_cast<std::uint32_t>(info.call);
        EXPECT_LT(number, abi::call_limit);
        EXPECT_TRUE(found.emplace(number, info.name).second) << info.name << " is there twice";
        EXPECT_FALSE(info.arguments.empty()) << info.name;
    }
    const auto first_own = found.lower_bound(static_cast<std::uint32_t>(abi::Call::first_own));
    const std::map<std::uint32_t, std::string_view> vmi{found.begin(), first_own};
    EXPECT_EQ(vmi, vmi_calls);
}

TEST(CallTable, UsesAllRelocationTypes) {
    std::set<RelocationType> used;
    for (std::uint32_t call = 0; call < abi::call_limit; ++call) {
        used.insert(abi::relocation_type(abi::answer(call, Profile::hardened, Interface::lazy)));
    }
    EXPECT_EQ(used, (std::set{RelocationType::none, RelocationType::call_rel,
                              RelocationType::jump_rel, RelocationType::nop}));
}

TEST(CallTable, EachPromisedTargetHasAnEntryInTheRom) {
    for (const Profile profile : profiles) {
        for (const Interface interface : interfaces) {
            for (std::uint32_t call = 0; call < abi::call_limit; ++call) {
                if (has_target(abi::relocation_type(abi::answer(call, profile, interface)))) {
                    EXPECT_NE(rom::entry_of(static_cast<abi::Call>(call)), nullptr) << call;
                }
            }
        }
    }
}

TEST(CallTable, EachEntryInTheRomIsPromisedBySomeProfileAndNoTwoAreOne) {
    std::set<const void*> entries;
    for (std::uint32_t call = 0; call < abi::call_limit; ++call) {
        const void* entry = rom::entry_of(static_cast<abi::Call>(call));
        if (entry == nullptr) {
            continue;
        }
        // Values are 64 bits wide in both forms.
        const bool is_long_form = call == static_cast<std::uint32_t>(abi::Call::set_pxe_long) ||
                                  call == static_cast<std::uint32_t>(abi::Call::update_pxe_long);
        EXPECT_EQ(entries.insert(entry).second, !is_long_form) << call;
        const auto promised = [call](Profile profile) {
            return has_target(abi::relocation_type(abi::answer(call, profile, Interface::lazy)));
        };
        EXPECT_TRUE(promised(Profile::hardened) || promised(Profile::classic)) << call;
    }
}

TEST(CallTable, A32BitKernelKeepsItsInstructionsOnModern) {
    const std::map<Call, Answer> expected{{Call::iret, Answer::local_jump},
                                          {Call::sysexit, Answer::local_jump},
                                          {Call::halt, Answer::local},
                                          {Call::reboot, Answer::no_return},
                                          {Call::shutdown, Answer::no_return},
                                          {Call::machine_to_physical, Answer::nop},
                                          {Call::physical_to_machine, Answer::nop},
                                          {Call::io_delay, Answer::nop},
                                          {Call::set_lazy_mode, Answer::nop}};
    for (std::uint32_t call = 0; call < abi::call_limit; ++call) {
        const Answer answer = abi::answer_32(call, Profile::modern, Interface::lazy);
        const auto found = expected.find(static_cast<Call>(call));
        if (found != expected.end()) {
            EXPECT_EQ(answer, found->second) << call;
        } else {
            EXPECT_EQ(abi::relocation_type(answer), RelocationType::none) << call;
        }
        EXPECT_EQ(abi::answer_32(call, Profile::hardened, Interface::lazy), answer) << call;
        for (const Profile profile : profiles)
            EXPECT_EQ(abi::answer_32(call, profile, Interface::native), Answer::unassigned);
    }
}

// There the calls for page tables and address spaces are those of a 64-bit kernel.
TEST(CallTable, A32BitKernelOnClassicHasCallsForPageTables) {
    const std::map<Call, Answer> expected{
        {Call::set_cr3, Answer::queued},           {Call::get_cr3, Answer::local},
        {Call::set_pxe, Answer::queued},           {Call::set_pxe_long, Answer::queued},
        {Call::inval_page, Answer::queued},        {Call::flush_tlb, Answer::queued},
        {Call::set_linear_mapping, Answer::local}, {Call::set_lazy_mode, Answer::local}};
    for (std::uint32_t call = 0; call < abi::call_limit; ++call) {
        const auto found = expected.find(static_cast<Call>(call));
        const Answer answer = abi::answer_32(call, Profile::classic, Interface::lazy);
        if (found != expected.end()) {
            EXPECT_EQ(answer, found->second) << call;
        } else {
            EXPECT_EQ(answer, abi::answer_32(call, Profile::modern, Interface::lazy)) << call;
        }
    }
    EXPECT_EQ(abi::answer_32(static_cast<std::uint32_t>(Call::set_lazy_mode), Profile::classic,
                             Interface::eager),
              Answer::nop);
}

// A call that takes the processor elsewhere must not be followed by entries in a batch.
TEST(CallTable, WhatChangesModeIsNeverQueued) {
    for (const abi::Call call :
         {abi::Call::iret, abi::Call::sysexit, abi::Call::halt, abi::Call::reboot,
          abi::Call::shutdown, abi::Call::set_lazy_mode, abi::Call::flush, abi::Call::set_cr4,
          abi::Call::set_initial_ap_state}) {
        for (const Profile profile : profiles) {
            EXPECT_NE(abi::answer(static_cast<std::uint32_t>(call), profile, Interface::lazy),
                      Answer::queued);
        }
    }
}

TEST(GetReloc, AnswersAsTheMonitorSays) {
    for (const Profile profile : profiles) {
        for (const Interface interface : interfaces) {
            test::RomMachine machine;
            for (std::uint32_t call = 0; call < abi::call_limit; ++call) {
                machine.control().answer[call] =
                    static_cast<std::uint8_t>(abi::answer(call, profile, interface));
            }
            for (std::uint32_t call = 0; call < abi::call_limit; ++call) {
                const auto reloc = abi::Relocation::decode(rom::get_reloc(call));
                EXPECT_EQ(reloc.type, abi::relocation_type(abi::answer(call, profile, interface)))
                    << call;
                EXPECT_EQ(reloc.target != 0, has_target(reloc.type)) << call;
            }
        }
    }
}

TEST(GetReloc, AnswersNoneForWhatIsNoCall) {
    test::RomMachine machine;
    for (std::uint8_t& answer : machine.control().answer) {
        answer = static_cast<std::uint8_t>(Answer::queued);
    }
    for (const std::uint32_t number : {49U, 60U, 72U, 74U, 95U, 103U, 104U, 1000U, 0xFFFFFFFFU}) {
        EXPECT_EQ(rom::get_reloc(number), 0) << number;
    }
    machine.control().answer[static_cast<std::uint32_t>(abi::Call::clts)] = 200;
    EXPECT_EQ(rom::get_reloc(static_cast<std::uint32_t>(abi::Call::clts)), 0);
}

} // namespace

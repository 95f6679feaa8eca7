// The store decoder against the host's own processor: the same bytes, registers and memory.

#include "hypervisor/instructions/decoder/store.h"
#include "hypervisor/instructions/decoder/store_decoder.h"
#include "hypervisor/x86/status_flags.h"
#include "tests/unit/machine_code/native_execution.h"
#include "tests/unit/machine_code/random_store.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <sstream>

namespace {

using hv::GuestRegisters;
using hv::Store;

constexpr std::uint64_t direction_flag = 1 << 10;
constexpr std::uint64_t rflags_fixed = 0x202;

std::uint64_t host_fs_base() {
    std::uint64_t base = 0;
    asm("movq %%fs:0, %0" : "=r"(base)); // the thread control block begins with its own address
    return base;
}

std::string hex(const std::vector<std::uint8_t>& bytes) {
    std::ostringstream text;
    for (const std::uint8_t byte : bytes) {
        text << std::hex << (byte < 16 ? " 0" : " ") << unsigned{byte};
    }
    return text.str();
}

class StoreDecoder : public testing::Test {
  protected:
    std::uint64_t random_flags() { return rflags_fixed | (random_() & hv::status_flag::all); }

    /// Runs the bytes both ways and compares memory, registers, flags.
    void compare(const std::vector<std::uint8_t>& bytes, GuestRegisters registers,
                 std::uint64_t rflags, std::uint64_t target, std::uint32_t size,
                 std::uint64_t segment_base) {
        SCOPED_TRACE(hex(bytes));
        Store store;
        ASSERT_TRUE(
            hv::decode_store(bytes.data(), static_cast<std::uint32_t>(bytes.size()), store));
        ASSERT_EQ(store.length, bytes.size());
        ASSERT_EQ(store.size, size);
        ASSERT_EQ(hv::linear_address(store, registers, host_.code_address(), segment_base), target);

        std::array<std::uint8_t, 24> expected{};
        std::uint8_t* const at = reinterpret_cast<std::uint8_t*>(target);
        std::memcpy(expected.data(), at - 8, expected.size());
        std::uint64_t memory = 0;
        std::memcpy(&memory, at, size);
        GuestRegisters ours = registers;
        std::uint64_t our_flags = rflags;
        memory = hv::apply(store, memory, ours, our_flags);
        std::memcpy(expected.data() + 8, &memory, size);

        host_.run(bytes, registers, rflags);
        EXPECT_EQ(std::memcmp(expected.data(), at - 8, expected.size()), 0);
        for (std::uint32_t number = 0; number < 16; ++number) {
            EXPECT_EQ(ours[number], registers[number]) << "register " << number;
        }
        EXPECT_EQ(our_flags, rflags);
    }

    /// Fills the memory around a random place in the data page; sometimes with small numbers.
    std::uint64_t random_target() {
        const std::uint64_t place = 64 + random_() % 2048;
        for (std::uint64_t i = place - 8; i < place + 16; ++i) {
            host_.data()[i] = static_cast<std::uint8_t>(random_());
        }
        if (random_() % 4 == 0) {
            const std::uint64_t value = random_() % 3 - 1;
            std::memcpy(&host_.data()[place], &value, sizeof(value));
        }
        return reinterpret_cast<std::uint64_t>(&host_.data()[place]);
    }

    bool decodes(const std::vector<std::uint8_t>& bytes) {
        Store store;
        return hv::decode_store(bytes.data(), static_cast<std::uint32_t>(bytes.size()), store);
    }

    test::NativeExecution host_;
    std::mt19937_64 random_{20260101};
};

TEST_F(StoreDecoder, DoesWhatTheProcessorDoes) {
    constexpr int rounds = 400;
    for (const test::StoreForm& form : test::store_forms) {
        SCOPED_TRACE(form.name);
        for (int round = 0; round < rounds; ++round) {
            const std::uint64_t target = random_target();
            const test::RandomStore store =
                test::random_store(form, target, host_.code_address(), host_fs_base(), random_);
            compare(store.bytes, store.registers, random_flags(), target, store.size,
                    store.segment_base);
            ASSERT_FALSE(HasFailure());
        }
    }
}

TEST_F(StoreDecoder, CompareAndExchangeThatSucceeds) {
    for (int round = 0; round < 100; ++round) {
        const std::uint64_t target = random_target();
        GuestRegisters registers{};
        std::memcpy(&registers.rax, reinterpret_cast<const void*>(target), 8);
        registers.rbx = target;
        registers.rcx = random_();
        compare({0xF0, 0x48, 0x0F, 0xB1, 0x0B}, registers, random_flags(), target, 8, 0);
        registers.rax ^= std::uint64_t{1} << 40; // EAX is still equal to memory, or it is not
        compare({0x0F, 0xB1, 0x0B}, registers, random_flags(), target, 4, 0);
    }
}

TEST_F(StoreDecoder, StoreStringMovesItsPointerBothWays) {
    for (int round = 0; round < 400; ++round) {
        const std::uint64_t target = random_target();
        GuestRegisters registers{};
        registers.rax = random_();
        registers.rdi = target;
        const std::uint64_t rflags = random_flags() | (round % 2 != 0 ? direction_flag : 0);
        compare({0xAA}, registers, rflags, target, 1, 0);
        compare({0x66, 0xAB}, registers, rflags, target, 2, 0);
        compare({0xAB}, registers, rflags, target, 4, 0);
        compare({0x48, 0xAB}, registers, rflags, target, 8, 0);
    }
}

TEST_F(StoreDecoder, MoveToAbsoluteAddress) {
    const std::uint64_t target = random_target();
    GuestRegisters registers{};
    registers.rax = random_();
    std::vector<std::uint8_t> bytes{0x48, 0xA3};
    for (int i = 0; i < 8; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(target >> 8 * i));
    }
    compare(bytes, registers, random_flags(), target, 8, 0);
    bytes.erase(bytes.begin());
    bytes[0] = 0xA2;
    compare(bytes, registers, random_flags(), target, 1, 0);
}

TEST_F(StoreDecoder, StackPointerIsReadFromItsSlot) {
    Store store;
    const std::uint8_t bytes[] = {0x48, 0x89, 0x64, 0x24, 0x08}; // MOV [RSP + 8], RSP
    ASSERT_TRUE(hv::decode_store(bytes, sizeof(bytes), store));
    EXPECT_TRUE(hv::uses_stack_pointer(store));
    EXPECT_FALSE(hv::uses_flags(store));
    EXPECT_FALSE(hv::reads_memory(store));
    GuestRegisters registers{};
    registers.unused_rsp = 0xFFFF800012345678;
    std::uint64_t rflags = 2;
    EXPECT_EQ(hv::linear_address(store, registers, 0, 0), 0xFFFF800012345680);
    EXPECT_EQ(hv::apply(store, 0, registers, rflags), 0xFFFF800012345678);
    EXPECT_EQ(rflags, 2);
}

TEST_F(StoreDecoder, SegmentBasesAreAddedBehindTheWrapOfAnAddress) {
    Store store;
    const std::uint8_t bytes[] = {0x65, 0x67, 0x89, 0x43, 0x10}; // MOV GS:[EBX + 16], EAX
    ASSERT_TRUE(hv::decode_store(bytes, sizeof(bytes), store));
    EXPECT_EQ(store.address.segment, hv::SegmentOverride::gs);
    GuestRegisters registers{};
    registers.rbx = 0x12FFFFFFF8;
    EXPECT_EQ(hv::linear_address(store, registers, 0, 0xFFFF800000000000), 0xFFFF800000000008);
}

TEST_F(StoreDecoder, EveryTruncationIsRefused) {
    for (const test::StoreForm& form : test::store_forms) {
        const test::RandomStore store =
            test::random_store(form, random_target(), host_.code_address(), 0, random_);
        Store decoded;
        for (std::uint32_t count = 0; count < store.bytes.size(); ++count) {
            EXPECT_FALSE(hv::decode_store(store.bytes.data(), count, decoded)) << form.name;
        }
        EXPECT_TRUE(decodes(store.bytes)) << form.name;
    }
}

TEST_F(StoreDecoder, WhatIsNoPlainStoreIsLeftToTheCaller) {
    const std::vector<std::pair<const char*, std::vector<std::uint8_t>>> others{
        {"MOV r, m", {0x48, 0x8B, 0x03}},
        {"MOV r, r", {0x48, 0x89, 0xC3}},
        {"MOV m, DS", {0x8C, 0x1B}},
        {"ADD r, m", {0x48, 0x03, 0x03}},
        {"CMP m, r", {0x48, 0x39, 0x03}},
        {"TEST m, r", {0x48, 0x85, 0x03}},
        {"BT m, imm8", {0x0F, 0xBA, 0x23, 0x05}},
        {"BTS m, r", {0x48, 0x0F, 0xAB, 0x03}},
        {"BTR m, r", {0x48, 0x0F, 0xB3, 0x03}},
        {"BTC m, r", {0x48, 0x0F, 0xBB, 0x03}},
        {"REP STOSQ", {0xF3, 0x48, 0xAB}},
        {"REPNE STOSB", {0xF2, 0xAA}},
        {"STOSD with a 32-bit address", {0x67, 0xAB}},
        {"MOVSQ", {0x48, 0xA5}},
        {"PUSH m", {0xFF, 0x33}},
        {"PUSH r", {0x50}},
        {"CALL", {0xE8, 0, 0, 0, 0}},
        {"POP m", {0x8F, 0x03}},
        {"SHL m, 1", {0xD1, 0x23}},
        {"SETZ m", {0x0F, 0x94, 0x03}},
        {"MOVBE m, r", {0x0F, 0x38, 0xF1, 0x03}},
        {"CMPXCHG8B", {0x0F, 0xC7, 0x0B}},
        {"CMPXCHG16B", {0x48, 0x0F, 0xC7, 0x0B}},
        {"MOVUPS m, XMM0", {0x0F, 0x11, 0x03}},
        {"MOVQ m, XMM0", {0x66, 0x0F, 0xD6, 0x03}},
        {"FXSAVE", {0x0F, 0xAE, 0x03}},
        {"SGDT", {0x0F, 0x01, 0x03}},
        {"MOV CR3, r", {0x0F, 0x22, 0xD8}},
        {"SYSCALL", {0x0F, 0x05}},
        {"invalid", {0x0F, 0xFF, 0xFF}},
        {"LOCK MOV: invalid", {0xF0, 0x48, 0x89, 0x03}},
        {"seventeen prefixes", std::vector<std::uint8_t>(17, 0x66)},
    };
    for (const auto& [name, bytes] : others) {
        EXPECT_FALSE(decodes(bytes)) << name;
    }
}

TEST_F(StoreDecoder, RandomBytesNeverBreakIt) {
    for (int round = 0; round < 200000; ++round) {
        std::array<std::uint8_t, hv::longest_instruction> bytes{};
        for (std::uint8_t& byte : bytes) {
            byte = static_cast<std::uint8_t>(random_());
        }
        Store store;
        if (hv::decode_store(bytes.data(), static_cast<std::uint32_t>(bytes.size()), store)) {
            EXPECT_TRUE(store.size == 1 || store.size == 2 || store.size == 4 || store.size == 8);
            EXPECT_LE(store.length, bytes.size());
        }
    }
}

// Code of 32 bits without a prefix is code of 64 bits with that for addresses of 32 bits, but for
// the encodings that REX and RIP-relative addresses have taken.
TEST_F(StoreDecoder, CodeOf32BitsIsDecodedAsSuch) {
    const auto decode = [](const std::vector<std::uint8_t>& bytes, hv::CodeSize size,
                           Store& store) {
        return hv::decode_store(bytes.data(), static_cast<std::uint32_t>(bytes.size()), store,
                                size);
    };
    const std::vector<std::uint8_t> common[] = {
        {0x89, 0x18},                         // mov [eax], ebx
        {0xC7, 0x44, 0x8B, 0x10, 1, 2, 3, 4}, // mov dword [ebx + 4 * ecx + 16], imm
        {0x66, 0x89, 0x18},                   // mov [eax], bx
        {0x88, 0x20},                         // mov [eax], ah
        {0xF0, 0x0F, 0xB1, 0x0F},             // lock cmpxchg [edi], ecx
        {0x87, 0x1E},                         // xchg [esi], ebx
        {0x80, 0x60, 0x01, 0xFE},             // and byte [eax + 1], 0xFE
        {0x0F, 0xBA, 0x68, 0x04, 5},          // bts dword [eax + 4], 5
    };
    for (const std::vector<std::uint8_t>& bytes : common) {
        SCOPED_TRACE(hex(bytes));
        std::vector<std::uint8_t> prefixed = bytes;
        prefixed.insert(prefixed.begin(), 0x67);
        Store is;
        Store wanted;
        ASSERT_TRUE(decode(bytes, hv::CodeSize::bits_32, is));
        ASSERT_TRUE(decode(prefixed, hv::CodeSize::bits_64, wanted));
        EXPECT_EQ(is.operation, wanted.operation);
        EXPECT_EQ(is.size, wanted.size);
        EXPECT_EQ(is.length + 1, wanted.length);
        EXPECT_EQ(is.source.number, wanted.source.number);
        EXPECT_EQ(is.source.high_byte, wanted.source.high_byte);
        EXPECT_EQ(is.immediate, wanted.immediate);
        EXPECT_EQ(is.address.base, wanted.address.base);
        EXPECT_EQ(is.address.index, wanted.address.index);
        EXPECT_EQ(is.address.displacement, wanted.address.displacement);
        EXPECT_TRUE(is.address.is_32_bit);
    }
    Store store;
    EXPECT_FALSE(decode({0x48, 0x89, 0x18}, hv::CodeSize::bits_32, store)); // dec eax
    ASSERT_TRUE(decode({0xA3, 0x78, 0x56, 0x34, 0x12}, hv::CodeSize::bits_32, store));
    EXPECT_EQ(store.address.displacement, 0x12345678);
    EXPECT_EQ(store.length, 5);
    ASSERT_TRUE(decode({0x89, 0x1D, 0x78, 0x56, 0x34, 0x12}, hv::CodeSize::bits_32, store));
    EXPECT_EQ(store.address.base, hv::no_register); // not relative to EIP
}

} // namespace

#include "tests/unit/machine_code/traced_loads.h"

#include "tests/unit/machine_code/pointer_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

namespace hv::test {
namespace {

using Kind = Value::Kind;

bool is_read(const ZydisDecodedOperand& operand) {
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type == ZYDIS_MEMOP_TYPE_MEM &&
           (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
}

class Trace {
  public:
    explicit Trace(const std::vector<ElfFunction>& parts) : parts_{parts} {}

    void run(std::uint64_t address, const PointerState& state) {
        for (reach(address, state); !work_.empty();) {
            const std::uint64_t next = work_.back();
            work_.pop_back();
            step(next);
        }
    }
    std::vector<TracedLoad> loads() const {
        std::vector<TracedLoad> loads;
        for (const auto& [address, load] : loads_)
            loads.push_back(load);
        std::sort(loads.begin(), loads.end());
        return loads;
    }

  private:
    const std::vector<ElfFunction>& parts_;
    std::map<std::uint64_t, PointerState> states_; ///< before the instruction at an address
    std::map<std::uint64_t, TracedLoad> loads_;    ///< by the instruction's address
    std::vector<std::uint64_t> work_;

    const ElfFunction* part_at(std::uint64_t address) const {
        for (const ElfFunction& part : parts_)
            if (address >= part.address && address - part.address < part.code.size())
                return &part;
        return nullptr;
    }

    // A jump out of all parts is a call in the end position.
    void reach(std::uint64_t address, const PointerState& state) {
        if (part_at(address) == nullptr)
            return;
        const auto [found, is_new] = states_.try_emplace(address, state);
        const PointerState before = found->second;
        found->second.join(state);
        if (is_new || !(found->second == before))
            work_.push_back(address);
    }

    std::optional<DecodedInstruction> decode(std::uint64_t address) const {
        const ElfFunction& part = *part_at(address);
        const std::uint64_t offset = address - part.address;
        ZydisDecoder decoder;
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        DecodedInstruction instruction{};
        const ZyanStatus status =
            ZydisDecoderDecodeFull(&decoder, part.code.data() + offset, part.code.size() - offset,
                                   &instruction.decoded, instruction.operands);
        if (!ZYAN_SUCCESS(status))
            return std::nullopt;
        instruction.next = address + instruction.decoded.length;
        return instruction;
    }

    void note_loads(std::uint64_t address, PointerState& state,
                    const DecodedInstruction& instruction) {
        for (const ZydisDecodedOperand& operand : instruction.all()) {
            if (!is_read(operand) || instruction.decoded.mnemonic == ZYDIS_MNEMONIC_NOP)
                continue;
            if (const Value place = state.address_of(operand); place.kind == Kind::object)
                loads_[address] = {place.offset, place.indexed, operand.size / 8U};
        }
    }

    void step(std::uint64_t address) {
        const auto instruction = decode(address);
        ASSERT_TRUE(instruction) << std::hex << address;
        PointerState state = states_.at(address);
        note_loads(address, state, *instruction);
        const auto category = instruction->decoded.meta.category;
        const ZydisDecodedOperand& target = instruction->operands[0];
        if (category == ZYDIS_CATEGORY_RET)
            return;
        if (category == ZYDIS_CATEGORY_UNCOND_BR || category == ZYDIS_CATEGORY_COND_BR) {
            ASSERT_EQ(target.type, ZYDIS_OPERAND_TYPE_IMMEDIATE)
                << "indirect jump at " << std::hex << address;
            reach(instruction->next + target.imm.value.u, state);
        } else {
            state.execute(*instruction);
        }
        if (category != ZYDIS_CATEGORY_UNCOND_BR)
            reach(instruction->next, state);
    }
};

} // namespace

std::vector<TracedLoad> traced_loads(const std::vector<ElfFunction>& parts, PointerPlace place) {
    Trace trace{parts};
    PointerState state{place.pointer};
    state.at(ZYDIS_REGISTER_RDI) = {Kind::structure, false, place.from};
    state.at(ZYDIS_REGISTER_RSP) = {Kind::stack, false, 0};
    for (const ElfFunction& part : parts)
        if (part.symbol.find(".cold") == std::string::npos)
            trace.run(part.address, state);
    return trace.loads();
}

} // namespace hv::test

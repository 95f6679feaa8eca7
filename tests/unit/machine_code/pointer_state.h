#pragma once
// Where in registers and on the stack a pointer is, while code is followed instruction by
// instruction (traced_loads.h).

#include <Zydis/Zydis.h>

#include <cstdint>
#include <map>
#include <span>

namespace hv::test {

struct DecodedInstruction {
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    std::uint64_t next; ///< address of the next instruction

    std::span<const ZydisDecodedOperand> all() const { return {operands, decoded.operand_count}; }
};

/// What is known of a value.
struct Value {
    /// Where it points to; what is more worth following comes later.
    enum class Kind : std::uint8_t { nowhere, stack, structure, object };
    Kind kind = Kind::nowhere;
    bool indexed = false; ///< something is added to `offset`
    std::int64_t offset = 0;

    bool operator==(const Value&) const = default;
    Value plus(std::int64_t distance) const { return {kind, indexed, offset + distance}; }
    Value plus_something() const { return {kind, true, offset}; }
};

class PointerState {
  public:
    /// The structure that RDI points into has the pointer to the object at offset `pointer`.
    explicit PointerState(std::int64_t pointer) : pointer_{pointer} {}

    Value& at(ZydisRegister part);
    /// The address of an operand in memory.
    Value address_of(const ZydisDecodedOperand& operand);
    /// Does what the instruction does, except for the flow of control.
    void execute(const DecodedInstruction& instruction);
    /// A path with the state `other` joins this one: a pointer on either is one on both.
    void join(const PointerState& other);

    bool operator==(const PointerState&) const = default;

  private:
    std::int64_t pointer_;
    std::map<ZydisRegister, Value> registers_;
    std::map<std::int64_t, Value> slots_; ///< by distance from the return address

    Value read(const ZydisDecodedOperand& operand);
    void write(const ZydisDecodedOperand& operand, const Value& value);
    Value sum(const ZydisDecodedOperand* operands, bool subtract);
    Value result(const DecodedInstruction& instruction);
};

} // namespace hv::test

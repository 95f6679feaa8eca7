#include "hypervisor/instructions/interpreter/startup.h"

#include "hypervisor/instructions/interpreter/processor.h"

#include <algorithm>

namespace hv {

namespace {

using startup::Processor;

/// The function that executes the instruction at `bytes`; null, with a refusal, when there is none.
const startup::Instruction* decode(Processor& processor, const StartupEnd& end) {
    const StartupState& state = processor.state;
    const bool wide = state.segment(SegmentNumber::cs).access_rights.default_operation_size();
    ZydisDecoder decoder;
    ZydisDecoderContext context;
    const ZyanStatus initialised = ZydisDecoderInit(
        &decoder, wide ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16,
        wide ? ZYDIS_STACK_WIDTH_32 : ZYDIS_STACK_WIDTH_16);
    if (end.code_size == 0 || !ZYAN_SUCCESS(initialised)) {
        processor.refuse("code that is not mapped RAM, or beyond the segment's limit");
        return nullptr;
    }
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, &context, end.code.data(),
                                                    end.code_size, &processor.instruction))) {
        processor.refuse("code that is no instruction");
        return nullptr;
    }
    const auto* known = startup::find_instruction(processor.instruction.mnemonic);
    const ZyanU8 visible = processor.instruction.operand_count_visible;
    if (known == nullptr || visible > processor.operands.size() ||
        !ZYAN_SUCCESS(ZydisDecoderDecodeOperands(&decoder, &context, &processor.instruction,
                                                 processor.operands.data(), visible))) {
        processor.refuse("an instruction that start-up code does not use");
        return nullptr;
    }
    return known;
}

/// Executes one instruction, or a part of one with REP, and takes it from the budget. False when it
/// could not be executed; the state is then unchanged.
bool step(StartupState& state, const StartupEnvironment& environment, StartupBudget& left,
          StartupEnd& end) {
    const StartupState before = state;
    Processor processor{.state = state, .environment = environment};
    end.address = static_cast<std::uint32_t>(state.segment(SegmentNumber::cs).base + state.rip);
    end.code_size = processor.fetch(end.code);
    const startup::Instruction* known = decode(processor, end);
    if (known != nullptr) {
        processor.next = static_cast<std::uint32_t>(state.rip + processor.instruction.length);
        known->handler(processor, known->argument);
    }
    left.instructions -= processor.is_complete() ? 1 : 0;
    left.elements -= std::min(left.elements, processor.elements);
    if (processor.refusal != nullptr || processor.again)
        state = before;
    else
        state.rip = processor.next;
    end.reason = processor.refusal;
    return processor.refusal == nullptr;
}

} // namespace

namespace {

bool is_complete(const StartupState& state, const StartupEnvironment& environment) {
    return state.in_64_bit_mode() ||
           (environment.ends_in_protected_mode && state.has_protected_segments());
}

} // namespace

StartupEnd run_startup(StartupState& state, const StartupEnvironment& environment,
                       StartupBudget budget) {
    StartupEnd end{.error = abi::Error::bad_start};
    while (budget.instructions != 0 && budget.elements != 0) {
        if (is_complete(state, environment))
            return {};
        if (!step(state, environment, budget, end))
            return end;
    }
    if (is_complete(state, environment))
        return {};
    end.reason = budget.elements == 0 ? "too many repetitions of string instructions"
                                      : "too many instructions";
    return end;
}

} // namespace hv

#include "guest/tests/protocol_model.h"

#include "guest/kernel/boot/panic.h"

namespace guest::tests {

void ProtocolModel::run(std::span<const ModelStep> steps) {
    for (const ModelStep& each : steps)
        step(each);
}

void ProtocolModel::step(const ModelStep& step) {
    switch (step.kind) {
    case ModelStep::Kind::enter:
        mode = lazy;
        return;
    case ModelStep::Kind::end_mode:
        mode = false;
        return;
    case ModelStep::Kind::drain:
        return drain();
    case ModelStep::Kind::call:
        return mode ? publish(step.call) : hypercall(step.call);
    case ModelStep::Kind::native:
        return execute(step.call);
    case ModelStep::Kind::synchronous:
        return hypercall(step.call);
    case ModelStep::Kind::load_root:
        if (queued != 0) {
            root_waits = true;
            return make_room();
        }
        ++root_loads;
        return execute(step.call);
    case ModelStep::Kind::queue_root:
        if (!root_waits)
            return;
        root_waits = false;
        return mode ? publish(step.call) : hypercall(step.call);
    case ModelStep::Kind::if_stale:
        if (stale)
            return mode ? publish(step.call) : hypercall(step.call);
        return;
    case ModelStep::Kind::freshen:
        stale = false;
        return;
    case ModelStep::Kind::tell:
        ++told;
        return;
    }
}

void ProtocolModel::drain() {
    const std::uint32_t newest = published_count;
    std::uint32_t next = newest - (queued - filled);
    executed += filled;
    queued = 0;
    filled = 0;
    while (next != newest) {
        const ModelCall& call = published[next++];
        if (call.error != abi::Error::none) {
            ++refused;
            ++told;
            discarded += newest - next;
            return;
        }
        ++executed;
        execute(call);
    }
}

void ProtocolModel::hypercall(const ModelCall& call) {
    drain();
    ++hypercalls;
    if (call.error == abi::Error::none)
        return execute(call);
    ++refused;
    ++told;
}

void ProtocolModel::make_room() {
    if (mode && queued == abi::ring_capacity)
        drain();
}

void ProtocolModel::publish(const ModelCall& call) {
    make_room();
    if (published_count == max_published)
        panic("the model publishes too much");
    published[published_count++] = call;
    ++queued;
}

void ProtocolModel::execute(const ModelCall& call) {
    if (done_count_ == done_.size())
        panic("the model executes too much");
    done_[done_count_++] = call;
}

bool ProtocolModel::took_effect(const ModelCall& call) const {
    for (std::uint32_t i = done_count_; i != 0; --i) {
        const ModelCall& last = done_[i - 1];
        if (last.call == call.call && last.argument[0] == call.argument[0] &&
            last.argument[1] == call.argument[1])
            return last.argument[2] == call.argument[2];
    }
    return false;
}

} // namespace guest::tests

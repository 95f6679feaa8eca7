#pragma once
// INVLPG, where it exits (profile `classic`).

namespace hv {

struct Vcpu;

void handle_invlpg(Vcpu& vcpu);

} // namespace hv

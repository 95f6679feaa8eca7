#pragma once
// How QEMU is started for nested VT-x under KVM.

#include "tools/machine/machine.h"

#include <filesystem>

namespace tool {

Emulator prepare_qemu(const Machine& machine, const std::filesystem::path& image);

} // namespace tool

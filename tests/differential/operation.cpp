#include "tests/differential/operation.h"

#include "hypervisor/calls/call_dispatch.h"

#include <sstream>

namespace differential {

namespace {

const char* name(What what) {
    constexpr const char* names[]{"call",  "ring entry", "tail too far by", "SetLazyMode",
                                  "Flush", "Empty",      "CPUID",           "MOV to CR3",
                                  "CLTS",  "INVLPG",     "store to GPA",    "access to"};
    return names[static_cast<std::size_t>(what)];
}

std::size_t arguments(What what) {
    switch (what) {
    case What::call:
        return most_arguments;
    case What::raw_entry:
    case What::access:
        return 3;
    case What::store:
        return 2;
    case What::bad_tail:
    case What::set_lazy_mode:
    case What::move_to_cr3:
    case What::invlpg:
        return 1;
    default:
        return 0;
    }
}

} // namespace

std::string text(const Operation& operation) {
    std::ostringstream line;
    line << "vCPU " << int{operation.vcpu} << ": " << name(operation.what);
    if (operation.what == What::call || operation.what == What::raw_entry)
        line << ' ' << hv::call_name(static_cast<std::uint32_t>(operation.call)) << " ("
             << static_cast<std::uint32_t>(operation.call) << ')';
    line << std::hex;
    for (std::size_t index = 0; index < arguments(operation.what); ++index)
        line << " 0x" << operation.argument[index];
    if (operation.times > 1)
        line << std::dec << ", " << operation.times << " times";
    return line.str();
}

} // namespace differential

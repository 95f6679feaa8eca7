#pragma once
// The fake machine for fuzzing: its kernel runs, its VMCS is one that a processor would enter, and
// it is as good as new for each input without being made again.

#include "tests/fuzz/input.h"
#include "tests/fuzz/memory_image.h"
#include "tests/unit/fake/machine.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace hv::fuzz {

using ::fuzz::Input;

struct Configuration {
    abi::Profile profile = abi::Profile::hardened;
    std::uint32_t vcpus = 1;
    bool last_waits = false; ///< the last vCPU waits for its SIPI

    bool operator==(const Configuration&) const = default;
};

/// Every profile with one vCPU, those that share tables with two, too.
inline constexpr std::array configurations{
    Configuration{abi::Profile::hardened},        Configuration{abi::Profile::classic},
    Configuration{abi::Profile::modern},          Configuration{abi::Profile::hardened, 2},
    Configuration{abi::Profile::classic, 2},      Configuration{abi::Profile::hardened, 2, true},
    Configuration{abi::Profile::classic, 2, true}};
inline constexpr std::uint32_t one_vcpu_configurations = 3;

class FuzzMachine {
  public:
    /// The one of this configuration, as it was when it was made. It lives as long as the process;
    /// the one asked for last is the current one.
    static FuzzMachine& fresh(const Configuration& configuration);

    test::KernelMachine& machine() { return machine_; }
    VirtualMachine& vm() { return machine_.machine(); }
    Vcpu& vcpu() { return machine_.vcpu(); }
    std::uint64_t& field(Field field) { return machine_.fields[field]; }

    /// Pages that hostile values like to name: the kernel's own page tables and descriptor tables,
    /// other roots, and free ones.
    const std::vector<std::uint64_t>& pages() const { return pages_; }
    /// A page of code, at `code_linear`: one store each 16 bytes.
    std::uint64_t code_page() const { return pages_.front(); }
    std::uint64_t code_linear() const { return test::Machine::linear_base + code_page(); }
    static constexpr std::uint32_t stores = 12; ///< there are in it

    /// Runs guest or monitor code. False when the run has ended: nothing may follow for this input.
    template <typename Code>
    bool run(Code code) {
        try {
            code();
        } catch (const test::RunEnded&) {
            ended_ = true;
        }
        return !ended_;
    }
    bool ended() const { return ended_; }

  private:
    explicit FuzzMachine(const Configuration& configuration);
    void prepare();
    void write_code();
    void write_roots();
    void write_operands();
    void prepare_vcpu(std::uint32_t number);
    void save();
    void restore();

    /// A vCPU, and what the processor knows of it.
    struct SavedVcpu {
        std::vector<std::uint8_t> object;
        test::FakeVmcs fields;
    };

    Configuration configuration_;
    test::KernelMachine machine_;
    std::vector<std::uint64_t> pages_;
    std::uint8_t* const origin_;
    bool ended_ = false;

    std::unique_ptr<MemoryImage> image_;
    std::vector<std::uint8_t> vm_;
    std::vector<Frame> frames_;
    std::vector<SavedVcpu> vcpus_;
    std::map<std::uint32_t, std::uint64_t> msrs_;
};

} // namespace hv::fuzz

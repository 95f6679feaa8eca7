#include "tools/commands/bench_plan.h"

#include "tools/commands/profiles.h"
#include "tools/host/failure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace tool {
namespace {

using Names = std::vector<std::string>;

/// Workloads with this prefix exist on several processors only.
constexpr std::string_view shootdown_prefix = "shootdown/";
/// Workloads, besides shoot-downs, that several processors can run at the same time.
constexpr std::array concurrent_workloads{"full", "pingpong", "address-space", "empty-vmcall"};
constexpr std::array shootdown_workloads{"shootdown/unmap/1", "shootdown/unmap/8",
                                         "shootdown/protect/8"};

Names split_names(std::string_view text) {
    Names names;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        names.emplace_back(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return names;
}

bool is_shootdown(std::string_view name) { return name.starts_with(shootdown_prefix); }

bool is_concurrent(std::string_view name) {
    return std::find(concurrent_workloads.begin(), concurrent_workloads.end(), name) !=
           concurrent_workloads.end();
}

std::string join(const Names& names) { return fmt::format("{}", fmt::join(names, ",")); }

/// Powers of two below the number of processors, then that number itself.
std::string numbers_of_processors(std::uint32_t cpus) {
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t number = 2; number < cpus; number *= 2)
        numbers.push_back(number);
    numbers.push_back(cpus);
    return fmt::format("{}", fmt::join(numbers, ","));
}

BenchPart one_processor(const BenchOptions& options, const Names& workloads) {
    BenchPart part{.cpus = 1, .guest_words = {fmt::format("switches={}", options.switches)}};
    if (!workloads.empty())
        part.guest_words.push_back("workload=" + join(workloads));
    return part;
}

BenchPart several_processors(const BenchOptions& options, std::uint32_t cpus,
                             const Names& workloads) {
    return {.cpus = cpus,
            .guest_words = {fmt::format("switches={}", options.switches),
                            "processors=" + numbers_of_processors(cpus),
                            "workload=" + join(workloads)}};
}

std::vector<BenchPart> parts_for_all(const BenchOptions& options, std::uint32_t cpus) {
    std::vector<BenchPart> parts{one_processor(options, {})};
    const bool is_own_guest = options.boot.guest.empty();
    if (cpus == 1 || (!is_own_guest && options.boot.cpus == 0))
        return parts;
    Names several(concurrent_workloads.begin(), concurrent_workloads.end());
    several.insert(several.end(), shootdown_workloads.begin(), shootdown_workloads.end());
    parts.push_back(several_processors(options, cpus, several));
    return parts;
}

std::vector<BenchPart> parts_for_names(const BenchOptions& options, std::uint32_t cpus,
                                       const Names& names) {
    Names alone;
    Names together;
    for (const std::string& name : names) {
        if (is_shootdown(name) && cpus == 1) {
            throw Failure(fmt::format("{} needs several processors: give --cpus 2 to 8, or leave "
                                      "--cpus out",
                                      name));
        }
        if (!is_shootdown(name))
            alone.push_back(name);
        if (is_shootdown(name) || (options.boot.cpus > 1 && is_concurrent(name)))
            together.push_back(name);
    }
    if (together.empty() && options.boot.cpus > 1) {
        throw Failure(fmt::format("on several processors there are {} and {}...: leave --cpus out "
                                  "to measure {}",
                                  fmt::join(concurrent_workloads, ", "), shootdown_prefix,
                                  options.workloads));
    }
    std::vector<BenchPart> parts;
    if (!alone.empty())
        parts.push_back(one_processor(options, alone));
    if (!together.empty())
        parts.push_back(several_processors(options, cpus, together));
    return parts;
}

} // namespace

std::vector<Combination> choose_combinations(std::string_view profile, std::string_view interface) {
    std::optional<abi::Profile> wanted_profile;
    if (!profile.empty())
        wanted_profile = parse_profile(profile);
    std::optional<abi::Interface> wanted_interface;
    if (!interface.empty())
        wanted_interface = parse_interface(interface);
    std::vector<Combination> chosen;
    for (const abi::Profile profile_here : profile_order) {
        for (std::uint32_t index = 0; index < abi::interface_count; ++index) {
            const auto interface_here = static_cast<abi::Interface>(index);
            const bool exists =
                profile_here != abi::Profile::bare || interface_here == abi::Interface::native;
            if (exists && wanted_profile.value_or(profile_here) == profile_here &&
                wanted_interface.value_or(interface_here) == interface_here)
                chosen.push_back({profile_here, interface_here});
        }
    }
    if (chosen.empty())
        throw Failure("the bare machine has no ROM: use --interface native with profile bare");
    return chosen;
}

std::vector<std::string> chief_workloads() {
    return {"full",
            "pingpong",
            "threads",
            "address-space",
            "empty-vmcall",
            "pagetable/map/512",
            "pagetable/protect/512",
            "pagetable/fork-exit/1024"};
}

std::vector<BenchPart> choose_bench_parts(const BenchOptions& options) {
    const std::uint32_t cpus = options.boot.cpus == 0 ? default_bench_cpus : options.boot.cpus;
    if (!options.workloads.empty())
        return parts_for_names(options, cpus, split_names(options.workloads));
    const bool is_own_guest = options.boot.guest.empty();
    return options.measures_all || !is_own_guest
               ? parts_for_all(options, cpus)
               : parts_for_names(options, cpus, chief_workloads());
}

std::vector<LinuxBoot> choose_linux_boots(std::string_view profile) {
    std::vector<abi::Profile> profiles{abi::Profile::modern, abi::Profile::hardened,
                                       abi::Profile::classic};
    if (!profile.empty())
        profiles = {parse_profile(profile)};
    std::vector<LinuxBoot> boots;
    for (const abi::Profile each : profiles) {
        boots.push_back({each, true, false, abi::Interface::native});
        if (each != abi::Profile::hardened)
            boots.push_back({each, true, true, abi::Interface::native});
        boots.push_back({each, false, false, abi::Interface::native});
        boots.push_back({each, false, false, abi::Interface::lazy});
    }
    return boots;
}

std::string name(const LinuxBoot& boot) {
    if (boot.is_linux)
        return fmt::format("Linux on {}{}", abi::name(boot.profile),
                           boot.has_page_table_isolation ? " with pti" : "");
    return fmt::format("lazyhv's kernel on {}, {}", abi::name(boot.profile),
                       abi::name(boot.interface));
}

} // namespace tool

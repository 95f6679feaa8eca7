#include "tools/commands/commands.h"
#include "tools/host/failure.h"
#include "tools/report/page.h"
#include "tools/report/pictures.h"
#include "tools/results/result_file.h"

#include <fmt/format.h>

#include <cstdio>

namespace tool {

int report(const ReportOptions& options) {
    require_result_folder(options.page);
    const std::vector<std::string> labels = file_labels(options.files);
    std::vector<NamedResults> files;
    for (std::size_t number = 0; number < options.files.size(); ++number)
        files.push_back({labels[number], read_results(options.files[number])});
    if (measured_workloads(files, "switch/").empty() &&
        measured_workloads(files, "pagetable/").empty() &&
        measured_workloads(files, "shootdown/").empty())
        throw WrongUsage("there is nothing to show: give results of `./lazyhv bench --json FILE` "
                         "with context switches, page-table operations or shoot-downs");
    write_result_file(options.page, report_page(files, read_page_parts()));
    fmt::print("{} is written; open it in a browser\n", options.page);
    if (std::fflush(stdout) != 0)
        throw Failure("cannot write to standard output");
    return 0;
}

} // namespace tool

#include "tools/commands/commands.h"
#include "tools/host/failure.h"
#include "tools/host/output_file.h"
#include "tools/report/page.h"
#include "tools/report/pictures.h"

#include <fmt/format.h>

namespace tool {

int report(const ReportOptions& options) {
    const OutputFile page(options.page, "the report");
    const std::vector<std::string> labels = file_labels(options.files);
    std::vector<NamedResults> files;
    for (std::size_t number = 0; number < options.files.size(); ++number)
        files.push_back({labels[number], read_results(options.files[number])});
    if (measured_workloads(files, "switch/").empty() &&
        measured_workloads(files, "pagetable/").empty() &&
        measured_workloads(files, "shootdown/").empty())
        throw WrongUsage("there is nothing to show: give results of `./lazyhv bench --json FILE` "
                         "with context switches, page-table operations or shoot-downs");
    page.write(report_page(files, read_page_parts()));
    fmt::print("{} is written; open it in a browser\n", options.page);
    return 0;
}

} // namespace tool

#include "tools/trace/tracer.h"

namespace tool {

Tracer::Input Tracer::begin(const std::string& name, const std::filesystem::path& guest) {
    const std::scoped_lock lock(mutex_);
    auto run = std::make_shared<TracedRun>(
        TracedRun{name, runs_++, {Symbols(symbols_.empty() ? guest : symbols_), rom_symbols_}});
    auto reader = std::make_shared<RecordReader>([this, run](const ExitRecord& exit) {
        const std::scoped_lock writing(mutex_);
        ++exits_;
        for (const std::unique_ptr<TraceWriter>& writer : writers_)
            writer->add(*run, exit);
    });
    return [reader](std::string_view bytes) { reader->feed(bytes); };
}

void Tracer::finish() {
    for (const std::unique_ptr<TraceWriter>& writer : writers_)
        writer->finish();
}

} // namespace tool

// The main of every *_bench: Google Benchmark's, but with short runs unless the caller says other.
// A benchmark that finds its own result wrong aborts (TORC_CHECK), so exit code 0 means that all of
// them did their work.
#include <vector>

#include <benchmark/benchmark.h>

int main(int argc, char** argv) {
    char short_runs[] = "--benchmark_min_time=0.05";
    std::vector<char*> arguments{argv[0], short_runs};  // a later one of the caller wins
    arguments.insert(arguments.end(), argv + 1, argv + argc);
    int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
    const bool none_ran = benchmark::RunSpecifiedBenchmarks() == 0;
    benchmark::Shutdown();
    return none_ran ? 1 : 0;
}

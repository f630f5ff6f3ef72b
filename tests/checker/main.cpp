// torc-check: reads the records of a run and says which promises were broken. Exit code 0: none, 1:
// some, 2: unreadable. README.md has the format and the properties.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/checker/check.hpp"
#include "tests/checker/mutations.hpp"
#include "tests/checker/text.hpp"

namespace {

using torc::check::Trace;

constexpr int kClean = 0;
constexpr int kViolated = 1;
constexpr int kUnreadable = 2;

constexpr const char* kUsage =
    "usage: torc-check [--black-box] [--at-rest] FILE...   checks the records of one run\n"
    "       torc-check --mutations [FILE...]               breaks honest records on purpose\n"
    "  --black-box  what clients saw, nothing of daemons\n"
    "  --at-rest    the run ended in quiet: demand liveness too\n";

struct Job {
    torc::check::Options options;
    bool mutations{false};
    std::vector<std::string> files;
};

/// The committed ones; where they are is known at build time.
std::vector<std::string> honest_traces() {
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(TORC_HONEST_TRACES, error)) {
        files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
}

bool parse(int argc, char** argv, Job& job) {
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--black-box") {
            job.options.daemons = false;
        } else if (word == "--at-rest") {
            job.options.at_rest = true;
        } else if (word == "--mutations") {
            job.mutations = true;
        } else if (word.starts_with("--")) {
            return false;
        } else {
            job.files.push_back(word);
        }
    }
    if (job.mutations && job.files.empty()) job.files = honest_traces();
    return !job.files.empty();
}

bool read(const std::string& path, Trace& trace) {
    std::ifstream file(path, std::ios::binary);
    const std::string error = torc::check::read_text(file, trace);
    if (error.empty()) return true;
    std::fprintf(stderr, "torc-check: %s: %s\n", path.c_str(), error.c_str());
    return false;
}

int run_mutations(const Job& job) {
    std::vector<Trace> honest(job.files.size());
    for (std::size_t i = 0; i < honest.size(); ++i) {
        if (!read(job.files[i], honest[i])) return kUnreadable;
    }
    return torc::check::try_mutations(honest) ? kClean : kViolated;
}

int run_check(const Job& job) {
    Trace trace;
    for (const std::string& path : job.files) {
        if (!read(path, trace)) return kUnreadable;
    }
    const torc::check::Verdict verdict = torc::check::check(trace, job.options);
    for (const auto& finding : verdict.findings()) {
        std::printf("%s: %s\n", finding.property.c_str(), finding.text.c_str());
    }
    for (const auto& [property, count] : verdict.counts()) {
        if (count > torc::check::Verdict::kKeptOfEach) {
            std::printf("%s: %llu in all\n", property.c_str(),
                        static_cast<unsigned long long>(count));
        }
    }
    std::printf("%zu records, %s\n", trace.records.size(),
                verdict.clean() ? "no promise broken" : "PROMISES BROKEN");
    return verdict.clean() ? kClean : kViolated;
}

}  // namespace

int main(int argc, char** argv) {
    Job job;
    if (!parse(argc, argv, job)) {
        std::fputs(kUsage, stderr);
        return kUnreadable;
    }
    return job.mutations ? run_mutations(job) : run_check(job);
}

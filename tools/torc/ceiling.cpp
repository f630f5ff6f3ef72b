#include "tools/torc/ceiling.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/torc/clock.hpp"

namespace torc::tool {
namespace {

namespace files = std::filesystem;

constexpr double kPatienceSeconds = 60;  // beyond the measured time, for all to open their ports

std::string log_of(const LocalCluster& cluster, std::size_t node) {
    return fmt::format("{}/blast{}.log", cluster.folder(), node);
}

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The last line that is JSON; other lines are DPDK's.
nlohmann::json answer_in(const std::string& log) {
    nlohmann::json answer;
    std::ifstream file(log);
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.front() != '{') continue;
        const auto parsed = nlohmann::json::parse(line, nullptr, false);
        if (parsed.is_object()) answer = parsed;
    }
    return answer;
}

class Blast {
public:
    Blast(const LocalCluster& cluster, const std::string& program, double seconds)
        : cluster_(cluster) {
        for (std::size_t node = 0; node < cluster.size(); ++node) {
            std::vector<std::string> command = cluster.command_at(node, program);
            command.insert(command.end(),
                           {"--seconds", fmt::format("{}", seconds), node == 0 ? "send" : "count"});
            processes_.emplace_back(command, log_of(cluster, node));
        }
    }

    void wait(double seconds) {
        const std::int64_t limit = monotonic_ns() + static_cast<std::int64_t>(seconds * 1e9);
        for (std::size_t node = 0; node < processes_.size(); ++node) {
            const double left = static_cast<double>(limit - monotonic_ns()) / 1e9;
            if (!processes_[node].wait(std::max(left, 0.0))) fail(node, "did not end");
            if (processes_[node].exit_status() != 0) fail(node, "failed");
        }
    }

    Ceiling slowest() const {
        Ceiling ceiling;
        for (std::size_t node = 1; node < processes_.size(); ++node) {
            const nlohmann::json answer = answer_in(log_of(cluster_, node));
            if (!answer.contains("frames_per_second")) fail(node, "gave no answer");
            const double rate = answer["frames_per_second"].get<double>();
            if (node > 1 && rate >= ceiling.frames_per_second) continue;
            ceiling.frames_per_second = rate;
            ceiling.frame_bytes = answer["frame_bytes"].get<std::size_t>();
        }
        return ceiling;
    }

private:
    [[noreturn]] void fail(std::size_t node, const std::string& what) const {
        constexpr std::size_t kTail = 2000;
        const std::string log = text_of(log_of(cluster_, node));
        throw std::runtime_error(
            fmt::format("the blast at node {} {}:\n{}", node, what,
                        log.size() > kTail ? log.substr(log.size() - kTail) : log));
    }

    const LocalCluster& cluster_;
    std::vector<Process> processes_;
};

}  // namespace

std::string blast_program() {
    const files::path me = files::read_symlink("/proc/self/exe").parent_path();
    for (const files::path& candidate :
         {me / "torc-blast", me / ".." / "bench" / "blast" / "torc-blast",
          me / ".." / ".." / "bench" / "blast" / "torc-blast"}) {
        if (files::exists(candidate)) return files::canonical(candidate).string();
    }
    return {};
}

Ceiling measure_ceiling(const LocalCluster& cluster, const std::string& program, double seconds) {
    if (cluster.size() < 2) throw std::runtime_error("a ceiling needs two nodes or more");
    Blast blast(cluster, program, seconds);
    blast.wait(seconds + kPatienceSeconds);
    return blast.slowest();
}

}  // namespace torc::tool

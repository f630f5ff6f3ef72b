#include "tools/torc/machine.hpp"

#include <cstdlib>
#include <fstream>
#include <string>
#include <sys/utsname.h>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "tools/torc/build_commit.hpp"

namespace torc::tool {
namespace {

/// The value of the first line `KEY : VALUE`; empty if there is none.
std::string value_in(const char* path, const std::string& key) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.rfind(key, 0) != 0) continue;
        const std::size_t at = line.find_first_not_of(" \t", line.find(':') + 1);
        return at == std::string::npos ? std::string() : line.substr(at);
    }
    return {};
}

}  // namespace

nlohmann::json machine_fingerprint() {
    nlohmann::json machine;
    utsname names{};
    if (::uname(&names) == 0) {
        machine["kernel"] = names.release;
        machine["architecture"] = names.machine;
    }
    machine["cpu"] = value_in("/proc/cpuinfo", "model name");
    machine["mhz"] = value_in("/proc/cpuinfo", "cpu MHz");
    machine["memory"] = value_in("/proc/meminfo", "MemTotal");
    machine["cores"] = ::sysconf(_SC_NPROCESSORS_ONLN);
    machine["virtual"] = value_in("/proc/cpuinfo", "flags").find("hypervisor") != std::string::npos;
    // Other people's work on the same cores is the first thing to ask about after a strange figure.
    double load = 0;
    if (::getloadavg(&load, 1) == 1) machine["load_before"] = load;
    machine["commit"] = kBuildCommit;
    return machine;
}

}  // namespace torc::tool

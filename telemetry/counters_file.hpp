// The counters page as a file in runtime_dir: the daemon's end that writes, the tools' end that
// reads. Not pure: this is the part that needs the system.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "telemetry/layout.hpp"

namespace torc::telemetry {

/// "<runtime_dir>/<node>.counters"
std::string counters_path(std::string_view runtime_dir, std::string_view node);

/// The daemon's end. The file stays after the daemon: a dead daemon's numbers are worth reading.
/// It takes the place of an older one at once and whole, never in parts.
class CountersFile {
public:
    /// Fails: with the path and the system's reason; no file is left behind then. The disk blocks
    /// are reserved here, so that a full disk is an error now and not SIGBUS later.
    static Result<CountersFile> create(const std::string& path, const PageOwner& owner);

    CountersFile(CountersFile&&) noexcept = default;
    CountersFile& operator=(CountersFile&&) noexcept = default;

    CountersPage& page() { return *page_; }
    CounterSet counters(Writer writer) {
        return CounterSet{page_->values[static_cast<std::size_t>(writer)]};
    }

private:
    struct Unmap {
        void operator()(CountersPage* page) const;
    };
    explicit CountersFile(CountersPage* page) : page_{page} {}

    std::unique_ptr<CountersPage, Unmap> page_;
};

struct CounterReading {
    std::string name;
    std::string unit;
    CounterKind kind{};
    std::uint64_t value{0};
};

/// What a file said at one moment.
struct CountersReading {
    FileHeader header;
    std::vector<CounterReading> counters;
    StatusBlock status;
    std::vector<SessionStatus> sessions;  ///< open ones
    std::size_t torn{0};  ///< records left out: their daemon died while it wrote them
    /// The value of a counter by its name, 0 if the file has none of that name.
    std::uint64_t value(std::string_view name) const;
};

/// Reads a file of this version, of a living daemon or a dead one. Nothing in it is believed: sizes
/// and offsets are checked, and it is read with read(2), because a file that shrinks under a
/// mapping kills its reader. Fails: with the path, what is wrong, and what to do. Cost: three reads
/// of some 200 kB.
Result<CountersReading> read_counters(const std::string& path);

}  // namespace torc::telemetry

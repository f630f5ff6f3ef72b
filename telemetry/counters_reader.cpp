// The reading end. A page is copied three times: a snapshot in the second copy is whole if its
// version is the same, and even, in the first and the third.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "telemetry/counters_file.hpp"

namespace torc::telemetry {

namespace {

/// A living daemon publishes a record far less often than this; only a dead one leaves it torn.
constexpr int kAttempts = 20;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_{fd} {}
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

/// Whole page or nothing; a file that shrank meanwhile is nothing.
bool read_page(int fd, CountersPage& page) {
    std::size_t done = 0;
    auto* const bytes = static_cast<std::byte*>(static_cast<void*>(&page));
    while (done < sizeof page) {
        const ssize_t got = pread(fd, bytes + done, sizeof page - done, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        done += static_cast<std::size_t>(got);
    }
    return true;
}

/// Empty if the header is that of a page of this build; else what is wrong with it.
std::string fault_of(const FileHeader& header) {
    if (header.magic == 0) return "not ready: its daemon is starting, or died while it did";
    if (header.magic != kCountersMagic) return "not a counters file of Torc";
    if (header.version != kCountersVersion) {
        return "of version " + std::to_string(header.version) + ", this tool reads version " +
               std::to_string(kCountersVersion);
    }
    const bool same_layout = header.file_bytes == sizeof(CountersPage) &&
                             header.names_offset == offsetof(CountersPage, names) &&
                             header.values_offset == offsetof(CountersPage, values) &&
                             header.status_offset == offsetof(CountersPage, status) &&
                             header.sessions_offset == offsetof(CountersPage, sessions) &&
                             header.counters == kCounters && header.writers == kWriters &&
                             header.values_stride == sizeof(CounterValues) &&
                             header.sessions == kSessionsMax;
    return same_layout ? "" : "laid out by another build of Torc";
}

struct Copies {
    CountersPage before;
    CountersPage middle;
    CountersPage after;
};

template <typename T>
bool take(const Snapshot<T>& before, const Snapshot<T>& middle, const Snapshot<T>& after,
          T& value) {
    if (before.version % 2 != 0 || before.version != after.version) return false;
    std::memcpy(static_cast<void*>(&value), middle.words.data(), sizeof value);
    return true;
}

/// Takes every snapshot that is whole and not taken yet; true when none is left.
bool take_all(const Copies& copies, bool& has_status, std::vector<bool>& has_session,
              StatusBlock& status, std::vector<SessionStatus>& sessions) {
    has_status =
        has_status || take(copies.before.status, copies.middle.status, copies.after.status, status);
    bool all = has_status;
    for (std::size_t i = 0; i < kSessionsMax; ++i) {
        has_session[i] =
            has_session[i] || take(copies.before.sessions[i], copies.middle.sessions[i],
                                   copies.after.sessions[i], sessions[i]);
        all = all && has_session[i];
    }
    return all;
}

/// Makes what a hostile page says harmless for whoever prints it.
void sanitise(CountersReading& reading) {
    reading.status.members = std::min<std::uint32_t>(reading.status.members, kNodesMax);
    reading.status.cluster.back() = '\0';
    reading.status.node.back() = '\0';
    for (MemberStatus& member : reading.status.member_list) member.name.back() = '\0';
    for (SessionStatus& session : reading.sessions) session.name.back() = '\0';
}

std::vector<CounterReading> read_values(const CountersPage& page) {
    std::vector<CounterReading> out;
    for (std::size_t i = 0; i < kCounters; ++i) {
        const CounterName& name = page.names[i];
        CounterReading reading{std::string(get_name(name.name)), std::string(get_name(name.unit)),
                               static_cast<CounterKind>(std::min<std::uint8_t>(name.kind, 2)), 0};
        for (const CounterValues& block : page.values) {
            const std::uint64_t value = block.values[i];
            reading.value = reading.kind == CounterKind::peak ? std::max(reading.value, value)
                                                              : reading.value + value;
        }
        out.push_back(std::move(reading));
    }
    return out;
}

}  // namespace

std::uint64_t CountersReading::value(std::string_view name) const {
    for (const CounterReading& counter : counters) {
        if (counter.name == name) return counter.value;
    }
    return 0;
}

Result<CountersReading> read_counters(const std::string& path) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file.get() < 0) {
        return failure(path + ": " + std::strerror(errno),
                       errno == ENOENT ? "no daemon of that name has run here" : "");
    }
    struct stat facts{};
    if (fstat(file.get(), &facts) != 0) return failure(path + ": " + std::strerror(errno));
    if (!S_ISREG(facts.st_mode)) return failure(path + ": not a file");
    const auto copies = std::make_unique<Copies>();
    CountersReading reading;
    bool has_status = false;
    std::vector<bool> has_session(kSessionsMax);
    std::vector<SessionStatus> sessions(kSessionsMax);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        if (!read_page(file.get(), copies->before) || !read_page(file.get(), copies->middle) ||
            !read_page(file.get(), copies->after)) {
            return failure(path + ": too short to be a counters file of this build");
        }
        const std::string fault = fault_of(copies->middle.header);
        if (!fault.empty()) {
            return failure(path + ": " + fault, "use the `torc` that came with the daemon");
        }
        if (take_all(*copies, has_status, has_session, reading.status, sessions)) break;
    }
    reading.torn =
        static_cast<std::size_t>(std::count(has_session.begin(), has_session.end(), false)) +
        (has_status ? 0 : 1);
    reading.header = copies->after.header;
    reading.counters = read_values(copies->after);
    std::copy_if(sessions.begin(), sessions.end(), std::back_inserter(reading.sessions),
                 [](const SessionStatus& session) { return session.open != 0; });
    sanitise(reading);
    return reading;
}

}  // namespace torc::telemetry

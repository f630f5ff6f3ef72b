// The file's two ends, and a reader that is shown all kinds of bad files.
#include "telemetry/counters_file.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

namespace torc::telemetry {
namespace {

/// A folder of its own, gone afterwards.
class Folder {
public:
    Folder() {
        std::string name = testing::TempDir() + "torc-telemetry-XXXXXX";
        path_ = mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string file() const { return counters_path(path_, "a"); }
    std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(path_), {}));
    }

private:
    std::string path_;
};

CountersFile make(const Folder& folder) {
    auto made = CountersFile::create(
        folder.file(), {.pid = 7, .incarnation = 8, .start_ns = 9, .config_fingerprint = 10});
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return std::move(*made);
}

std::string message_of(const std::string& path) {
    const auto reading = read_counters(path);
    return reading ? "" : reading.error().message;
}

/// Overwrites bytes of a file.
void poke(const std::string& path, std::size_t offset, const void* bytes, std::size_t size) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
}
template <typename T>
void poke(const std::string& path, std::size_t offset, T value) {
    poke(path, offset, &value, sizeof value);
}

TEST(CountersFile, ShowsWhatTheDaemonWrote) {
    const Folder folder;
    CountersFile file = make(folder);
    file.counters(Writer::ring_core).inc(CounterId::views, 3);
    file.counters(Writer::control_thread).inc(CounterId::views, 4);
    file.counters(Writer::ring_core).raise(CounterId::poll_gap_peak, 50);
    file.counters(Writer::control_thread).raise(CounterId::poll_gap_peak, 20);
    beat(file.page(), 1234);
    StatusBlock status;
    set_name(status.node, "a");
    status.members = 3;
    status.high = 77;
    publish(file.page().status, status);
    SessionStatus session;
    set_name(session.name, "chat");
    session.open = 1;
    publish(file.page().sessions[5], session);

    const auto reading = read_counters(folder.file());
    ASSERT_TRUE(reading.has_value()) << reading.error().message;
    EXPECT_EQ(reading->header.pid, 7u);
    EXPECT_EQ(reading->header.incarnation, 8u);
    EXPECT_EQ(reading->header.config_fingerprint, 10u);
    EXPECT_EQ(reading->header.heartbeat_ns, 1234u);
    EXPECT_EQ(reading->value("views"), 7u);
    EXPECT_EQ(reading->value("poll_gap_peak"), 50u);
    EXPECT_EQ(reading->value("no_such_counter"), 0u);
    EXPECT_EQ(reading->counters.size(), kCounters);
    EXPECT_EQ(get_name(reading->status.node), "a");
    EXPECT_EQ(reading->status.high, 77u);
    ASSERT_EQ(reading->sessions.size(), 1u);
    EXPECT_EQ(get_name(reading->sessions[0].name), "chat");
    EXPECT_EQ(reading->torn, 0u);
}

TEST(CountersFile, StaysAfterItsDaemonAndGivesWayToTheNext) {
    const Folder folder;
    {
        make(folder).counters(Writer::ring_core).inc(CounterId::views);
    }
    EXPECT_EQ(read_counters(folder.file())->value("views"), 1u);
    const CountersFile next = make(folder);
    EXPECT_EQ(read_counters(folder.file())->value("views"), 0u);
    EXPECT_EQ(folder.entries(), 1u) << "a temporary file was left behind";
}

TEST(CountersFile, AMissingFolderIsExplained) {
    const auto made = CountersFile::create("/nowhere/a.counters", {});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().message,
              "/nowhere/a.counters: cannot create: No such file or directory");
    EXPECT_NE(made.error().remedy.find("runtime_dir"), std::string::npos);
}

TEST(CountersFile, AFolderInItsPlaceIsAnErrorAndNothingIsLeft) {
    const Folder folder;
    std::filesystem::create_directory(folder.file());
    const auto made = CountersFile::create(folder.file(), {});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().message, folder.file() + ": cannot rename: Is a directory");
    EXPECT_EQ(folder.entries(), 1u);
}

TEST(CountersReader, NoFile) {
    EXPECT_EQ(message_of("/nowhere/a.counters"), "/nowhere/a.counters: No such file or directory");
}

TEST(CountersReader, NotAFile) {
    const Folder folder;
    ASSERT_EQ(mkfifo(folder.file().c_str(), 0600), 0);
    EXPECT_EQ(message_of(folder.file()), folder.file() + ": not a file");
}

TEST(CountersReader, EveryTruncationIsAnError) {
    const Folder folder;
    {
        make(folder);
    }
    for (std::size_t size = sizeof(CountersPage) - 1; size > 0; size /= 3) {
        std::filesystem::resize_file(folder.file(), size);
        EXPECT_EQ(message_of(folder.file()),
                  folder.file() + ": too short to be a counters file of this build");
    }
}

TEST(CountersReader, EachFieldOfTheHeaderIsChecked) {
    struct Case {
        std::size_t offset;
        const char* message;
    };
    constexpr const char* kLayout = ": laid out by another build of Torc";
    for (const Case& each : {Case{offsetof(FileHeader, magic), ": not a counters file of Torc"},
                             Case{offsetof(FileHeader, file_bytes), kLayout},
                             Case{offsetof(FileHeader, names_offset), kLayout},
                             Case{offsetof(FileHeader, values_offset), kLayout},
                             Case{offsetof(FileHeader, status_offset), kLayout},
                             Case{offsetof(FileHeader, sessions_offset), kLayout},
                             Case{offsetof(FileHeader, counters), kLayout},
                             Case{offsetof(FileHeader, writers), kLayout},
                             Case{offsetof(FileHeader, values_stride), kLayout},
                             Case{offsetof(FileHeader, sessions), kLayout}}) {
        const Folder folder;
        {
            make(folder);
        }
        poke(folder.file(), each.offset, std::uint8_t{0xFF});
        EXPECT_EQ(message_of(folder.file()), folder.file() + each.message) << each.offset;
    }
}

TEST(CountersReader, AFileThatIsNotReadyAndOneOfAnotherVersion) {
    const Folder folder;
    {
        make(folder);
    }
    poke(folder.file(), offsetof(FileHeader, version), std::uint32_t{9});
    EXPECT_EQ(message_of(folder.file()), folder.file() +
                                             ": of version 9, this tool reads version " +
                                             std::to_string(kCountersVersion));
    poke(folder.file(), offsetof(FileHeader, magic), std::uint64_t{0});
    EXPECT_EQ(message_of(folder.file()),
              folder.file() + ": not ready: its daemon is starting, or died while it did");
}

TEST(CountersReader, ATornRecordIsLeftOutAndSaid) {
    const Folder folder;
    {
        CountersFile file = make(folder);
        StatusBlock status;
        status.high = 77;
        publish(file.page().status, status);
        file.counters(Writer::ring_core).inc(CounterId::views);
    }
    poke(folder.file(), offsetof(CountersPage, status), std::uint64_t{3});
    const auto reading = read_counters(folder.file());
    ASSERT_TRUE(reading.has_value()) << reading.error().message;
    EXPECT_EQ(reading->torn, 1u);
    EXPECT_EQ(reading->status.high, 0u);
    EXPECT_EQ(reading->value("views"), 1u);
}

TEST(CountersReader, HostileContentsAreMadeHarmless) {
    const Folder folder;
    {
        make(folder);
    }
    std::vector<char> garbage(sizeof(CountersPage) - sizeof(FileHeader), '\xEE');
    poke(folder.file(), sizeof(FileHeader), garbage.data(), garbage.size());
    const auto reading = read_counters(folder.file());
    ASSERT_TRUE(reading.has_value()) << reading.error().message;
    EXPECT_LE(reading->status.members, kNodesMax);
    for (const CounterReading& counter : reading->counters) {
        EXPECT_LE(counter.name.size(), sizeof(CounterName::name));
    }
    for (const SessionStatus& session : reading->sessions) EXPECT_EQ(session.name.back(), '\0');
}

}  // namespace
}  // namespace torc::telemetry

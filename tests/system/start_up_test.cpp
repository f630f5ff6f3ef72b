// What can be wrong when a daemon starts: each gets a message that names the cause and the cure,
// and an exit code, never a crash.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tools/torc/local_cluster.hpp"
#include "tools/torc/process.hpp"

namespace torc::tool {
namespace {

namespace files = std::filesystem;

class StartUpTest : public ::testing::Test {
protected:
    StartUpTest() {
        std::string pattern = (files::temp_directory_path() / "torc-start-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        write_config("");
    }
    ~StartUpTest() override { files::remove_all(folder_); }

    void write_config(const std::string& daemon_lines) const {
        std::ofstream(folder_ + "/torc.toml")
            << "[cluster]\nname = \"t\"\ndata_port = 23456\n"
            << "[[node]]\nname = \"a\"\naddress = \"127.84.9.1\"\n"
            << "[[node]]\nname = \"b\"\naddress = \"127.84.9.2\"\n"
            << "[daemon]\nruntime_dir = \"" << folder_ << "\"\n"
            << daemon_lines;
    }

    /// Runs torcd to its end; gives exit code and what it printed.
    std::pair<int, std::string> run(std::vector<std::string> more,
                                    std::vector<std::string> prefix = {}) const {
        const std::string log = folder_ + "/out.log";
        std::error_code ignored;
        files::remove(log, ignored);
        prefix.insert(prefix.end(), {TORCD_PATH, "--config", folder_ + "/torc.toml"});
        prefix.insert(prefix.end(), more.begin(), more.end());
        Process process(prefix, log);
        EXPECT_TRUE(process.wait(30)) << "torcd should have ended by itself";
        return {process.exit_status(), text_of(log)};
    }
    static std::string text_of(const std::string& path) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }

    std::string folder_;
};

TEST_F(StartUpTest, AnUnknownKeyIsNamedWithItsLineAndTheNearestRightOne) {
    write_config("idel = \"spin\"\n");
    const auto [code, text] = run({"--node", "a"});
    EXPECT_EQ(code, 78);
    EXPECT_NE(text.find("torc.toml:12"), std::string::npos) << text;
    EXPECT_NE(text.find("idle"), std::string::npos) << text;
}

TEST_F(StartUpTest, AMissingFileIsSaid) {
    files::remove(folder_ + "/torc.toml");
    const auto [code, text] = run({"--node", "a"});
    EXPECT_EQ(code, 78);
    EXPECT_NE(text.find("torc.toml"), std::string::npos) << text;
}

TEST_F(StartUpTest, AnUnknownNodeIsSaid) {
    const auto [code, text] = run({"--node", "zebra"});
    EXPECT_NE(code, 0);
    EXPECT_NE(text.find("zebra"), std::string::npos) << text;
}

TEST_F(StartUpTest, ASecondDaemonOfTheSameNameIsRefused) {
    Process first({TORCD_PATH, "--config", folder_ + "/torc.toml", "--node", "a"},
                  folder_ + "/first.log");
    for (int i = 0; i < 1000 && !files::exists(folder_ + "/a.sock"); ++i) ::usleep(10'000);
    ASSERT_TRUE(files::exists(folder_ + "/a.sock")) << text_of(folder_ + "/first.log");
    const auto [code, text] = run({"--node", "a"});
    EXPECT_EQ(code, 69);
    EXPECT_NE(text.find("another torcd"), std::string::npos) << text;
    EXPECT_TRUE(first.running()) << "the first one goes on";
}

TEST_F(StartUpTest, AnAddressThatIsNotOursIsSaid) {
    std::ofstream(folder_ + "/torc.toml")
        << "[cluster]\nname = \"t\"\n[[node]]\nname = \"a\"\naddress = \"203.0.113.77\"\n"
        << "[daemon]\nruntime_dir = \"" << folder_ << "\"\n";
    const auto [code, text] = run({"--node", "a"});
    EXPECT_EQ(code, 69);
    EXPECT_NE(text.find("203.0.113.77"), std::string::npos) << text;
}

TEST_F(StartUpTest, ARuntimeFolderThatCannotBeMadeIsSaid) {
    const auto [code, text] = run({"--node", "a", "--set", "daemon.runtime_dir=/proc/torc"});
    EXPECT_EQ(code, 69);
    EXPECT_NE(text.find("/proc/torc"), std::string::npos) << text;
}

#ifdef TORC_HAVE_DPDK
TEST_F(StartUpTest, AMissingDeviceIsSaid) {
    const auto [code, text] = run({"--node", "a", "--set", "daemon.port=dpdk", "--set",
                                   "daemon.device=net_af_packet0,iface=nosuchif0"});
    EXPECT_EQ(code, 69);
    EXPECT_NE(text.find("nosuchif0"), std::string::npos) << text;
}

TEST_F(StartUpTest, MissingRightsAreSaid) {
    files::permissions(folder_, files::perms::all);
    const auto [code, text] = run({"--node", "a", "--set", "daemon.port=dpdk", "--set",
                                   "daemon.device=net_af_packet0,iface=lo"},
                                  {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
    EXPECT_EQ(code, 69);
    EXPECT_NE(text.find("CAP_NET_RAW"), std::string::npos) << text;
}
#endif

TEST_F(StartUpTest, TooFewFramesForTheSettingsIsSaid) {
    const auto [code, text] = run({"--node", "a", "--set", "daemon.frame_pool=1"});
    EXPECT_NE(code, 0);
    EXPECT_NE(text.find("frame_pool"), std::string::npos) << text;
}

}  // namespace
}  // namespace torc::tool

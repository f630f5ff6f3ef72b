// `torcd --check` and `--print-config`: exit codes and where the words go.
#include "config/check_command.hpp"

#include <cstdio>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/config/support.hpp"

namespace torc::config::test {
namespace {

/// A file of its own for each test, gone afterwards.
class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& text)
        : path_{testing::TempDir() + "torc-config-" + std::to_string(getpid()) + ".toml"} {
        std::ofstream(path_) << text;
    }
    ~TemporaryFile() { std::remove(path_.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

TEST(CheckCommand, DescribesAGoodFile) {
    const TemporaryFile file(good());
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(check_command(file.path(), {}, out, err), 0);
    EXPECT_EQ(err.str(), "");
    EXPECT_TRUE(out.str().starts_with(file.path() + ": good\ncluster t, 2 nodes, fingerprint 0x"))
        << out.str();
    EXPECT_NE(out.str().find("  a 10.0.0.1  (this daemon)\n  b 10.0.0.2\n"), std::string::npos)
        << out.str();
}

TEST(CheckCommand, ListsEveryMistakeAndCountsThem) {
    const TemporaryFile file(good() + "cores = 1\nidle = 3\n");
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(check_command(file.path(), {}, out, err), 78);
    EXPECT_EQ(out.str(), "");
    EXPECT_EQ(err.str(), file.path() +
                             ":11:1: unknown key \"cores\" in [daemon]; did you mean "
                             "\"core\"?\n" +
                             file.path() +
                             ":12:8: idle wants one of its choices in quotes, not the "
                             "bare number 3\n" +
                             file.path() + ": 2 mistakes\n");
}

TEST(CheckCommand, SaysWhatToDoWhereItKnows) {
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(check_command("/nowhere", {}, out, err), 78);
    EXPECT_NE(err.str().find("\n    give the right file with --config"), std::string::npos);
}

TEST(CheckCommand, TellsWhatTheMachineSays) {
    const TemporaryFile file(replaced(good(), "name = \"t\"", "name = \"t\"\nmtu = \"auto\""));
    std::ostringstream out;
    std::ostringstream err;
    const AskMachine warns = [](Settings& settings) {
        settings.cluster.frame_bytes = 1472;
        return Opinion{{}, {{"it is small", "buy another"}}};
    };
    EXPECT_EQ(check_command(file.path(), {}, out, err, warns), 0);
    EXPECT_EQ(err.str(), "warning: it is small\n    buy another\n");
    EXPECT_NE(out.str().find("fingerprint 0x"), std::string::npos) << out.str();

    const AskMachine refuses = [](Settings&) { return Opinion{{{"it is too small", ""}}, {}}; };
    err.str("");
    EXPECT_EQ(check_command(file.path(), {}, out, err, refuses), 78);
    EXPECT_EQ(err.str(), "it is too small\n" + file.path() + ": 1 mistake\n");
}

TEST(CheckCommand, HasNoFingerprintWhileTheMtuIsNotKnown) {
    const TemporaryFile file(replaced(good(), "name = \"t\"", "name = \"t\"\nmtu = \"auto\""));
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(check_command(file.path(), {}, out, err), 0);
    EXPECT_EQ(out.str().find("0x"), std::string::npos) << out.str();
}

TEST(PrintCommand, PrintsWhatIsInForce) {
    const TemporaryFile file(good());
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(print_command(file.path(), {.sets = {"daemon.core=2"}, .node = "b"}, out, err), 0);
    EXPECT_NE(out.str().find("\ncore = 2\n"), std::string::npos);
    EXPECT_NE(out.str().find("\nnode = \"b\"\n"), std::string::npos);
    EXPECT_EQ(mistakes(out.str()), std::vector<std::string>{});
}

TEST(PrintCommand, RefusesABadFile) {
    const TemporaryFile file("[cluster]\nx = 1\n");
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(print_command(file.path(), {}, out, err), 78);
    EXPECT_EQ(out.str(), "");
    EXPECT_NE(err.str(), "");
}

}  // namespace
}  // namespace torc::config::test

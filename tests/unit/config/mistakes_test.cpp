// Every kind of mistake gets one exact message with its place. One row is one spoilt file.
#include <gtest/gtest.h>

#include "tests/unit/config/support.hpp"

namespace torc::config::test {
namespace {

struct Mistake {
    const char* name;
    std::string text;
    std::vector<std::string> messages;
    Overrides overrides{};
};

std::string with(const std::string& more) { return good() + more; }
std::string repeated(const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}
std::string cluster(const std::string& line) {
    return replaced(good(), "name = \"t\"\n", line + "\n");
}
std::string timers(const std::string& line) { return with("[cluster.timers]\n" + line + "\n"); }

const std::vector<Mistake>& name_mistakes() {
    static const std::vector<Mistake> rows{
        {"UnknownKey",
         cluster("nmae = \"t\""),
         {"t:2:1: unknown key \"nmae\" in [cluster]; did you mean \"name\"?"}},
        {"UnknownKeyFarFromAll",
         cluster("colour = \"red\""),
         {"t:2:1: unknown key \"colour\" in [cluster]"}},
        {"KeyOfAnotherSection",
         cluster("frame_pool = 20000"),
         {"t:2:1: unknown key \"frame_pool\" in [cluster]; it belongs to [daemon]"}},
        {"KeyBeforeAnySection",
         "data_port = 4803\n" + good(),
         {"t:1:1: unknown key \"data_port\" before the first section; it belongs to [cluster]"}},
        {"UnknownKeyOfNode",
         replaced(good(), "name = \"a\"", "name = \"a\"\nadress = \"1.2.3.4\""),
         {"t:5:1: unknown key \"adress\" in [[node]]; did you mean \"address\"?"}},
        {"UnknownSection",
         with("[deamon]\ncore = 1\n"),
         {"t:11:1: unknown section [deamon]; did you mean [daemon]?"}},
        {"UnknownSectionFarFromAll",
         with("[quorum.witness]\na = 1\n"),
         {"t:11:1: unknown section [quorum.witness]"}},
        {"UnknownSubsection",
         with("[cluster.timer]\ntoken_loss = \"1s\"\n"),
         {"t:11:1: unknown section [cluster.timer]; did you mean [cluster.timers]?"}},
        {"NodeAsPlainTable",
         replaced(good(),
                  "[[node]]\nname = \"a\"\naddress = \"10.0.0.1\"\n"
                  "[[node]]\n",
                  "[node]\n"),
         {"t:3:1: write [[node]] here, not [node]",
          "t: no [[node]]: list every daemon of the cluster"}},
        {"DaemonAsArray",
         replaced(good(), "[daemon]", "[[daemon]]"),
         {"t:9:1: write [daemon] here, not [[daemon]]",
          "t: which node is this? Neither [daemon] node nor --node tells"}},
    };
    return rows;
}

const std::vector<Mistake>& value_mistakes() {
    static const std::vector<Mistake> rows{
        {"BareNumberForDuration",
         timers("token_loss = 300"),
         {"t:12:14: token_loss wants a duration with its unit in quotes, such as \"300ms\", not "
          "the bare number 300"}},
        {"BareNumberForSize",
         cluster("message_bytes = 1048576"),
         {"t:2:17: message_bytes wants a size with its unit in quotes, such as \"4MiB\", not the "
          "bare number 1048576"}},
        {"MissingUnit",
         timers("token_loss = \"300\""),
         {"t:12:14: token_loss is \"300\" without a unit: ns, us, ms, s, min or h"}},
        {"WrongUnit",
         timers("token_loss = \"300mb\""),
         {"t:12:14: token_loss is \"300mb\": unknown unit \"mb\"; a duration ends in ns, us, ms, "
          "s, "
          "min or h"}},
        {"SizeInDecimalUnit",
         cluster("mtu = \"9kB\""),
         {"t:2:7: mtu is \"9kB\": unknown unit \"kB\"; a size ends in B, KiB, MiB or GiB"}},
        {"NoWayToBoundWhatIsInFlight",
         cluster("in_flight = \"auto\""),
         {"t:2:13: in_flight is \"auto\"; it must be \"fixed\" or \"adaptive\""}},
        {"NoNumber",
         timers("token_loss = \"fast\""),
         {"t:12:14: token_loss is \"fast\"; a duration is a whole number and a unit: ns, us, ms, "
          "s, "
          "min or h"}},
        {"FractionInQuotes",
         cluster("message_bytes = \"1.5MiB\""),
         {"t:2:17: message_bytes is \"1.5MiB\"; a size is a whole number and a unit: B, KiB, MiB "
          "or GiB"}},
        {"Fraction",
         cluster("data_port = 4803.5"),
         {"t:2:13: data_port wants a whole number, not a fraction"}},
        {"StringForNumber",
         cluster("data_port = \"4803\""),
         {"t:2:13: data_port wants a whole number, not the string \"4803\""}},
        {"StringForBoolean",
         cluster("status_frames = \"yes\""),
         {"t:2:17: status_frames wants true or false, not the string \"yes\""}},
        {"NumberForName",
         cluster("name = 7"),
         {"t:2:8: name wants a name in quotes, not the bare number 7"}},
        {"ArrayForName",
         cluster("name = [\"a\"]"),
         {"t:2:8: name wants a name in quotes, not an array"}},
        {"StringForArray",
         with("eal = \"--no-huge\"\n"),
         {"t:11:7: eal wants an array of strings, not the string \"--no-huge\""}},
        {"ArrayOfNumbers",
         with("eal = [1, 2]\n"),
         {"t:11:7: eal wants an array of strings, not an array of something other than strings"}},
        {"Date",
         cluster("name = 2026-11-24"),
         {"t:2:8: name wants a name in quotes, not a date or time"}},
        {"NumberOutOfRange",
         cluster("data_port = 65535"),
         {"t:2:13: data_port is 65535; it must be from 1 to 65534"}},
        {"LossWithoutEnabled",
         with("[lossy]\nloss_ppm = 5\n"),
         {"t:12:1: loss_ppm is 5, but [lossy] enabled is false, so that no frame would be "
          "touched"}},
        {"MoreThanAllFrames",
         with("[lossy]\nenabled = true\nloss_ppm = 1000001\n"),
         {"t:13:12: loss_ppm is 1000001; it must be from 0 to 1000000"}},
        {"NegativeNumber", with("core = -2\n"), {"t:11:8: core is -2; it must be from -1 to 1023"}},
        {"DurationOutOfRange",
         timers("hold_after = \"2h\""),
         {"t:12:14: hold_after is 2h; it must be from 10us to 1h"}},
        {"DurationBeyondAllNumbers",
         timers("hold_after = \"99999999999999999999h\""),
         {"t:12:14: hold_after is \"99999999999999999999h\"; it must be from 10us to 1h"}},
        {"SizeOutOfRange",
         cluster("mtu = \"576B\""),
         {"t:2:7: mtu is 576B; it must be from 1500B to 9000B"}},
        {"MessageTooLarge",
         cluster("message_bytes = \"17MiB\""),
         {"t:2:17: message_bytes is 17MiB; it must be from 64KiB to 16MiB"}},
        {"InFlightTooLarge",
         cluster("in_flight_frames = 2049"),
         {"t:2:20: in_flight_frames is 2049; it must be from 1 to 2048"}},
        {"BurstTooLarge",
         cluster("burst_frames = 257"),
         {"t:2:16: burst_frames is 257; it must be from 1 to 256"}},
        {"TooManySessions",
         with("sessions = 4097\n"),
         {"t:11:12: sessions is 4097; it must be from 1 to 4096"}},
        {"UnknownChoice",
         cluster("dissemination = \"multicats\""),
         {"t:2:17: dissemination is \"multicats\"; it must be \"multicast\", \"unicast\" or "
          "\"mesh\"; did you mean \"multicast\"?"}},
        {"UnknownChoiceFarFromAll",
         with("idle = \"never\"\n"),
         {"t:11:8: idle is \"never\"; it must be \"spin\", \"adaptive\" or \"sleepy\""}},
        {"UnknownProfile",
         timers("profile = \"dpkd\""),
         {"t:12:11: profile is \"dpkd\"; it must be \"lan\", \"dpdk\", \"aggressive\" or "
          "\"tight\"; "
          "did you mean \"dpdk\"?"}},
        {"RelativePath",
         with("runtime_dir = \"run\"\n"),
         {"t:11:15: runtime_dir is \"run\"; it must be an absolute path"}},
        {"EmptyPath",
         with("runtime_dir = \"\"\n"),
         {"t:11:15: runtime_dir is \"\"; it must be an absolute path"}},
        {"NulInPath",
         with("runtime_dir = \"/a\\u0000b\"\n"),
         {"t:11:15: runtime_dir is \"/a\\u0000b\"; a path has no NUL byte"}},
        {"BadName",
         cluster("name = \"a b\""),
         {"t:2:8: name is \"a b\"; a name is 1 to 31 letters, digits, '.', '_' or '-'"}},
        {"NameTooLong",
         cluster("name = \"" + std::string(32, 'x') + "\""),
         {"t:2:8: name is \"" + std::string(32, 'x') +
          "\"; a name is 1 to 31 letters, digits, '.', '_' or '-'"}},
        {"LinkLocalGroup",
         cluster("multicast_group = \"224.0.0.1\""),
         {"t:2:19: multicast_group is \"224.0.0.1\"; it must be from 224.0.1.0 to "
          "239.255.255.255"}},
    };
    return rows;
}

const std::vector<Mistake>& node_mistakes() {
    static const std::vector<Mistake> rows{
        {"NoNodes",
         "[daemon]\n",
         {"t: no [[node]]: list every daemon of the cluster",
          "t: which node is this? Neither [daemon] node nor --node tells"}},
        {"DuplicateName",
         replaced(good(), "\"b\"", "\"a\""),
         {"t:7:8: duplicate node name \"a\"; first given at t:4:8"}},
        {"DuplicateAddress",
         replaced(good(), "10.0.0.2", "10.0.0.1"),
         {"t:8:11: duplicate node address \"10.0.0.1\"; first given at t:5:11"}},
        {"BadAddress",
         replaced(good(), "10.0.0.2", "10.0.0"),
         {"t:8:11: address is \"10.0.0\", which is no IPv4 address"}},
        {"GroupAsAddress",
         replaced(good(), "10.0.0.2", "239.0.0.2"),
         {"t:8:11: address is \"239.0.0.2\", which no host can have"}},
        {"BadNodeName",
         replaced(good(), "\"b\"", "\"b#1\""),
         {"t:7:8: name is \"b#1\"; a name is 1 to 31 letters, digits, '.', '_' or '-'"}},
        {"EmptyNodeName",
         replaced(good(), "\"b\"", "\"\""),
         {"t:7:8: name is \"\"; a name is 1 to 31 letters, digits, '.', '_' or '-'"}},
        {"NoAddress",
         replaced(good(), "address = \"10.0.0.2\"\n", ""),
         {"t:6:1: this [[node]] has no address"}},
        {"NoName", replaced(good(), "name = \"b\"\n", ""), {"t:6:1: this [[node]] has no name"}},
        {"NodeNotInList",
         replaced(good(), "node = \"a\"", "node = \"alpha-one\""),
         {"t:10:1: node \"alpha-one\" is not among the [[node]] sections"}},
        {"NodeOptionNotInList",
         good(),
         {"--node c: node \"c\" is not among the [[node]] sections; did you mean \"a\"?"},
         {.node = "c"}},
        {"NodeNotTold",
         replaced(good(), "node = \"a\"\n", ""),
         {"t: which node is this? Neither [daemon] node nor --node tells"}},
    };
    return rows;
}

const std::vector<Mistake>& relation_mistakes() {
    static const std::vector<Mistake> rows{
        {"RetransmitTooLong",
         timers("token_retransmit = \"80ms\""),
         {"t:12:1: token_retransmit (80ms) must be at most 1/4 of token_loss (300ms): a lost token "
          "must be repaired several times before the ring is given up"}},
        {"HoldRefreshTooLong",
         timers("hold_refresh = \"76ms\""),
         {"t:12:1: hold_refresh (76ms) must be at most 1/4 of token_loss (300ms): a held token "
          "must "
          "prove that it lives before the ring is given up"}},
        {"LossTooShort",
         timers("token_loss = \"7ms\""),
         {"t:12:1: token_retransmit (2ms) must be at most 1/4 of token_loss (7ms): a lost token "
          "must be repaired several times before the ring is given up",
          "t:12:1: hold_refresh (50ms) must be at most 1/4 of token_loss (7ms): a held token must "
          "prove that it lives before the ring is given up",
          "t:12:1: join_interval (20ms) must be at most 1/4 of token_loss (7ms): a lost PLAN must "
          "be repeated before the token of the new ring counts as lost"}},
        {"ConsensusTooShort",
         timers("consensus = \"79ms\""),
         {"t:12:1: join_interval (20ms) must be at most 1/4 of consensus (79ms): a lost JOIN must "
          "be repeated before its sender is left out"}},
        {"FormStepTooShort",
         timers("form_step = \"79ms\""),
         {"t:12:1: join_interval (20ms) must be at most 1/4 of form_step (79ms): a lost PROPOSE "
          "must be repeated before the attempt is given up"}},
        {"RecoveryTooShort",
         timers("recovery = \"299ms\""),
         {"t:12:1: form_step (150ms) must be at most 1/2 of recovery (299ms): recovery comes after "
          "a step of forming, and moves data as well",
          "t:12:1: token_loss (300ms) must be at most recovery (299ms): a lost recovery token must "
          "be noticed before recovery is given up"}},
        {"MergeProbeTooShort",
         timers("merge_probe = \"19ms\""),
         {"t:12:1: join_interval (20ms) must be at most merge_probe (19ms): daemons outside the "
          "ring must speak more often than they are asked for",
          "t:12:1: hold_refresh (50ms) must be at most merge_probe (19ms): the token that invites "
          "outsiders must come by while what they said still counts"}},
        {"LossBelowTheTurnOfOthers",
         timers("hold_refresh = \"900us\"\nprofile = \"dpdk\"\ntoken_loss = \"3999us\""),
         {"t:14:1: token_loss (3999us) must be at least 4ms here: others may run for so long on "
          "the "
          "processor of a ring core that is not pinned; set core in [daemon], or another profile"}},
        {"AggressiveOnASharedCore",
         with("idle = \"spin\"\n[cluster.timers]\nprofile = \"aggressive\"\n"),
         {"t:13:1: token_loss (1ms) must be at least 4ms here: others may run for so long on the "
          "processor of a ring core that is not pinned; set core in [daemon], or another profile",
          "t:13:1: consensus (1ms) must be at least 4ms here: others may run for so long on the "
          "processor of a ring core that is not pinned; set core in [daemon], or another profile",
          "t:13:1: form_step (1ms) must be at least 4ms here: others may run for so long on the "
          "processor of a ring core that is not pinned; set core in [daemon], or another "
          "profile"}},
        {"AggressiveAsleep",
         with("core = 1\n[cluster.timers]\nprofile = \"aggressive\"\n"),
         {"t:13:1: join_interval (100us) must be at least 200us here: a frame may lie unread for "
          "so "
          "long while the ring core sleeps; set idle = \"spin\" in [daemon], or another profile"}},
        {"ClientCoreOnTheRingCore",
         with("core = 3\nclient_core = 3\n"),
         {"t:12:1: client_core is 3, as core is: two threads that look all the time would take "
          "turns on it"}},
        {"BurstAboveInFlight",
         cluster("in_flight_frames = 63"),
         {"t:2:1: burst_frames (64) must be at most in_flight_frames (63): no visit may send more "
          "than may be on the way"}},
        {"PoolTooSmall",
         with("frame_pool = 4095\n"),
         {"t:11:1: frame_pool is 4095; in_flight_frames = 768 needs at least 4096"}},
        {"SessionRingNoPowerOfTwo",
         with("session_ring_bytes = \"3MiB\"\n"),
         {"t:11:1: session_ring_bytes is 3MiB; it must be a power of two, such as \"2MiB\" or "
          "\"4MiB\""}},
        {"MeshOverUdp",
         cluster("dissemination = \"mesh\""),
         {"t:2:1: dissemination = \"mesh\" needs port = \"dpdk\" in [daemon]"}},
        {"DpdkWithoutDevice",
         with("port = \"dpdk\"\n"),
         {"t:11:1: port = \"dpdk\" needs a device: a name as the EAL knows it, or "
          "\"vhost-mesh\""}},
        {"VhostWithoutMesh",
         with("port = \"dpdk\"\ndevice = \"vhost-mesh\"\nmesh_dir = \"/m\"\n"),
         {"t:12:1: device = \"vhost-mesh\" needs dissemination = \"mesh\" in [cluster]"}},
        {"VhostWithoutFolder",
         replaced(with("port = \"dpdk\"\ndevice = \"vhost-mesh\"\n"), "name = \"t\"",
                  "dissemination = \"mesh\""),
         {"t:12:1: device = \"vhost-mesh\" needs mesh_dir"}},
    };
    return rows;
}

const std::vector<Mistake>& command_line_mistakes() {
    static const std::vector<Mistake> rows{
        {"SetWithoutEquals",
         good(),
         {"--set cluster.mtu: wants section.key=value"},
         {.sets = {"cluster.mtu"}}},
        {"SetWithoutSection",
         good(),
         {"--set mtu=1.5: wants section.key=value"},
         {.sets = {"mtu=1.5"}}},
        {"SetUnknownSection",
         good(),
         {"--set cluser.mtu=1500B: unknown section [cluser]; did you mean [cluster]?"},
         {.sets = {"cluser.mtu=1500B"}}},
        {"SetUnknownKey",
         good(),
         {"--set cluster.mut=1500B: unknown key \"mut\" in [cluster]; did you mean \"mtu\"?"},
         {.sets = {"cluster.mut=1500B"}}},
        {"SetNode",
         good(),
         {"--set node.name=x: nodes are set in the file only, as [[node]] sections"},
         {.sets = {"node.name=x"}}},
        {"SetBareNumber",
         good(),
         {"--set cluster.timers.token_loss=300: token_loss is \"300\" without a unit: ns, us, ms, "
          "s, min or h"},
         {.sets = {"cluster.timers.token_loss=300"}}},
        {"SetNoNumber",
         good(),
         {"--set daemon.sessions=many: sessions wants a whole number, not \"many\""},
         {.sets = {"daemon.sessions=many"}}},
        {"SetNoBoolean",
         good(),
         {"--set cluster.status_frames=1: status_frames wants true or false, not \"1\""},
         {.sets = {"cluster.status_frames=1"}}},
        {"SetBreaksRelation",
         good(),
         {"--set daemon.frame_pool=1024: frame_pool is 1024; in_flight_frames = 768 needs at least "
          "4096"},
         {.sets = {"daemon.frame_pool=1024"}}},
        {"NodeOptionBadName",
         good(),
         {"--node a b: node is \"a b\"; a name is 1 to 31 letters, digits, '.', '_' or '-'"},
         {.node = "a b"}},
    };
    return rows;
}

class MistakeTest : public testing::TestWithParam<Mistake> {};

TEST_P(MistakeTest, IsReportedExactly) {
    ASSERT_FALSE(GetParam().text.empty()) << "the row spoils nothing";
    EXPECT_EQ(mistakes(GetParam().text, GetParam().overrides), GetParam().messages);
}

std::string name_of(const testing::TestParamInfo<Mistake>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Names, MistakeTest, testing::ValuesIn(name_mistakes()), name_of);
INSTANTIATE_TEST_SUITE_P(Values, MistakeTest, testing::ValuesIn(value_mistakes()), name_of);
INSTANTIATE_TEST_SUITE_P(Nodes, MistakeTest, testing::ValuesIn(node_mistakes()), name_of);
INSTANTIATE_TEST_SUITE_P(Relations, MistakeTest, testing::ValuesIn(relation_mistakes()), name_of);
INSTANTIATE_TEST_SUITE_P(CommandLine, MistakeTest, testing::ValuesIn(command_line_mistakes()),
                         name_of);

TEST(Mistakes, TheGoodFileHasNone) { EXPECT_EQ(mistakes(good()), std::vector<std::string>{}); }

TEST(Mistakes, AllOfAFileAreReportedInItsOrder) {
    std::string text = good() + "idle = \"fast\"\n[cluster.timers]\ntoken_loss = 5\n";
    text = replaced(text, "name = \"t\"", "naem = \"t\"");
    text = replaced(text, "10.0.0.2", "10.0.0.256");
    const std::vector<std::string> found = mistakes(text);
    ASSERT_EQ(found.size(), 4u);
    EXPECT_EQ(found[0].substr(0, 6), "t:2:1:");
    EXPECT_EQ(found[1].substr(0, 7), "t:8:11:");
    EXPECT_EQ(found[2].substr(0, 7), "t:11:8:");
    EXPECT_EQ(found[3].substr(0, 8), "t:13:14:");
}

TEST(Mistakes, ASyntaxErrorHasItsPlace) {
    const std::vector<std::string> found = mistakes("[cluster]\nname = \"t\n");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].substr(0, 4), "t:2:");
}

TEST(Mistakes, AKeyGivenTwiceIsASyntaxError) {
    const std::vector<std::string> found = mistakes("[cluster]\nname = \"a\"\nname = \"b\"\n");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].substr(0, 4), "t:3:");
}

TEST(Mistakes, TooManyNodes) {
    std::string text = "[daemon]\nnode = \"n0\"\n";
    for (int i = 0; i < 129; ++i) {
        text += "[[node]]\nname = \"n" + std::to_string(i) + "\"\naddress = \"10.0.0." +
                std::to_string(i + 1) + "\"\n";
    }
    EXPECT_EQ(mistakes(text),
              std::vector<std::string>{"t:388:8: 129 nodes; a cluster has at most 128"});
}

TEST(Mistakes, AFileThatIsNotThere) {
    const LoadOutcome outcome = load_file("/nowhere/torc.toml");
    ASSERT_EQ(outcome.errors.size(), 1u);
    EXPECT_EQ(outcome.errors[0].message, "/nowhere/torc.toml: No such file or directory");
    EXPECT_FALSE(outcome.errors[0].remedy.empty());
}

TEST(Mistakes, AFolderIsNoFile) {
    const LoadOutcome outcome = load_file("/tmp");
    ASSERT_EQ(outcome.errors.size(), 1u);
    EXPECT_EQ(outcome.errors[0].message, "/tmp: Is a directory");
}

TEST(Mistakes, HostileBytesNeverCrash) {
    for (const std::string& text :
         {std::string("\0\xff\xfe", 3), std::string(100'000, '['), std::string(100'000, '{'),
          "[cluster]\nname = \"" + std::string(500'000, 'x') + "\"\n",
          "a." + std::string(50'000, 'b') + " = 1\n", repeated("x.", 200'000) + "x = 1\n",
          "[x" + repeated(".x", 200'000) + "]\n", "x = " + repeated("{a = ", 100'000),
          "x = " + repeated("[", 100'000)}) {
        EXPECT_FALSE(load_text(text, "t").errors.empty());
    }
}

TEST(Mistakes, AHeaderThatTheParserAssertsOn) {
    for (const char* header : {"[.x]", "[[=]]", "[[[x]]]"}) {
        EXPECT_EQ(
            mistakes("[cluster]\n\n" + std::string(header) + "\n"),
            std::vector<std::string>{"t:3:1: a section's name must begin with a letter, digit, "
                                     "'_', '-' or quote"});
    }
}

/// 16 nested values of 256 parts each: as deep as a file can get.
TEST(Mistakes, TheDeepestFileIsStillRead) {
    std::string text = repeated("x.", 250) + "x = ";
    for (int i = 0; i < 14; ++i) text += "[\n{" + repeated("x.", 250) + "x = ";
    text += "1";
    for (int i = 0; i < 14; ++i) text += "}\n]";
    EXPECT_FALSE(load_text(text, "t").errors.empty());
}

}  // namespace
}  // namespace torc::config::test

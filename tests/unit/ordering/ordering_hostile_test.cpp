// Frames that no honest daemon sends: counted drops, or a report that the ring is inconsistent;
// never a crash, and the ring goes on.
#include "tests/unit/ordering/ring_fixture.hpp"

namespace torc::ordering::testing {
namespace {

using namespace std::chrono_literals;
using telemetry::CounterId;

std::vector<std::byte> encoded(const wire::Token& token) {
    FakePool pool;
    FrameRef frame = pool.lend(0, true);
    wire::encode_token(token, NodeIndex{0}, kHash, frame);
    std::vector<std::byte> bytes(frame.bytes().begin(), frame.bytes().end());
    pool.give_back(frame.cookie);
    return bytes;
}

std::vector<std::byte> data_frame(const RingId& ring, NodeIndex sender, Seq seq,
                                  const std::string& text, std::uint32_t sender_seq = 1) {
    FakePool pool;
    const FrameRef frame = pool.lend(0, true);
    wire::FrameBuilder builder(frame, kFrameBytesMin, sender, kHash);
    const std::span<const std::byte> piece = std::as_bytes(std::span(text));
    builder.append({1, Service::agreed, false}, {&piece, 1});
    wire::Stamp stamp;
    stamp.ring = ring;
    stamp.seq = seq;
    stamp.sender_seq = sender_seq;
    wire::stamp(builder.frame(), stamp);
    std::vector<std::byte> bytes(builder.frame().bytes().begin(), builder.frame().bytes().end());
    pool.give_back(frame.cookie);
    return bytes;
}

/// A ring of two; the true token on its way to 1 is taken off the wire.
struct CaughtToken {
    Cluster c{2};
    wire::Token token;

    CaughtToken() {
        c.form({0, 1});
        for (int i = 0; i < 5; ++i) c.send(0, std::string(1400, 'a'));
        c.run_until([&] { return c.all_stable(); });
        bool caught = false;
        c.lose = [&](const Packet& p) {
            if (!p.is(wire::Kind::token) || p.to != 1) return false;
            token = p.token();
            caught = true;
            return true;
        };
        c.send(0, "b");
        c.run_until([&] { return caught; });
        c.run_for(Cluster::kDelay);
        c.lose = [](const Packet& p) { return p.is(wire::Kind::token); };
    }
    void expect_refused(const wire::Token& bad, const char* why) {
        const std::uint64_t accepted = c[1].count(CounterId::token_accepted);
        const std::uint64_t refused = c[1].count(CounterId::token_implausible);
        c.inject(1, encoded(bad));
        EXPECT_EQ(c[1].count(CounterId::token_accepted), accepted) << why;
        EXPECT_EQ(c[1].count(CounterId::token_implausible), refused + 1) << why;
    }
};

/// Whatever window a token tells of, nobody has more in flight than is configured.
TEST(Hostile, AWindowBeyondWhatIsConfiguredIsNotBelieved) {
    config::ClusterSettings settings = test_settings(3);
    settings.in_flight_frames = 20;
    settings.burst_frames = 8;
    settings.in_flight = config::InFlight::adaptive;
    Cluster c(settings);
    c.form(c.everybody());
    for (std::size_t i = 0; i < 3; ++i) {
        c[i].on_visit = [](wire::Token& token) { token.window = 1'000'000; };
    }
    std::uint64_t worst = 0;
    c.watch = [&](const Packet& p) {
        if (!p.is(wire::Kind::token)) return;
        worst = std::max(worst, p.token().seq.raw - c[p.from].ring->stable().raw);
    };
    for (int n = 0; n < 200; ++n) {
        for (std::size_t i = 0; i < 3; ++i) c.submit(i, std::string(1300, 'x'));
        c.run_for(20us);
    }
    c.run_until([&] { return c.all_stable(); });
    EXPECT_LE(worst, 20u);
    EXPECT_GT(worst, 8u) << "the window is used";
}

TEST(Hostile, TokensThatContradictWhatIsKnown) {
    CaughtToken caught;
    Cluster& c = caught.c;
    wire::Token bad = caught.token;
    bad.seq = c[1].ring->high().prev();
    bad.aru = bad.seq;
    caught.expect_refused(bad, "less than I have seen");
    bad = caught.token;
    bad.aru = c[1].ring->stable().prev();
    caught.expect_refused(bad, "less than is everywhere");
    bad = caught.token;
    bad.seq = c[1].ring->stable() + (kWindowFrames + 1);
    caught.expect_refused(bad, "more than anyone may give out");
    bad = caught.token;
    bad.seq = Seq{~std::uint64_t{0}};
    caught.expect_refused(bad, "far more");
    bad = caught.token;
    ++bad.token_seq;
    caught.expect_refused(bad, "a hop that is not mine");
    bad = caught.token;
    bad.token_seq = ~std::uint64_t{0};
    caught.expect_refused(bad, "the end of all numbers");
    bad = caught.token;
    bad.aru_setter = NodeIndex{77};
    caught.expect_refused(bad, "set by a stranger");
    bad = caught.token;
    bad.flags |= wire::kTokenRecovery;
    caught.expect_refused(bad, "recovery is over");

    const std::uint64_t accepted = c[1].count(CounterId::token_accepted);
    c.inject(1, encoded(caught.token));
    EXPECT_EQ(c[1].count(CounterId::token_accepted), accepted + 1) << "the true one still counts";
}

TEST(Hostile, AbsurdRequestsAndSumsOnAToken) {
    CaughtToken caught;
    wire::Token bad = caught.token;
    bad.fcc_frames = bad.fcc_bytes = bad.backlog = ~std::uint32_t{0};
    bad.candidates_by = NodeIndex{99};
    bad.requests.push_back({bad.ring, Seq{~std::uint64_t{0}}, NodeIndex{0}, 255});
    bad.requests.push_back({bad.ring, Seq{1}, NodeIndex{1}, 255});
    bad.requests.push_back({bad.ring, Seq{2}, NodeIndex{99}, 3});
    bad.requests.push_back({RingId{9, NodeIndex{9}}, Seq{3}, NodeIndex{0}, 0});
    while (!bad.requests.full()) bad.requests.push_back({bad.ring, Seq{6}, NodeIndex{0}, 0});
    caught.c.inject(1, encoded(bad));
    caught.c.lose = nullptr;
    caught.c.send(1, "still works");
    caught.c.run_until([&] { return caught.c.all_got("still works"); });
}

TEST(Hostile, DataBeyondTheWindowAndFromStrangers) {
    Cluster c(2);
    c.form({0, 1});
    const RingId ring = c[1].ring->id();
    c.inject(1, data_frame(ring, NodeIndex{0}, Seq{kWindowFrames + 1}, "far"));
    c.inject(1, data_frame(ring, NodeIndex{0}, Seq{~std::uint64_t{0}}, "farther"));
    EXPECT_EQ(c[1].count(CounterId::data_beyond_window), 2u);
    c.inject(1, data_frame(ring, NodeIndex{99}, Seq{1}, "stranger"));
    c.inject(1, data_frame(ring, NodeIndex{1}, Seq{1}, "me, but I did not"));
    EXPECT_EQ(c[1].count(CounterId::data_impossible), 2u);
    c.inject(1, data_frame({77, NodeIndex{0}}, NodeIndex{0}, Seq{1}, "another ring"));
    EXPECT_EQ(c[1].count(CounterId::data_foreign), 1u);
    c.send(0, "fine");
    c.run_until([&] { return c.all_got("fine"); });
}

TEST(Hostile, TwoBodiesForOneSeq) {
    Cluster c(2);
    c.form({0, 1});
    c.send(0, "true");
    c.run_until([&] { return c[0].got("true"); });
    // The token stops, so that the frame is not stable and stays in the window.
    c.lose = [](const Packet& p) { return p.is(wire::Kind::token); };
    c.run_until([&] { return c[1].got("true"); });
    const RingId ring = c[1].ring->id();
    c.inject(1, data_frame(ring, NodeIndex{0}, Seq{1}, "false"));
    EXPECT_EQ(c[1].count(CounterId::inconsistent_frames), 1u);
    EXPECT_TRUE(c[1].reported(RingEvent::inconsistent));
    EXPECT_FALSE(c[1].got("false"));
}

TEST(Hostile, SeqInventedWhileTheTokenIsHere) {
    Cluster c(2);
    c.form({0, 1});
    c.run_until([&] { return c[0].ring->holds_token(); });
    c.inject(0, data_frame(c[0].ring->id(), NodeIndex{1}, Seq{1}, "invented"));
    EXPECT_EQ(c[0].count(CounterId::data_impossible), 1u);
    c.send(0, "true");
    c.run_until([&] { return c.all_got("true"); });
    EXPECT_FALSE(c[0].got("invented"));
}

TEST(Hostile, InventedSeqElsewhereEndsInAReconfigurationNotInACrash) {
    Cluster c(2);
    c.form({0, 1});
    c.run_until([&] { return c[0].ring->holds_token(); });
    c.inject(1, data_frame(c[0].ring->id(), NodeIndex{0}, Seq{1}, "invented"));
    c.send(1, "mine");
    c.run_until([&] { return !c[1].ring->operational(); });
    EXPECT_GT(c[1].count(CounterId::token_implausible), 0u);
}

TEST(Hostile, StatusAndWakeOfOtherRings) {
    Cluster c(2);
    c.form({0, 1});
    c.run_until([&] { return c[0].ring->holds_token(); });
    FakePool pool;
    FrameRef frame = pool.lend(0, true);
    wire::WakeFrame wake;
    wake.epoch = 4711;
    wake.sender = 1;
    wire::encode_wake(wake, NodeIndex{1}, kHash, frame);
    c.inject(0, {frame.bytes().begin(), frame.bytes().end()});
    EXPECT_TRUE(c[0].ring->holds_token());
    wire::StatusFrame status;
    status.epoch = 4711;
    status.sender = 1;
    wire::encode_status(status, NodeIndex{1}, kHash, frame);
    c.inject(0, {frame.bytes().begin(), frame.bytes().end()});
    EXPECT_EQ(c[0].count(CounterId::status_foreign), 2u);
    pool.give_back(frame.cookie);
}

}  // namespace
}  // namespace torc::ordering::testing

// Losses asked for by STATUS as soon as a sender's counter jumps: who asks, who waits, who answers
// to whom, and what no NACK can do.
#include <limits>

#include "base/prng.hpp"
#include "ordering/loss_watch.hpp"
#include "ordering/nack_answers.hpp"
#include "tests/unit/ordering/ring_fixture.hpp"

namespace torc::ordering::testing {
namespace {

using namespace std::chrono_literals;
using telemetry::CounterId;

constexpr std::uint64_t kAll = ~std::uint64_t{0};

// --- which frames are lost: LossWatch alone ----------------------------------------------------

/// What one member sees of two senders, A (1) and B (2).
class Watch : public ::testing::Test {
protected:
    static constexpr NodeIndex kA{1};
    static constexpr NodeIndex kB{2};
    static constexpr Instant kStart{1s};

    Watch() {
        io.driver = &pool;
        io.release_fn = [](void* driver, void* cookie) {
            static_cast<FakePool*>(driver)->give_back(cookie);
        };
    }
    ~Watch() override { window.reset(); }

    std::uint32_t take(NodeIndex sender, std::uint64_t seq, std::uint32_t counter,
                       bool ends_visit = false) {
        window.store(Seq{seq},
                     {pool.lend(1, false), counter, sender, Service::agreed, SlotState::have});
        const LossWatch::Place place{Seq{seq}, counter, ends_visit};
        if (losses.follows(sender, place)) return 0;
        return losses.jumped(now, window, sender, place);
    }
    std::vector<std::uint64_t> asked() {
        std::vector<std::uint64_t> seqs;
        losses.take_due(now, window).each([&](Seq seq) {
            seqs.push_back(seq.raw);
            return true;
        });
        return seqs;
    }
    using Seqs = std::vector<std::uint64_t>;

    FakePool pool;
    wire::FrameIo io;
    ReceiveWindow window{io};
    LossWatch losses;
    Instant now{kStart};
};

TEST_F(Watch, NothingIsLostWhereCountersFollow) {
    take(kA, 1, 1);
    take(kA, 2, 2, true);
    take(kB, 5, 1);  // A's 3 and 4 are on their way
    take(kA, 3, 3);
    EXPECT_EQ(losses.due(), kNever);
    EXPECT_EQ(asked(), Seqs{});
}

TEST_F(Watch, WithinAVisitWhatIsBetweenIsLost) {
    take(kA, 1, 1);
    take(kA, 5, 5);
    EXPECT_EQ(losses.due(), now);
    EXPECT_EQ(asked(), (Seqs{2, 3, 4}));
    EXPECT_EQ(asked(), Seqs{}) << "once";
}

TEST_F(Watch, TheFirstFrameOfARingCanBeLost) {
    take(kA, 4, 2);
    EXPECT_EQ(asked(), Seqs{3}) << "1 and 2 may be another's";
}

TEST_F(Watch, TheEndOfAVisitIsFoundBeforeTheNextSendersFrames) {
    take(kA, 1, 1);
    take(kB, 4, 1, true);
    take(kA, 5, 4);
    EXPECT_EQ(asked(), (Seqs{2, 3}));
}

TEST_F(Watch, TheBeginningOfAVisitIsFoundBehindTheOthersFrames) {
    take(kA, 1, 1, true);
    take(kB, 2, 1, true);
    take(kA, 5, 4);
    EXPECT_EQ(asked(), (Seqs{3, 4}));
}

TEST_F(Watch, BothEndsAreFound) {
    take(kA, 1, 1);
    take(kB, 4, 1, true);
    take(kA, 7, 6);  // of 4 lost ones, 2 and 3 ended one visit and 5 and 6 began the next
    EXPECT_EQ(asked(), (Seqs{2, 3, 5, 6}));
}

TEST_F(Watch, NoMoreThanTheCounterSaysIsAskedFor) {
    take(kA, 1, 1, true);
    take(kA, 9, 3);  // 2 to 7 are another's and may be on their way
    EXPECT_EQ(asked(), Seqs{8});
}

TEST_F(Watch, WhatACopyBroughtIsNotAskedFor) {
    take(kA, 1, 1);
    window.store(Seq{2}, {pool.lend(1, false), 2, kA, Service::agreed, SlotState::have});
    take(kA, 4, 4);
    EXPECT_EQ(asked(), Seqs{3});
}

TEST_F(Watch, LateFramesChangeNothing) {
    take(kA, 1, 1);
    take(kA, 3, 3);
    take(kA, 2, 2);
    EXPECT_EQ(asked(), Seqs{}) << "it came before it was asked for";
    take(kA, 4, 4);
    EXPECT_EQ(losses.due(), kNever);
}

TEST_F(Watch, ImpossibleJumpsProveNothing) {
    take(kA, 1, 1);
    take(kA, 4, static_cast<std::uint32_t>(kInFlightMax) + 2);
    take(kA, 6, std::numeric_limits<std::uint32_t>::max());
    EXPECT_EQ(asked(), Seqs{});
    take(kA, 8, 3);
    EXPECT_EQ(asked(), Seqs{2}) << "the counter goes on where it was";
}

TEST_F(Watch, CountersThatRunBackwardsInTheOrderEndNoLoop) {
    take(kA, 100, 1);
    take(kA, 50, 90);
    EXPECT_EQ(asked(), Seqs{});
    take(kA, 60, 2'000);
    EXPECT_LE(asked().size(), Nack::kBits);
}

TEST_F(Watch, TwoRequestsAreAnIntervalApart) {
    take(kA, 1, 1);
    take(kA, 3, 3);
    EXPECT_EQ(asked(), Seqs{2});
    take(kA, 5, 5);
    EXPECT_EQ(losses.due(), now + kStatusInterval);
    now += kStatusInterval;
    EXPECT_EQ(asked(), Seqs{4});
    EXPECT_EQ(losses.due(), kNever);
}

TEST_F(Watch, WhatDoesNotFitIsAskedForNext) {
    take(kA, 1, 1);
    take(kA, 3, 3);
    take(kA, 199, 199);
    take(kA, 201, 201);
    const Seqs first = asked();
    ASSERT_FALSE(first.empty());
    EXPECT_EQ(first.front(), 2u);
    EXPECT_LE(first.back(), 1 + Nack::kBits);
    EXPECT_EQ(losses.due(), now + kStatusInterval);
}

TEST_F(Watch, WhatSomebodyElseAskedForWaitsOnce) {
    Nack others{Seq{1}};
    others.add(Seq{2});
    EXPECT_EQ(losses.overhear(now, others), 0u) << "nothing is known to be lost yet";
    take(kA, 1, 1);
    EXPECT_EQ(take(kA, 4, 4), 1u);
    EXPECT_EQ(asked(), Seqs{3}) << "nobody else asked for this one";
    now += kStatusInterval - 1ns;
    EXPECT_EQ(losses.overhear(now, others), 0u) << "or a liar could silence me";
    now += 1ns;
    EXPECT_EQ(asked(), Seqs{2});
}

TEST_F(Watch, WhatSomebodyElseAskedForLongAgoDoesNotWait) {
    Nack others{Seq{1}};
    others.add(Seq{2});
    losses.overhear(now, others);
    now += kStatusInterval;
    take(kA, 1, 1);
    EXPECT_EQ(take(kA, 3, 3), 0u);
    EXPECT_EQ(asked(), Seqs{2});
}

TEST_F(Watch, WaitingEndsWhenItCame) {
    take(kA, 1, 1);
    take(kA, 3, 3);
    Nack others{Seq{1}};
    others.add(Seq{2});
    EXPECT_EQ(losses.overhear(now, others), 1u);
    EXPECT_EQ(losses.due(), now + kStatusInterval);
    window.store(Seq{2}, {pool.lend(1, false), 2, kA, Service::agreed, SlotState::have});
    now += kStatusInterval;
    EXPECT_EQ(asked(), Seqs{});
    EXPECT_EQ(losses.due(), kNever);
}

// --- whom to answer: NackAnswers alone ---------------------------------------------------------

TEST(NackAnswers, FirstTheOneThenAllThenNobody) {
    NackAnswers answers;
    answers.start_ring();
    const Instant now{1s};
    using To = NackAnswers::To;
    EXPECT_EQ(answers.answer(now, Seq{5}, NodeIndex{1}), To::requester);
    EXPECT_EQ(answers.answer(now, Seq{5}, NodeIndex{1}), To::nobody);
    EXPECT_EQ(answers.answer(now, Seq{5}, NodeIndex{2}), To::everybody);
    EXPECT_EQ(answers.answer(now, Seq{5}, NodeIndex{3}), To::nobody);
    EXPECT_EQ(answers.answer(now, Seq{5}, NodeIndex{1}), To::nobody);
    EXPECT_EQ(answers.answer(now + kAnswerInterval, Seq{5}, NodeIndex{3}), To::requester);
    EXPECT_EQ(answers.answer(now, Seq{6}, NodeIndex{3}), To::requester) << "of each seq";
}

TEST(NackAnswers, SomeForEachVisit) {
    NackAnswers answers;
    answers.start_ring();
    for (std::uint64_t seq = 1; seq <= 2; ++seq) {
        EXPECT_TRUE(answers.may_send(7, 2));
        answers.answer(Instant{1s}, Seq{seq}, NodeIndex{1});
    }
    EXPECT_FALSE(answers.may_send(7, 2));
    EXPECT_TRUE(answers.may_send(8, 2));
}

// --- the ring ----------------------------------------------------------------------------------

std::vector<std::byte> nack_frame(const RingId& ring, std::uint16_t sender, std::uint64_t base,
                                  std::uint64_t low, std::uint64_t high = 0) {
    FakePool pool;
    FrameRef frame = pool.lend(0, true);
    wire::StatusFrame status;
    status.epoch = ring.epoch;
    status.representative = raw(ring.representative);
    status.sender = sender;
    status.nack_base = base;
    status.nack[0] = low;
    status.nack[1] = high;
    wire::encode_status(status, NodeIndex{sender}, kHash, frame);
    std::vector<std::byte> bytes(frame.bytes().begin(), frame.bytes().end());
    pool.give_back(frame.cookie);
    return bytes;
}

std::string text(int i) { return "m" + std::to_string(i) + std::string(1400, '.'); }

bool is_copy(const Packet& p) {
    return p.is(wire::Kind::data) && p.data().has(wire::kHopRetransmitted);
}

constexpr std::uint64_t kFirst = 3;  ///< seq of the first frame of send_in_one_visit

/// Node 0 sends `count` frames in one visit, seqs kFirst and on. The token behind them is lost for
/// good: what is repaired is not repaired by it.
void send_in_one_visit(Cluster& c, int count, std::function<bool(const Packet&)> lose = nullptr) {
    c.send(0, "first");
    c.run_until([&] { return c.all_stable() && c[0].ring->holds_token(); });
    c.lose = [](const Packet& p) { return p.is(wire::Kind::token); };
    c.send(0, "takes the token away");
    c.run_for(2 * Cluster::kDelay);
    for (int i = 0; i < count; ++i) c.send(0, text(i));
    c.lose = [lose](const Packet& p) {
        if (p.is(wire::Kind::token)) return p.token().seq >= Seq{kFirst};
        return lose && lose(p);
    };
    c.run_until(
        [&] { return c[0].ring->high() == Seq{kFirst - 1} + static_cast<unsigned>(count); });
}

/// Loses the true frame of that seq at the nodes for which `at` is true; copies arrive.
std::function<bool(const Packet&)> lose_seq(std::uint64_t seq,
                                            std::function<bool(std::size_t)> at) {
    return [=](const Packet& p) {
        return p.is(wire::Kind::data) && !is_copy(p) && p.data().seq() == Seq{seq} && at(p.to);
    };
}

bool all_here(Cluster& c) {
    for (std::size_t i = 0; i < c.size(); ++i) {
        if (c[i].ring->aru() != c[0].ring->high()) return false;
    }
    return true;
}

std::uint64_t copies_sent(Cluster& c) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < c.size(); ++i) sum += c[i].count(CounterId::nack_answered);
    return sum;
}

TEST(Nack, ALossIsRepairedWithoutTheToken) {
    Cluster c(3);
    c.form(c.everybody());
    send_in_one_visit(c, 4, lose_seq(kFirst + 1, [](std::size_t to) { return to == 2; }));
    c.run_for(3 * Cluster::kDelay);
    EXPECT_TRUE(all_here(c)) << "there, the request, the copy";
    EXPECT_EQ(c[2].messages(), c[0].messages());
    EXPECT_EQ(c[2].count(CounterId::nack_sent), 1u);
    EXPECT_EQ(c[0].count(CounterId::nack_answered), 1u);
    EXPECT_EQ(c[1].count(CounterId::data_duplicate), 0u) << "the copy went to who asked";
}

TEST(Nack, ManyLossesAreOneRequest) {
    Cluster c(2);
    c.form({0, 1});
    send_in_one_visit(c, 8, [](const Packet& p) {
        return p.is(wire::Kind::data) && !is_copy(p) && p.data().seq() > Seq{kFirst} &&
               p.data().seq() < Seq{kFirst + 6};
    });
    c.run_for(3 * Cluster::kDelay);
    EXPECT_TRUE(all_here(c));
    EXPECT_EQ(c[1].count(CounterId::nack_sent), 1u);
    EXPECT_EQ(copies_sent(c), 5u);
}

TEST(Nack, ALossOfAllIsTwoCopiesAndNoMore) {
    Cluster c(5);
    c.form(c.everybody());
    send_in_one_visit(c, 4, lose_seq(kFirst + 1, [](std::size_t) { return true; }));
    c.run_for(3 * Cluster::kDelay);
    EXPECT_TRUE(all_here(c));
    EXPECT_EQ(c[0].count(CounterId::status_received), 4u) << "all were certain at once";
    EXPECT_EQ(copies_sent(c), 2u) << "to the first who asks, then to all";
    EXPECT_EQ(c[0].count(CounterId::nack_refused), 2u);
}

TEST(Nack, WhatSomebodyElseAsksForWaits) {
    Cluster c(3);
    const RingId ring = c.form(c.everybody());
    // Copies to 1 go to 1 alone; 2 hears that 1 asks before it is certain itself.
    send_in_one_visit(c, 4, lose_seq(kFirst + 1, [](std::size_t to) { return to == 2; }));
    c.inject(2, nack_frame(ring, 1, kFirst, 1));
    c.run_for(Cluster::kDelay);
    EXPECT_EQ(c[2].count(CounterId::nack_deferred), 0u) << "an interval has passed on the way";
    EXPECT_EQ(c[2].count(CounterId::nack_sent), 1u);

    Cluster d(3);
    const RingId other = d.form(d.everybody());
    send_in_one_visit(d, 4, lose_seq(kFirst + 1, [](std::size_t to) { return to == 2; }));
    d.run_for(Cluster::kDelay - 1us);
    d.inject(2, nack_frame(other, 1, kFirst, 1));
    d.run_for(1us);
    EXPECT_EQ(d[2].count(CounterId::nack_deferred), 1u);
    EXPECT_EQ(d[2].count(CounterId::nack_sent), 0u);
    d.run_for(kStatusInterval);
    EXPECT_EQ(d[2].count(CounterId::nack_sent), 1u) << "nothing came: it asks itself";
    d.run_for(2 * Cluster::kDelay);
    EXPECT_TRUE(all_here(d));
}

TEST(Nack, OnlyTheSenderAnswers) {
    Cluster c(3);
    const RingId ring = c.form(c.everybody());
    send_in_one_visit(c, 4);
    c.run_for(2 * Cluster::kDelay);
    c.inject(1, nack_frame(ring, 2, kFirst - 1, kAll));
    EXPECT_EQ(c[1].count(CounterId::nack_answered), 0u);
    c.inject(0, nack_frame(ring, 2, kFirst - 1, kAll));
    EXPECT_EQ(c[0].count(CounterId::nack_answered), 4u);
}

TEST(Nack, NoNackMakesMoreCopiesThanAVisitMaySend) {
    config::ClusterSettings settings = test_settings(3);
    settings.burst_frames = 32;
    Cluster c(settings);
    const RingId ring = c.form(c.everybody());
    send_in_one_visit(c, 30);
    c.run_for(2 * Cluster::kDelay);
    for (int i = 0; i < 100; ++i) {
        c.inject(0, nack_frame(ring, i % 2 == 0 ? 1 : 2, kFirst - 1, kAll, kAll));
        c.run_for(1us);
    }
    EXPECT_EQ(copies_sent(c), 16u) << "half of a burst";
    EXPECT_GT(c[0].count(CounterId::nack_refused), 0u);
    c.lose = nullptr;
    c.run_until([&] { return c.all_stable(); });
    EXPECT_TRUE(c[0].events.empty());
}

TEST(Nack, AsLongAsAnAnswerIsOnItsWayThereIsNoOther) {
    Cluster c(3);
    const RingId ring = c.form(c.everybody());
    send_in_one_visit(c, 2);
    for (int i = 0; i < 20; ++i) {
        c.inject(0, nack_frame(ring, i % 2 == 0 ? 1 : 2, kFirst - 1, 1));
    }
    EXPECT_EQ(copies_sent(c), 2u);
    c.run_for(kAnswerInterval);
    c.inject(0, nack_frame(ring, 1, kFirst - 1, 1));
    EXPECT_EQ(copies_sent(c), 3u);
}

TEST(Nack, ACopyProvesNothing) {
    Cluster c(2);
    c.form({0, 1});
    std::vector<Packet> caught;
    send_in_one_visit(c, 3, [&](const Packet& p) {
        if (!p.is(wire::Kind::data) || p.to != 1) return false;
        caught.push_back(p);
        return true;
    });
    ASSERT_EQ(caught.size(), 3u);
    std::vector<std::byte> copy = caught.back().bytes;
    copy[offsetof(wire::HopHeader, flags)] |= std::byte{wire::kHopRetransmitted};
    c.inject(1, copy);
    EXPECT_EQ(c[1].ring->high(), Seq{kFirst + 2}) << "taken";
    EXPECT_EQ(c[1].count(CounterId::nack_sent), 0u);
}

TEST(Nack, AReorderedFrameCostsACopyAndNothingElse) {
    Cluster c(2);
    c.form({0, 1});
    std::vector<Packet> late;
    send_in_one_visit(c, 4, [&](const Packet& p) {
        if (!p.is(wire::Kind::data) || is_copy(p) || p.data().seq() != Seq{kFirst + 1})
            return false;
        late.push_back(p);
        return true;
    });
    c.run_for(Cluster::kDelay);
    ASSERT_EQ(late.size(), 1u);
    c.inject(1, late[0].bytes);
    EXPECT_TRUE(all_here(c));
    c.run_for(3 * Cluster::kDelay);
    EXPECT_EQ(copies_sent(c), 1u);
    EXPECT_EQ(c[1].count(CounterId::data_duplicate), 1u);
    EXPECT_EQ(c[1].messages(), c[0].messages());
}

TEST(Nack, OtherRingsAndStrangersAreNotAnswered) {
    config::ClusterSettings settings = test_settings(4);
    Cluster c(settings);
    const RingId ring = c.form({0, 1, 2});
    c.send(0, "held");
    c.run_until([&] { return c[2].ring->aru() == Seq{1}; });
    c.inject(0, nack_frame({ring.epoch + (1 << 24), ring.representative}, 1, 0, 1));
    c.inject(0, nack_frame(ring, 3, 0, 1));
    c.inject(0, nack_frame(ring, 0, 0, 1));
    EXPECT_EQ(copies_sent(c), 0u);
}

TEST(Nack, NobodyAnswersOutsideTheOperationalState) {
    Cluster c(3);
    const RingId ring = c.form(c.everybody());
    send_in_one_visit(c, 2);
    const auto ask = [&] { c.inject(0, nack_frame(ring, 1, kFirst - 1, kAll)); };
    c[0].ring->stop(c.now());
    ask();
    EXPECT_EQ(copies_sent(c), 0u) << "stopped";
    for (std::size_t i = 1; i < 3; ++i) c[i].ring->stop(c.now());
    c.drop_wire();
    c.lose = [](const Packet& p) { return p.is(wire::Kind::token); };
    c.begin_forming(c.everybody());
    ask();
    EXPECT_EQ(copies_sent(c), 0u) << "recovering";
    static_cast<void>(c[0].ring->snapshot());
    ask();
    EXPECT_EQ(copies_sent(c), 0u) << "frozen";
    EXPECT_EQ(c[0].count(CounterId::status_foreign), 3u);
}

TEST(Nack, NobodyAsksOnARingThatWasLeft) {
    Cluster c(2);
    c.form({0, 1});
    std::vector<Packet> caught;
    send_in_one_visit(c, 8, [&](const Packet& p) {
        if (!p.is(wire::Kind::data) || p.to != 1) return false;
        caught.push_back(p);
        return true;
    });
    ASSERT_EQ(caught.size(), 8u);
    for (const std::size_t i : {0, 2, 4}) c.inject(1, caught[i].bytes);
    EXPECT_EQ(c[1].count(CounterId::nack_sent), 1u) << "the second waits for its interval";
    c[1].ring->stop(c.now());
    c.inject(1, caught[6].bytes);
    c.run_for(2 * kStatusInterval);
    EXPECT_EQ(c[1].count(CounterId::nack_sent), 1u);
}

TEST(Nack, TheClusterMayDoWithout) {
    config::ClusterSettings settings = test_settings(3);
    settings.status_frames = false;
    Cluster c(settings);
    const RingId ring = c.form(c.everybody());
    send_in_one_visit(c, 4, lose_seq(kFirst + 1, [](std::size_t to) { return to == 2; }));
    c.inject(0, nack_frame(ring, 1, kFirst - 1, kAll));
    c.run_for(3 * Cluster::kDelay);
    EXPECT_FALSE(all_here(c));
    EXPECT_EQ(c[2].count(CounterId::nack_sent) + copies_sent(c), 0u);
    c.lose = nullptr;
    c.run_until([&] { return c.all_stable(); });
}

TEST(Nack, WithoutFramesTheTokenRepairs) {
    Cluster c(3);
    c.form(c.everybody());
    send_in_one_visit(c, 4, [&](const Packet& p) {
        if (p.is(wire::Kind::data)) c[0].pool.dry = c[2].pool.dry = true;
        return lose_seq(kFirst + 1, [](std::size_t to) { return to == 2; })(p);
    });
    c.run_for(3 * Cluster::kDelay);
    EXPECT_FALSE(all_here(c));
    EXPECT_GT(c[2].count(CounterId::pool_dry), 0u);
    c[0].pool.dry = c[2].pool.dry = false;
    c.lose = nullptr;
    c.run_until([&] { return c.all_stable(); });
    EXPECT_GT(c[2].count(CounterId::retransmissions_asked), 0u);
}

TEST(Nack, ForgedBitsAreBoundedAndHarmNobody) {
    config::ClusterSettings settings = test_settings(3);
    settings.burst_frames = 8;
    Cluster c(settings);
    const RingId ring = c.form(c.everybody());
    Prng prng(7);
    for (int i = 0; i < 2'000; ++i) {
        if (i % 20 == 0) c.send(prng.below(3), "m" + std::to_string(i));
        std::uint64_t base = prng.below(200);
        if (prng.chance(300'000)) base = prng.next();
        if (prng.chance(100'000)) base = kAll - prng.below(140);
        c.inject(prng.below(3), nack_frame(ring, static_cast<std::uint16_t>(prng.below(5)), base,
                                           prng.next(), prng.next()));
        if (i % 5 == 0) c.run_for(1us);
    }
    c.run_until([&] { return c.all_stable(); });
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(c[i].events.empty());
        EXPECT_EQ(c[i].messages().size(), 100u);
        EXPECT_LE(c[i].count(CounterId::nack_answered),
                  4 * (c[i].count(CounterId::token_accepted) + 1));
    }
}

TEST(Nack, ManyLossesUnderLoadComeRight) {
    Cluster c(4);
    c.form(c.everybody());
    Prng prng(11);
    c.lose = [&](const Packet& p) { return !p.is(wire::Kind::token) && prng.chance(50'000); };
    for (int i = 0; i < 400; ++i) {
        c.send(prng.below(4), text(i), prng.chance(300'000) ? Service::safe : Service::agreed);
        if (i % 4 == 0) c.run_for(10us);
    }
    c.run_until([&] { return c.all_stable() && c[0].messages().size() == 400; });
    for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(c[i].messages(), c[0].messages());
    EXPECT_GT(copies_sent(c), 0u);
}

}  // namespace
}  // namespace torc::ordering::testing

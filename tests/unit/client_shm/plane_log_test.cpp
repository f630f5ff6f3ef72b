// Deliveries through the log that sessions share: one copy, each session's own order, and what
// becomes of readers that stand still, lie, end or die.
#include <algorithm>

#include "tests/unit/client_shm/plane_log_fixture.hpp"

namespace torc::client_shm::test {
namespace {

TEST_F(PlaneLogTest, WhatSeveralGetIsStoredOnceAndReferredToOnceABurst) {
    start();
    Reader& a = add();
    Reader& b = add();
    for (const char* text : {"1", "2", "3"}) say_to_all(text);
    EXPECT_EQ(log().end(), 3 * record_bytes(align_up(sizeof(MessageBody) + 10, 8) + 1));
    plane->publish();
    for (Reader* reader : {&a, &b}) {
        EXPECT_EQ(reader->look(), (Texts{"run(3)"}));
        EXPECT_EQ(reader->raw->deliver()->written.load(), 3u);
        reader->read();
        EXPECT_EQ(reader->got, (Texts{"1", "2", "3"}));
    }
    EXPECT_EQ(plane->counters().shared, 6u);
    EXPECT_EQ(plane->counters().deliveries, 6u);
    EXPECT_EQ(plane->counters().delivered_bytes, 6u);
}

TEST_F(PlaneLogTest, WhatOneGetsIsNeverInTheLog) {
    start();
    Reader& a = add();
    add();
    say({a.id()}, "secret");
    plane->publish();
    EXPECT_EQ(a.look(), (Texts{"secret"}));
    EXPECT_EQ(plane->counters().shared, 0u);
    EXPECT_EQ(log().free_blocks(), log().blocks());
}

TEST_F(PlaneLogTest, SessionsOfAnotherUserHaveAnotherLog) {
    start();
    Reader& a = add();
    Reader& b = add();
    Reader& c = add(kSharesElsewhere);
    Reader& d = add(kSharesElsewhere);
    Reader& alone = add({true, 3000});
    Reader& old = add({false, 1000});
    EXPECT_EQ(a.raw->log(), b.raw->log());
    EXPECT_EQ(c.raw->log(), d.raw->log());
    EXPECT_NE(a.raw->log(), c.raw->log());
    EXPECT_EQ(old.raw->log(), nullptr);
    say_to_all("x");
    say_to_all("y");
    plane->publish();
    for (Reader& reader : readers) {
        reader.read();
        EXPECT_EQ(reader.got, (Texts{"x", "y"}));
    }
    EXPECT_EQ(plane->counters().shared, 8u) << "four of the six";
    EXPECT_EQ(alone.raw->log()->free_blocks(), kLogBlocksMin - 1) << "opened, nothing kept";
}

/// In another user namespace than the daemon's, different users look like this one.
TEST_F(PlaneLogTest, UsersWhoCannotBeToldApartShareNothing) {
    start();
    EXPECT_EQ(add({true, kOverflowUid}).raw->log(), nullptr);
    readers.clear();
    start({}, 256 * 1024, config::LogSharing::all);
    EXPECT_NE(add({true, kOverflowUid}).raw->log(), nullptr);
}

TEST_F(PlaneLogTest, TheOperatorDecidesWhoShares) {
    start({}, 256 * 1024, config::LogSharing::all);
    EXPECT_EQ(add(kShares).raw->log(), add(kSharesElsewhere).raw->log());
    readers.clear();
    start({}, 256 * 1024, config::LogSharing::off);
    EXPECT_EQ(add(kShares).raw->log(), nullptr);
}

TEST_F(PlaneLogTest, ViewsAndOtherReceiversStandInTheirPlace) {
    start();
    Reader& a = add();
    Reader& b = add();
    Reader& c = add();
    say({a.id(), b.id()}, "1");
    view(a.id());
    say({a.id(), b.id()}, "2");
    say({b.id(), c.id()}, "3");
    say({a.id()}, "4");
    say({a.id(), b.id(), c.id()}, "5");
    plane->publish();
    for (Reader& reader : readers) reader.read();
    EXPECT_EQ(a.got, (Texts{"1", "view", "2", "4", "5"}));
    EXPECT_EQ(b.got, (Texts{"1", "2", "3", "5"}));
    EXPECT_EQ(c.got, (Texts{"3", "5"}));
}

TEST_F(PlaneLogTest, TheLogIsUsedInBlocksThatReadersGiveBack) {
    start();
    add();
    add();
    const std::string text(5000, 'x');
    for (int round = 0; round < 500; ++round) {  // 2.5 MB through a log of 2 MB, twice
        for (int i = 0; i < 2; ++i) say_to_all(std::to_string(round) + text);
        plane->publish();
        for (Reader& reader : readers) {
            reader.read();
            ASSERT_EQ(reader.got.size(), 2u);
            ASSERT_EQ(reader.got[1], std::to_string(round) + text);
            reader.got.clear();
        }
        ASSERT_GE(log().free_blocks(), log().blocks() - 3) << "few are in use, the lowest";
    }
    EXPECT_EQ(plane->counters().log_full, 0u);
    EXPECT_EQ(plane->counters().shared, 2000u);
}

TEST_F(PlaneLogTest, MessagesLargerThanABlockAreSharedToo) {
    start({}, 1 << 20);
    add();
    add();
    const std::string large(200'000, 'y');
    for (int i = 0; i < 3; ++i) {
        say_to_all(large);
        say_to_all("small");
        plane->publish();
        for (Reader& reader : readers) {
            reader.read();
            EXPECT_EQ(reader.got, (Texts{large, "small"}));
            reader.got.clear();
        }
    }
    EXPECT_EQ(plane->counters().shared, 12u);
}

TEST_F(PlaneLogTest, ASlowReaderGetsCopiesThenEndsAsWithoutALog) {
    start();
    Reader& fast = add();
    Reader& slow = add();
    Reader& other = add();
    const std::string text(3000, 'z');
    int sent = 0;
    for (; sent < 1000 && !slow.raw->ended(); ++sent) {
        say_to_all(std::to_string(sent) + text);
        plane->publish();
        fast.read();
        other.read();
    }
    EXPECT_EQ(slow.raw->reason(), Reason::slow_reader);
    EXPECT_EQ(plane->counters().warnings, 1u);
    EXPECT_EQ(fast.got.size(), static_cast<std::size_t>(sent));
    // All that waited for it, in the ring and in the log, is what its ring could hold.
    EXPECT_GT(sent, 256 * 1024 / 3100 - 4);
    EXPECT_LT(sent, 256 * 1024 / 3000 + 4);
    const Texts ring = slow.look();
    EXPECT_EQ(std::count(ring.begin(), ring.end(), "other"), 1) << "the warning";
    slow.read();
    std::erase(slow.got, "other");
    EXPECT_EQ(slow.got.size(), static_cast<std::size_t>(sent) - 1);
    EXPECT_TRUE(std::equal(slow.got.begin(), slow.got.end(), fast.got.begin()));
}

/// The promise to who was ended: what had come can still be read, and does not change meanwhile.
TEST_F(PlaneLogTest, WhoWasEndedKeepsWhatItHasUntilItHasReadIt) {
    start();
    Reader& a = add();
    Reader& b = add();
    Reader& ended = add();
    for (int i = 0; i < 40; ++i) say_to_all("kept " + std::to_string(i) + std::string(1000, 'k'));
    plane->publish();
    heard();
    plane->kick(ended.id(), Reason::kicked);
    pass();
    pass();
    auto told = heard();
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[0].kind, ToControl::Kind::kick);
    EXPECT_TRUE(told[0].lingers);
    EXPECT_EQ(told[1].kind, ToControl::Kind::lingers);
    EXPECT_EQ(table->in_use(), 3u);

    for (int round = 0; round < 200; ++round) {
        for (int i = 0; i < 10; ++i) say({a.id(), b.id()}, std::string(3000, 'n'));
        plane->publish();
        a.read();
        b.read();
        pass();
    }
    ended.read(20);
    pass();
    EXPECT_TRUE(heard().empty());
    ended.read();
    ASSERT_EQ(ended.got.size(), 40u);
    for (int i = 0; i < 40; ++i) {
        EXPECT_EQ(ended.got[static_cast<std::size_t>(i)],
                  "kept " + std::to_string(i) + std::string(1000, 'k'));
    }
    pass();
    told = heard();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].kind, ToControl::Kind::released);
    EXPECT_EQ(table->in_use(), 2u);
}

TEST_F(PlaneLogTest, TheNameOfWhoWasEndedIsFreeMeanwhile) {
    start();
    add();
    readers.emplace_back(open("ann", kShares));
    Reader& ann = readers.back();
    say_to_all("1");
    plane->publish();
    plane->kick(ann.id(), Reason::kicked);
    Reason reason{};
    EXPECT_EQ(table->open("ann", reason), nullptr) << "the engine has not let go yet";
    pass();
    heard();
    auto again = open("ann", kShares);
    EXPECT_NE(again->id(), ann.id());
    ann.read();
    EXPECT_EQ(ann.got, (Texts{"1"}));
}

TEST_F(PlaneLogTest, WhatCameBeforeTheEndIsReceivedBeforeIt) {
    start();
    Reader& a = add();
    add();
    say_to_all("1");
    plane->kick(a.id(), Reason::kicked);
    a.read();
    EXPECT_EQ(a.got, (Texts{"1"})) << "in the pass of its end";
}

/// A client that hangs up while its ring has yet to refer to what was written.
TEST_F(PlaneLogTest, WhoIsGoneIsNotReferredTo) {
    start();
    Reader& a = add();
    Reader& gone = add();
    say_to_all("1");
    table->hang_up(gone.id());
    pass();
    EXPECT_EQ(plane->counters().stale, 1u);
    a.read();
    EXPECT_EQ(a.got, (Texts{"1"}));
    EXPECT_TRUE(gone.look().empty());
}

TEST_F(PlaneLogTest, ALogEndsWithItsLastSession) {
    start();
    for (uid_t uid = 0; uid < kLogsMax + 2; ++uid) {
        Reader& only = add({true, uid});
        EXPECT_NE(only.raw->log(), nullptr) << "user " << uid;
        table->hang_up(only.id());
        pass();
        pass();
        heard();
    }
    for (uid_t uid = 0; uid <= kLogsMax && table->in_use() < 16; ++uid) add({true, uid});
    EXPECT_NE(readers.back().raw->log(), nullptr);
}

/// A run is so short that nobody passes a limit in it who was far from it when it began.
TEST_F(PlaneLogTest, ARunIsAQuarterOfTheWarningLimitAtTheMost) {
    PlaneOptions options;
    options.unread_max = 40;
    start(options);
    Reader& reader = add();
    add();
    for (int i = 0; i < 20; ++i) say_to_all("x");
    plane->publish();
    const Texts ring = reader.look();
    ASSERT_GT(ring.size(), 2u);
    EXPECT_EQ(ring.front(), "run(7)") << "of 30 messages";
}

TEST_F(PlaneLogTest, ARunIsAQuarterOfTheWarningLimitInBytesToo) {
    start();
    Reader& reader = add();
    add();
    for (int i = 0; i < 55; ++i) say_to_all(std::string(1000, 'x'));
    plane->publish();
    EXPECT_LT(log().end(), kLogBlockBytes) << "it is not the block that ends it";
    EXPECT_EQ(reader.look().size(), 2u) << "48 KiB of 192";
}

/// Who reads but gets nothing any more is asked before others go without the log.
TEST_F(PlaneLogTest, BlocksOfReadersThatWereNotAskedForLongComeBack) {
    start({}, 1 << 20);
    for (int i = 0; i < 10; ++i) add();
    const std::string text(30'000, 'q');
    for (std::size_t i = 0; i < 8; i += 2) {
        for (int n = 0; n < 20; ++n) {
            say({readers[i].id(), readers[i + 1].id()}, text);
            plane->publish();
        }
    }
    for (Reader& reader : readers) reader.read();
    ASSERT_LT(log().free_blocks(), 2u);
    const std::uint64_t full = plane->counters().log_full;
    for (int n = 0; n < 3; ++n) say({readers[8].id(), readers[9].id()}, text);
    plane->publish();
    EXPECT_EQ(readers[9].look(), (Texts{"run(2)", "run(1)"}));
    EXPECT_EQ(plane->counters().log_full, full);
}

TEST_F(PlaneLogTest, TheDeathOfAReaderGivesItsBlocksBack) {
    start();
    Reader& a = add();
    Reader& dead = add();
    for (int i = 0; i < 60; ++i) say_to_all(std::string(3000, 'd'));
    plane->publish();
    a.read();
    ASSERT_LT(log().free_blocks(), log().blocks() - 2);
    table->hang_up(dead.id());
    pass();
    pass();
    EXPECT_EQ(table->in_use(), 2u) << "until control has heard of it";
    heard();
    EXPECT_EQ(table->in_use(), 1u);
    add();
    for (int i = 0; i < 60; ++i) {
        say({a.id(), readers.back().id()}, std::string(3000, 'n'));
        plane->publish();
        a.read();
        readers.back().read();
    }
    EXPECT_GE(log().free_blocks(), log().blocks() - 3);
}

TEST_F(PlaneLogTest, WhoLetsGoKeepsWhatItHasUntilItIsGone) {
    start();
    Reader& a = add();
    Reader& leaving = add();
    for (int i = 0; i < 10; ++i) say_to_all(std::to_string(i));
    plane->publish();
    heard();
    table->let_go(leaving.id());
    pass();
    pass();
    a.read();
    EXPECT_EQ(table->in_use(), 2u);
    leaving.read(5);
    EXPECT_EQ(leaving.got.back(), "4");
    table->hang_up(leaving.id());
    pass();
    pass();
    heard();
    EXPECT_EQ(table->in_use(), 1u);
}

TEST_F(PlaneLogTest, AStoppingDaemonWaitsForNobody) {
    start();
    add();
    add();
    say_to_all("1");
    plane->publish();
    plane->kick_all(Reason::shutdown);
    pass();
    pass();
    EXPECT_EQ(plane->sessions(), 0u);
    for (Reader& reader : readers) {
        reader.read();
        EXPECT_EQ(reader.got, (Texts{"1"}));
    }
}

TEST_F(PlaneLogTest, AFullLogMeansCopiesAndNothingElse) {
    start({}, 1 << 20);
    Reader& reading = add();
    Reader& also_reading = add();
    std::vector<Reader*> stopped;
    for (int i = 0; i < 8; ++i) stopped.push_back(&add());
    // Two at a time take their share of the log and stand still.
    const std::string text(30'000, 's');
    for (std::size_t i = 0; i < stopped.size(); i += 2) {
        for (int n = 0; n < 20; ++n) {
            say({stopped[i]->id(), stopped[i + 1]->id()}, text);
            plane->publish();
        }
        const std::uint32_t share = log().blocks() / LogPins::kShareOfLog;
        if (i > 0) continue;
        EXPECT_GE(log().free_blocks(), log().blocks() - share - 1) << "no more, and the open one";
    }
    for (int n = 0; n < 60; ++n) {
        say({reading.id(), also_reading.id()}, std::to_string(n) + text);
        plane->publish();
        if (n % 2 == 1) reading.read();
        if (n % 3 == 2) also_reading.read();
    }
    const std::uint64_t full = plane->counters().log_full;
    EXPECT_GT(full, 0u);
    EXPECT_EQ(reading.got.size(), 60u);
    EXPECT_EQ(also_reading.got, reading.got);
    for (int n = 0; n < 4; ++n) {  // once a pass all are asked, whoever is to hear
        say({reading.id(), also_reading.id()}, text);
        say({also_reading.id(), reading.id()}, text);
    }
    plane->publish();
    EXPECT_EQ(plane->counters().log_full, full + 1);
    for (Reader* reader : stopped) {
        EXPECT_FALSE(reader->raw->ended());
        reader->read();
        EXPECT_EQ(std::count(reader->got.begin(), reader->got.end(), text), 20);
    }
}

TEST_F(PlaneLogTest, WhoLiesAboutTheLogLosesItsSessionAndNobodyElse) {
    start();
    Reader& honest = add();
    Reader& also_honest = add();
    Reader& liar = add();
    std::uint64_t lie = 16;
    for (int i = 0; i < 200 && !liar.raw->ended(); ++i) {
        say_to_all(std::string(3000, 'l'));
        plane->publish();
        honest.read();
        also_honest.read();
        liar.raw->header()->log_released.store(lie += 1'000'000);
    }
    EXPECT_TRUE(liar.raw->ended());
    EXPECT_EQ(liar.raw->reason(), Reason::violation);
    EXPECT_EQ(honest.got.size(), also_honest.got.size());
    pass();
    EXPECT_EQ(plane->sessions(), 2u) << "a liar is not waited for";
}

TEST_F(PlaneLogTest, AHeadFromNowhereIsAViolationToo) {
    start();
    add();
    add();
    Reader& liar = add();
    for (int i = 0; i < 200 && !liar.raw->ended(); ++i) {
        say_to_all(std::string(3000, 'l'));
        plane->publish();
        readers[0].read();
        readers[1].read();
        liar.raw->header()->deliver_head.store(0x1234567);
    }
    EXPECT_EQ(liar.raw->reason(), Reason::violation);
}

TEST_F(PlaneLogTest, LimitsByRecordsHoldForRunsToo) {
    PlaneOptions options;
    options.unread_max = 40;
    start(options);
    Reader& reading = add();
    Reader& stopped = add();
    int sent = 0;
    for (; sent < 100 && !stopped.raw->ended(); ++sent) {
        say_to_all(std::to_string(sent));
        if (sent % 4 == 3) {
            plane->publish();
            reading.read();
            pass();
        }
    }
    plane->publish();
    EXPECT_EQ(stopped.raw->reason(), Reason::slow_reader);
    EXPECT_EQ(stopped.raw->deliver()->written.load(), 40u) << "the warning included";
    EXPECT_FALSE(reading.raw->ended());
    EXPECT_GT(plane->counters().shared, 0u);
}

}  // namespace
}  // namespace torc::client_shm::test

// Deliveries through the log that sessions share: one copy, each session's own order, and what
// becomes of readers that stand still, lie, end or die.
#include <algorithm>
#include <deque>
#include <optional>
#include <random>

#include "client_shm/client/run_walk.hpp"
#include "tests/unit/client_shm/plane_fixture.hpp"

namespace torc::client_shm::test {
namespace {

using Texts = std::vector<std::string>;

constexpr LogReader kShares{true, 1000};
constexpr LogReader kSharesElsewhere{true, 2000};

/// A client that goes through its ring and the log as libtorc does.
class Reader {
public:
    explicit Reader(std::unique_ptr<RawClient> client) : raw{std::move(client)} {
        if (raw->log() == nullptr) return;
        walk_.set_log(raw->log()->data(), raw->log()->blocks() * kLogBlockBytes);
    }

    /// At most so many records more; what is done with is given back.
    void read(std::size_t max = SIZE_MAX) {
        RecordView record;
        for (std::size_t i = 0; i < max && next(record); ++i) {
            got.push_back(text_of(record));
            if (walk_.is_inside()) {
                log_bytes_ += walk_.advance(record);
                if (!walk_.is_inside()) raw->consumer.advance(walk_.run());
            } else {
                raw->consumer.advance(record);
            }
            ++records_;
        }
        raw->header()->released.store(records_);
        raw->header()->log_released.store(log_bytes_);
        raw->consumer.publish();
    }
    /// The ring as it is: "run(3)" is a reference to three messages.
    Texts look() {
        Texts ring;
        RecordView record;
        RingConsumer copy = raw->consumer;
        while (copy.peek(record) == RingStatus::ok) {
            RunBody run{};
            if (record.header.type == RecordType::run) std::memcpy(&run, record.body, sizeof run);
            ring.push_back(run.records > 0 ? "run(" + std::to_string(run.records) + ")"
                                           : text_of(record));
            copy.advance(record);
        }
        return ring;
    }
    SessionId id() const { return raw->id(); }

    std::unique_ptr<RawClient> raw;
    Texts got;

private:
    bool next(RecordView& record) {
        if (!walk_.is_inside()) {
            if (raw->consumer.peek(record) != RingStatus::ok) return false;
            if (record.header.type != RecordType::run) return true;
            EXPECT_TRUE(walk_.enter(record));
        }
        const bool there = walk_.peek(record);
        EXPECT_TRUE(there);
        return there;
    }
    static std::string text_of(const RecordView& record) {
        if (record.header.type == RecordType::view) return "view";
        if (record.header.type != RecordType::message) return "other";
        MessageBody body;
        std::memcpy(&body, record.body, sizeof body);
        const std::size_t at = align_up(sizeof body + body.names_bytes, kPayloadAlign);
        const void* payload = record.body + at;
        return {static_cast<const char*>(payload), record.header.body_bytes - at};
    }

    RunWalk walk_;
    std::uint64_t records_{0};
    std::uint64_t log_bytes_{0};
};

class PlaneLogTest : public PlaneTest {
protected:
    void start(const PlaneOptions& options = {}, std::uint64_t ring_bytes = 256 * 1024,
               config::LogSharing sharing = config::LogSharing::user) {
        auto made = SessionTable::make({"n1", 16, ring_bytes, 64 * 1024, sharing});
        ASSERT_TRUE(made.has_value());
        table = std::move(*made);
        plane = std::make_unique<ClientPlane>(*table, options);
    }
    Reader& add(const LogReader& who = kShares) {
        readers.emplace_back(open("", who));
        return readers.back();
    }
    void say(std::vector<SessionId> to, const std::string& text) {
        const std::array<std::string_view, 1> groups{"g"};
        engine::Delivery delivery;
        delivery.sessions = to;
        delivery.sender = "#a#n1";
        delivery.groups = groups;
        delivery.service = Service::agreed;
        delivery.payload = std::as_bytes(std::span(text));
        plane->deliver(delivery);
    }
    void say_to_all(const std::string& text) {
        std::vector<SessionId> all;
        for (const Reader& reader : readers) all.push_back(reader.id());
        say(all, text);
    }
    void view(SessionId to) {
        engine::ViewEvent event;
        event.session = to;
        event.group = "g";
        event.who = "#a#n1";
        plane->view(event);
    }
    const DeliveryLog& log() const { return *readers.front().raw->log(); }

    std::deque<Reader> readers;
};

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

class LifeTest : public PlaneLogTest, public ::testing::WithParamInterface<std::uint32_t> {
protected:
    struct Life {
        Reader* reader;
        Texts expected;
        bool dead{false};
    };
    std::string text_of(std::mt19937& random, int number) {
        static constexpr std::size_t kSizes[] = {0, 20, 64, 64, 64, 1350, 1350, 9000, 70'000};
        return std::to_string(number) + ":" +
               std::string(kSizes[random() % std::size(kSizes)],
                           static_cast<char>('a' + number % 26));
    }
};

TEST_P(LifeTest, EveryReaderGetsItsOwnOrder) {
    std::mt19937 random{GetParam()};
    start({}, 1 << 20);
    static constexpr LogReader kKinds[] = {kShares,          kShares,          kShares,
                                           kSharesElsewhere, kSharesElsewhere, LogReader{}};
    std::deque<Life> lives;
    std::vector<SessionId> to;
    const auto alive = [&] {
        std::vector<Life*> found;
        for (Life& life : lives) {
            if (!life.dead) found.push_back(&life);
        }
        return found;
    };
    for (int step = 0; step < 6000; ++step) {
        const std::vector<Life*> living = alive();
        const auto what = random() % 100;
        if ((what < 3 && living.size() < 8) || living.size() < 3) {
            plane->publish();
            heard();
            lives.push_back({&add(kKinds[random() % std::size(kKinds)]), {}, false});
            heard();
        } else if (what < 4) {
            Life& life = *living[random() % living.size()];
            life.dead = true;
            table->hang_up(life.reader->id());
            pass();
            pass();
            heard();
        } else if (what < 10) {
            to.clear();
            for (const Life* life : living) {
                if (random() % 4 != 0) to.push_back(life->reader->id());
            }
        } else if (what < 12) {
            Life& life = *living[random() % living.size()];
            view(life.reader->id());
            life.expected.push_back("view");
        } else if (what < 80) {
            const std::string text = text_of(random, step);
            say(to, text);
            for (Life* life : living) {
                if (std::find(to.begin(), to.end(), life->reader->id()) != to.end()) {
                    life->expected.push_back(text);
                }
                // Nobody here may become a slow reader: that has tests of its own.
                if (life->expected.size() - life->reader->got.size() > 8) {
                    plane->publish();
                    life->reader->read();
                }
            }
        } else if (what < 85) {
            pass();
        } else {
            Life& life = *living[random() % living.size()];
            life.reader->read(random() % 2 == 0 ? SIZE_MAX : random() % 10);
        }
    }
    plane->publish();
    for (Life* life : alive()) {
        life->reader->read();
        EXPECT_FALSE(life->reader->raw->ended());
        EXPECT_EQ(life->reader->got, life->expected);
    }
    for (const Life& life : lives) {
        ASSERT_LE(life.reader->got.size(), life.expected.size());
        EXPECT_TRUE(
            std::equal(life.reader->got.begin(), life.reader->got.end(), life.expected.begin()));
    }
    EXPECT_GT(plane->counters().shared, 1000u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, LifeTest, ::testing::Range(1u, 7u));

}  // namespace
}  // namespace torc::client_shm::test

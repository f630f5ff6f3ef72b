// Messages that begin like the one before them: their records have no head, in a ring and in a run
// of the log, and only there. What their readers make of them is as if each had its own.
#include <algorithm>

#include "tests/unit/client_shm/plane_log_fixture.hpp"

namespace torc::client_shm::test {
namespace {

class PlaneHeadsTest : public PlaneLogTest {
protected:
    void SetUp() override { delivery.groups = groups; }

    void say(std::vector<SessionId> to, const std::string& text, bool repeats,
             Service service = Service::agreed) {
        delivery.sessions = to;
        delivery.service = service;
        ++delivery.index;
        delivery.payload = std::as_bytes(std::span(text));
        delivery.repeats = repeats;
        plane->deliver(delivery);
    }
    /// What the ring holds of one session, message by message: "+" in front of those without a
    /// head; and what else there is.
    Texts ring_of(Reader& reader) {
        plane->publish();
        Texts ring;
        MessageReader heads;
        RecordView record;
        while (reader.raw->consumer.peek(record) == RingStatus::ok) {
            if (record.header.type == RecordType::message) {
                said.push_back(heads.read(record));
                ring.push_back((said.back().follows ? "+" : "") + said.back().payload);
            } else {
                heads.forget();
                ring.push_back(record.header.type == RecordType::run ? "run" : "other");
            }
            reader.raw->consumer.advance(record);
            ++records;
        }
        reader.raw->header()->released.store(records);
        reader.raw->consumer.publish();
        return ring;
    }
    std::uint64_t tail(const Reader& reader) {
        plane->publish();
        return reader.raw->deliver()->deliver_tail.load();
    }

    std::vector<std::string_view> groups{"one", "another"};
    engine::Delivery delivery = [] {
        engine::Delivery made;
        made.sender = "#a#n1";
        made.type = 9;
        made.ring = RingId{7, NodeIndex{1}};
        made.seq = Seq{70};
        return made;
    }();
    std::vector<MessageReader::Said> said;
    std::uint64_t records{0};  ///< that `ring_of` has read, of one reader only
};

TEST_F(PlaneHeadsTest, WhatRepeatsIsTheHeadOfTheOneBeforeAndItsOwnPlace) {
    start();
    Reader& reader = add({});
    say({reader.id()}, "first", false, Service::fifo);
    say({reader.id()}, "second", true, Service::safe);
    say({reader.id()}, "", true, Service::unreliable);
    EXPECT_EQ(ring_of(reader), (Texts{"first", "+second", "+"}));
    ASSERT_EQ(said.size(), 3u);
    EXPECT_EQ(said[0].names, std::string("\5#a#n1\0\3one\0\7another\0", 21));
    for (std::size_t i = 0; i < said.size(); ++i) {
        EXPECT_EQ(said[i].names, said[0].names);
        EXPECT_EQ(said[i].head.type, 9);
        EXPECT_EQ(said[i].head.group_count, 2);
        EXPECT_EQ(said[i].head.ring_epoch, 7u);
        EXPECT_EQ(said[i].head.representative, 1);
        EXPECT_EQ(said[i].head.seq, 70u);
        EXPECT_EQ(said[i].head.index, i + 1);
    }
    EXPECT_EQ(said[0].head.service, static_cast<std::uint8_t>(Service::fifo));
    EXPECT_EQ(said[1].head.service, static_cast<std::uint8_t>(Service::safe));
    EXPECT_EQ(said[2].head.service, static_cast<std::uint8_t>(Service::unreliable));
    EXPECT_EQ(plane->counters().deliveries, 3u);
    EXPECT_EQ(plane->counters().delivered_bytes, 11u);
    EXPECT_EQ(reader.raw->deliver()->written.load(), 3u);
}

TEST_F(PlaneHeadsTest, AFollowerOf64BytesTakes80) {
    start();
    Reader& reader = add({});
    say({reader.id()}, std::string(64, 'x'), false);
    const std::uint64_t first = tail(reader);
    say({reader.id()}, std::string(64, 'y'), true);
    EXPECT_EQ(tail(reader) - first, 80u);
    EXPECT_GT(first, 80u);
}

TEST_F(PlaneHeadsTest, WhatDoesNotRepeatHasItsHeadEvenIfItIsTheSame) {
    start();
    Reader& reader = add({});
    say({reader.id()}, "1", false);
    say({reader.id()}, "2", false);
    delivery.sender = "#b#n1";
    say({reader.id()}, "3", false);
    say({reader.id()}, "4", true);
    EXPECT_EQ(ring_of(reader), (Texts{"1", "2", "3", "+4"}));
    EXPECT_EQ(said[3].names, said[2].names);
    EXPECT_NE(said[2].names, said[1].names);
}

TEST_F(PlaneHeadsTest, NothingIsFollowedOverAnotherRecord) {
    start();
    Reader& reader = add({});
    const SessionId to = reader.id();
    const auto others = std::to_array<std::function<void()>>({
        [&] { view(to); },
        [&] { plane->flush({to, "g"}); },
        [&] { plane->session(to, engine::SessionOutcome::limit_reached); },
    });
    say({to}, "0", false);
    for (const auto& other : others) {
        other();
        say({to}, "whole", true);
        say({to}, "again", true);
    }
    EXPECT_EQ(ring_of(reader), (Texts{"0", "other", "whole", "+again", "other", "whole", "+again",
                                      "other", "whole", "+again"}));
    for (const MessageReader::Said& one : said) EXPECT_EQ(one.names, said[0].names);
}

TEST_F(PlaneHeadsTest, NothingIsFollowedOverAWarning) {
    start({}, kCapacityMin);
    Reader& reader = add({});
    const std::uint64_t capacity = reader.raw->deliver()->identity.capacity;
    const std::string text(500, 'x');
    say({reader.id()}, text, false);
    while (tail(reader) < capacity * 8 / 10) say({reader.id()}, text, true);
    ASSERT_EQ(plane->counters().warnings, 1u);
    const Texts ring = ring_of(reader);
    const auto warning = std::find(ring.begin(), ring.end(), "other");
    ASSERT_LT(warning + 2, ring.end());
    EXPECT_EQ(*(warning - 1), "+" + text);
    EXPECT_EQ(*(warning + 1), text);
    EXPECT_EQ(*(warning + 2), "+" + text);
}

TEST_F(PlaneHeadsTest, EachRingHasItsOwnLastRecord) {
    start();
    Reader& a = add({});
    Reader& b = add({});
    say({a.id(), b.id()}, "1", false);
    view(b.id());
    say({a.id(), b.id()}, "2", true);
    say({a.id(), b.id()}, "3", true);
    EXPECT_EQ(ring_of(a), (Texts{"1", "+2", "+3"}));
    records = 0;
    EXPECT_EQ(ring_of(b), (Texts{"1", "other", "2", "+3"}));
    for (const MessageReader::Said& one : said) EXPECT_EQ(one.names, said[0].names);
    EXPECT_EQ(said.back().head.index, 3u);
}

TEST_F(PlaneHeadsTest, AHeadThatIsTooLongToBeKeptIsSaidEachTime) {
    start();
    Reader& reader = add({});
    const std::string sender = "#a#n1";
    // Head, sender, and one group, padded: exactly what may be kept, and one byte more.
    const std::size_t longest =
        kSharedHeadBytesMax - sizeof(MessageBody) - name_bytes(sender.size()) - name_bytes(0);
    const std::string fits(longest, 'g');
    groups = {fits};
    delivery.groups = groups;
    say({reader.id()}, "1", false);
    say({reader.id()}, "2", true);
    const std::string too_long(longest + 1, 'g');
    groups = {too_long};
    delivery.groups = groups;
    say({reader.id()}, "3", false);
    say({reader.id()}, "4", true);
    EXPECT_EQ(ring_of(reader), (Texts{"1", "+2", "3", "4"}));
    EXPECT_EQ(said[3].names, said[2].names);
}

TEST_F(PlaneHeadsTest, ASlotsNextSessionFollowsNothing) {
    start();
    auto client = open("");
    const SessionId first = client->id();
    say({first}, "1", false);
    for (int i = 0; i < 16; ++i) {  // the table gives slots out in turn
        table->hang_up(client->id());
        pass();
        pass();
        heard();
        client = open("");
        if (client->id().slot == first.slot) break;
    }
    ASSERT_EQ(client->id().slot, first.slot);
    ASSERT_NE(client->id(), first);
    readers.emplace_back(std::move(client));
    say({readers.front().id()}, "2", true);
    EXPECT_EQ(ring_of(readers.front()), (Texts{"2"}));
}

TEST_F(PlaneHeadsTest, WhatWasDroppedIsNotFollowed) {
    PlaneOptions options;
    options.slow_reader = SlowReaderPolicy::drop_unreliable;
    start(options, kCapacityMin);
    Reader& reader = add({});
    const std::string text(1000, 'x');
    while (plane->counters().warnings == 0) say({reader.id()}, text, false);
    say({reader.id()}, "dropped", false, Service::unreliable);
    say({reader.id()}, "kept", true, Service::agreed);
    EXPECT_EQ(plane->counters().dropped_unreliable, 1u);
    EXPECT_EQ(ring_of(reader).back(), "kept");
}

/// A ring of followers alone is filled to the last byte that its limits allow, and not beyond.
TEST_F(PlaneHeadsTest, FollowersFillARingAndEndItsReaderAsOthersDo) {
    start({}, kCapacityMin);
    Reader& reader = add({});
    const std::uint64_t capacity = reader.raw->deliver()->identity.capacity;
    const std::string text(64, 'x');
    say({reader.id()}, text, false);
    int sent = 1;
    for (; !reader.raw->ended() && sent < 10'000; ++sent) say({reader.id()}, text, true);
    ASSERT_TRUE(reader.raw->ended());
    EXPECT_EQ(reader.raw->reason(), Reason::slow_reader);
    const std::uint64_t written = reader.raw->deliver()->deliver_tail.load();
    EXPECT_LE(written, capacity);
    EXPECT_GT(written + 80, capacity);
    EXPECT_EQ(plane->counters().deliveries, static_cast<std::uint64_t>(sent) - 1);
}

// --- in the log ----------------------------------------------------------------------------------

TEST_F(PlaneHeadsTest, TheFirstOfARunHasItsHeadAndThoseBehindItNone) {
    start();
    Reader& a = add();
    Reader& b = add();
    const std::vector<SessionId> both{a.id(), b.id()};
    const std::uint64_t head = align_up(sizeof(MessageBody) + 21, kPayloadAlign);
    say(both, "1", false);
    say(both, "2", true);
    say(both, "3", true);
    EXPECT_EQ(log().end(), record_bytes(head + 1) + 2 * record_bytes(1));
    delivery.sender = "#b#n1";
    say(both, "4", false);  // another head, the same run
    say(both, "5", true);
    EXPECT_EQ(log().end(), 2 * record_bytes(head + 1) + 3 * record_bytes(1));
    plane->publish();
    say(both, "6", true);  // another run
    view(a.id());
    say(both, "7", true);
    say({a.id()}, "8", true);
    say({a.id()}, "9", true);
    say(both, "10", true);
    say({a.id()}, "11", true);  // behind the run, of which its ring does not say anything yet
    plane->publish();
    for (Reader* reader : {&a, &b}) reader->read();
    EXPECT_EQ(a.got, (Texts{"1", "2", "3", "4", "5", "6", "view", "7", "8", "9", "10", "11"}));
    EXPECT_EQ(b.got, (Texts{"1", "2", "3", "4", "5", "6", "7", "10"}));
    EXPECT_EQ(a.followers, 4u) << "2, 3, 5, 9";
    EXPECT_EQ(b.followers, 3u);
    EXPECT_EQ(plane->counters().shared, 16u);
}

TEST_F(PlaneHeadsTest, CopiesBesideALogFollowInTheirRings) {
    start();
    Reader& a = add();
    Reader& b = add();
    Reader& old = add({false, 1000});
    const std::vector<SessionId> all{a.id(), b.id(), old.id()};
    for (int i = 0; i < 4; ++i) say(all, std::to_string(i), i > 0);
    plane->publish();
    for (Reader& reader : readers) {
        reader.read();
        EXPECT_EQ(reader.got, (Texts{"0", "1", "2", "3"}));
        EXPECT_EQ(reader.followers, 3u);
    }
}

}  // namespace
}  // namespace torc::client_shm::test

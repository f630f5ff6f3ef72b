// The byte ring against a model, between two processes, and with a lying peer; and the numbers of
// the layout that other languages rely on.
#include "client_shm/rings.hpp"

#include <deque>
#include <sys/mman.h>
#include <sys/wait.h>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include "client_shm/names.hpp"
#include "client_shm/server/segment.hpp"

namespace torc::client_shm {
namespace {

constexpr std::uint64_t kCapacity = kCapacityMin;

Segment make_segment(std::uint64_t capacity = kCapacity) {
    auto segment =
        Segment::make({kSegmentMagic, kLayoutVersion, SegmentKind::deliver, capacity, 0, 0},
                      SegmentWriter::daemon);
    EXPECT_TRUE(segment.has_value());
    return std::move(*segment);
}

struct RingPair {
    Segment segment = make_segment();
    Counter tail{0};
    Counter head{0};
    Counter origin{0};
    RingProducer producer{segment.data(), kCapacity, &tail, &head, &origin};
    RingConsumer consumer{segment.data(), kCapacity, &head, &tail, &origin};
};

std::byte pattern(std::uint64_t number, std::uint64_t at) {
    return static_cast<std::byte>((number * 131 + at) & 0xFF);
}

void fill(std::byte* body, std::uint64_t number, std::uint64_t bytes) {
    for (std::uint64_t i = 0; i < bytes; ++i) body[i] = pattern(number, i);
}

bool filled(const std::byte* body, std::uint64_t number, std::uint64_t bytes) {
    for (std::uint64_t i = 0; i < bytes; ++i) {
        if (body[i] != pattern(number, i)) return false;
    }
    return true;
}

TEST(Layout, RecordSizesAndCapacitiesAreAsDocumented) {
    EXPECT_EQ(record_bytes(0), 16u);
    EXPECT_EQ(record_bytes(1), 32u);
    EXPECT_EQ(record_bytes(16), 32u);
    EXPECT_EQ(capacity_for(0, 1024), kCapacityMin);
    EXPECT_EQ(capacity_for(std::size_t{4} << 20, kMessageBytesDefault), std::size_t{4} << 20);
    EXPECT_GE(record_bytes_max(capacity_for(0, kMessageBytesMax)),
              message_record_bytes(kMessageBytesMax));
}

TEST(Layout, SegmentIsMirroredAndSealed) {
    Segment segment = make_segment();
    segment.data()[0] = std::byte{42};
    segment.data()[kCapacity + 1] = std::byte{43};
    EXPECT_EQ(segment.data()[kCapacity], std::byte{42});
    EXPECT_EQ(segment.data()[1], std::byte{43});
    EXPECT_NE(ftruncate(segment.fd(), 0), 0);
    EXPECT_NE(ftruncate(segment.fd(), 1 << 20), 0);
    EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, segment.fd(), 0), MAP_FAILED);
    const char byte = 0;
    EXPECT_NE(pwrite(segment.fd(), &byte, 1, 0), 1);
}

TEST(Names, RoundTripAndRefuseTornOnes) {
    std::vector<std::byte> bytes(64);
    std::byte* end = write_name(write_name(bytes.data(), "alpha"), "");
    const auto size = static_cast<std::size_t>(end - bytes.data());
    EXPECT_EQ(size, name_bytes(5) + name_bytes(0));
    NameReader reader(bytes.data(), size);
    std::string_view name;
    ASSERT_TRUE(reader.take(name));
    EXPECT_EQ(name, "alpha");
    ASSERT_TRUE(reader.take(name));
    EXPECT_EQ(name, "");
    EXPECT_FALSE(reader.take(name));
    for (std::size_t cut = 0; cut < name_bytes(5); ++cut) {
        NameReader torn(bytes.data(), cut);
        EXPECT_FALSE(torn.take(name)) << cut;
    }
    bytes[6] = std::byte{'x'};  // the NUL
    NameReader unterminated(bytes.data(), size);
    EXPECT_FALSE(unterminated.take(name));
}

TEST(Names, SessionNamesArePrintableWithoutHash) {
    EXPECT_TRUE(is_session_name("a"));
    EXPECT_TRUE(is_session_name(std::string(31, 'x')));
    EXPECT_FALSE(is_session_name(""));
    EXPECT_FALSE(is_session_name(std::string(32, 'x')));
    EXPECT_FALSE(is_session_name("a#b"));
    EXPECT_FALSE(is_session_name("a b"));
    EXPECT_FALSE(is_session_name("a\n"));
    EXPECT_FALSE(is_session_name("\xC3\xA4"));
}

RC_GTEST_PROP(Ring, BehavesLikeAQueue, ()) {
    RingPair ring;
    std::deque<std::uint64_t> sizes;  // written and not yet consumed
    std::uint64_t written = 0;
    std::uint64_t consumed = 0;
    std::size_t published = 0;  // of `sizes`
    const int steps = *rc::gen::inRange(50, 400);
    for (int step = 0; step < steps; ++step) {
        const int action = *rc::gen::inRange(0, 10);
        if (action < 4) {
            const auto bytes = *rc::gen::inRange<std::uint64_t>(0, kCapacity / 3);
            std::uint64_t used = 0;
            for (const std::uint64_t size : sizes) used += record_bytes(size);
            const RingStatus status = ring.producer.reserve(bytes);
            if (status == RingStatus::full) {
                // Only a consumer that has not published may make the ring look fuller than it is.
                RC_ASSERT(used + record_bytes(bytes) > kCapacity || ring.consumer.unpublished());
                continue;
            }
            RC_ASSERT(status == RingStatus::ok);
            RC_ASSERT(used + record_bytes(bytes) <= kCapacity);
            if (action == 0) {
                fill(ring.producer.body(), 999, bytes);
                ring.producer.abort();
                continue;
            }
            fill(ring.producer.body(), written, bytes);
            ring.producer.commit({static_cast<std::uint32_t>(bytes), RecordType::send, 0, written});
            sizes.push_back(bytes);
            ++written;
        } else if (action < 6) {
            ring.producer.publish();
            published = sizes.size();
        } else if (action < 9) {
            RecordView record;
            const RingStatus status = ring.consumer.peek(record);
            RC_ASSERT(status == (published > 0 ? RingStatus::ok : RingStatus::empty));
            if (status != RingStatus::ok) continue;
            RC_ASSERT(record.header.operation == consumed);
            RC_ASSERT(record.header.body_bytes == sizes.front());
            RC_ASSERT(filled(record.body, consumed, sizes.front()));
            ring.consumer.advance(record);
            sizes.pop_front();
            --published;
            ++consumed;
        } else {
            ring.consumer.publish();
        }
    }
}

TEST(Ring, LargestRecordFitsAndOneMoreByteNever) {
    RingPair ring;
    const std::uint64_t largest = record_bytes_max(kCapacity) - sizeof(RecordHeader);
    EXPECT_EQ(ring.producer.reserve(largest + 1), RingStatus::too_large);
    EXPECT_EQ(ring.producer.reserve(~std::uint64_t{0}), RingStatus::too_large);
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(ring.producer.reserve(largest), RingStatus::ok);
        ring.producer.commit({static_cast<std::uint32_t>(largest), RecordType::send, 0, 0});
    }
    EXPECT_EQ(ring.producer.reserve(0), RingStatus::full);
}

TEST(Ring, ConsumerRefusesImpossibleTails) {
    for (const std::uint64_t lie : {kCapacity + 16, std::uint64_t{8}, std::uint64_t{1},
                                    ~std::uint64_t{0} - 15, std::uint64_t{1} << 63}) {
        RingPair ring;
        ring.tail.store(lie);
        RecordView record;
        EXPECT_EQ(ring.consumer.peek(record), RingStatus::corrupt) << lie;
    }
}

TEST(Ring, ConsumerRefusesATailThatGoesBack) {
    RingPair ring;
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(ring.producer.reserve(0), RingStatus::ok);
        ring.producer.commit({0, RecordType::send, 0, 0});
    }
    ring.producer.publish();
    RecordView record;
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(ring.consumer.peek(record), RingStatus::ok);
        ring.consumer.advance(record);
    }
    ring.tail.store(16);  // before the cursor, though not before the head
    EXPECT_EQ(ring.consumer.peek(record), RingStatus::corrupt);
}

TEST(Ring, ConsumerRefusesLengthsPastTheTail) {
    for (const std::uint32_t lie : {17u, 0xFFFFFFFFu, static_cast<std::uint32_t>(kCapacity)}) {
        RingPair ring;
        ASSERT_EQ(ring.producer.reserve(0), RingStatus::ok);
        ring.producer.commit({0, RecordType::send, 0, 0});
        ring.producer.publish();
        std::memcpy(ring.segment.data(), &lie, sizeof lie);
        RecordView record;
        EXPECT_EQ(ring.consumer.peek(record), RingStatus::corrupt) << lie;
    }
}

TEST(Ring, ProducerRefusesImpossibleHeads) {
    for (const std::uint64_t lie : {std::uint64_t{32}, std::uint64_t{8}, ~std::uint64_t{0} - 15}) {
        RingPair ring;
        ASSERT_EQ(ring.producer.reserve(0), RingStatus::ok);
        ring.producer.commit({0, RecordType::message, 0, 0});
        ring.producer.publish();
        ring.head.store(lie);
        EXPECT_FALSE(ring.producer.refresh()) << lie;
    }
}

/// A ring of a megabyte whose reader keeps up, or does not.
TEST(Ring, GoesOnAtItsStartOnceAllWasGivenBack) {
    constexpr std::uint64_t kLarge = std::uint64_t{1} << 20;
    constexpr std::uint64_t kBody = 4096 - sizeof(RecordHeader);
    constexpr std::uint64_t kFew = kRewindBytes / 4096;
    Segment segment = make_segment(kLarge);
    Counter tail{0};
    Counter head{0};
    Counter origin{0};
    RingProducer producer(segment.data(), kLarge, &tail, &head, &origin);
    RingConsumer consumer(segment.data(), kLarge, &head, &tail, &origin);
    std::uint64_t written = 0;
    const auto write = [&] {
        ASSERT_EQ(producer.reserve(kBody), RingStatus::ok);
        fill(producer.body(), written, kBody);
        producer.commit({kBody, RecordType::message, 0, written++});
        producer.publish();
    };
    std::uint64_t read = 0;
    const auto take = [&] {
        RecordView record;
        ASSERT_EQ(consumer.peek(record), RingStatus::ok);
        EXPECT_EQ(record.header.operation, read);
        EXPECT_TRUE(filled(record.body, read++, kBody));
        EXPECT_EQ(record.body - segment.data() - sizeof(RecordHeader),
                  static_cast<std::ptrdiff_t>((record.position - origin.load()) % kLarge));
        consumer.advance(record);
    };
    for (std::uint64_t i = 0; i < 4 * kFew; ++i) {
        write();
        take();
        consumer.publish();
        EXPECT_LE(producer.tail() - origin.load(), kRewindBytes);
    }
    EXPECT_EQ(origin.load(), 3 * kRewindBytes);
    for (std::uint64_t i = 0; i < 2 * kFew; ++i) write();  // it stays behind, and then reads on
    EXPECT_EQ(origin.load(), 4 * kRewindBytes);
    for (std::uint64_t i = 0; i < 2 * kFew; ++i) take();
    write();  // all is read, but nothing given back
    EXPECT_EQ(origin.load(), 4 * kRewindBytes);
    take();
    consumer.publish();
    write();
    EXPECT_EQ(origin.load(), 6 * kRewindBytes + 4096);
    take();
}

TEST(Ring, CarriesRecordsBetweenTwoProcesses) {
    Segment segment = make_segment();
    auto* words = segment.header<DeliverHeader>();
    constexpr std::uint64_t kRecords = 20'000;
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        RingProducer producer(segment.data(), kCapacity, &words->deliver_tail, &words->submit_head,
                              &words->deliver_origin);
        for (std::uint64_t i = 0; i < kRecords; ++i) {
            const std::uint64_t bytes = i * 7919 % 3000;
            while (producer.reserve(bytes) != RingStatus::ok) usleep(1);
            fill(producer.body(), i, bytes);
            producer.commit({static_cast<std::uint32_t>(bytes), RecordType::send, 0, i});
            if (i % 5 == 0 || producer.room() < kCapacity / 2) producer.publish();
        }
        producer.publish();
        _exit(0);
    }
    RingConsumer consumer(segment.data(), kCapacity, &words->submit_head, &words->deliver_tail,
                          &words->deliver_origin);
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < kRecords;) {
        RecordView record;
        const RingStatus status = consumer.peek(record);
        ASSERT_NE(status, RingStatus::corrupt);
        if (status == RingStatus::empty) {
            usleep(1);
            continue;
        }
        if (record.header.operation != i || !filled(record.body, i, record.header.body_bytes)) {
            ++wrong;
        }
        consumer.advance(record);
        consumer.publish();
        ++i;
    }
    EXPECT_EQ(wrong, 0u);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace torc::client_shm

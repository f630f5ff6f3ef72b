// A session of the library with nobody at its other end but the test, which writes into its deliver
// ring, and into its log, whatever it likes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "client_shm/client/session.hpp"
#include "client_shm/names.hpp"

namespace torc::client_shm::test {

/// Header and ring, the ring mapped twice in a row.
class SegmentMemory {
public:
    explicit SegmentMemory(std::size_t capacity) : once_{kSegmentHeaderBytes + capacity} {
        bytes_ = once_ + capacity;
        const int fd = memfd_create("lone_session", MFD_CLOEXEC);
        EXPECT_EQ(ftruncate(fd, static_cast<off_t>(once_)), 0);
        base_ = static_cast<std::byte*>(
            mmap(nullptr, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        constexpr int kBoth = PROT_READ | PROT_WRITE;
        mmap(base_, once_, kBoth, MAP_SHARED | MAP_FIXED, fd, 0);
        mmap(base_ + once_, capacity, kBoth, MAP_SHARED | MAP_FIXED, fd, kSegmentHeaderBytes);
        close(fd);
    }
    ~SegmentMemory() { munmap(base_, bytes_); }
    SegmentMemory(const SegmentMemory&) = delete;
    SegmentMemory& operator=(const SegmentMemory&) = delete;

    template <typename Header>
    Header* header() const {
        return static_cast<Header*>(static_cast<void*>(base_));
    }
    std::byte* data() const { return base_ + kSegmentHeaderBytes; }

private:
    std::size_t once_;
    std::size_t bytes_;
    std::byte* base_;
};

/// What a message's head says.
struct Head {
    std::string sender{"#a#n1"};
    std::vector<std::string> groups{"g"};
    std::uint64_t seq{70};
};

class LoneSession {
public:
    static constexpr std::uint64_t kCapacity = kCapacityMin;
    static constexpr std::uint64_t kLogBytes = 4096;

    LoneSession() {
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets_), 0);
        auto* const ours = submit_.header<SubmitHeader>();
        auto* const theirs = deliver_.header<DeliverHeader>();
        theirs->state.store(static_cast<std::uint32_t>(SessionState::open));
        raw.single_threaded = true;
        raw.socket = sockets_[0];
        raw.submit_header = ours;
        raw.deliver_header = theirs;
        raw.fork_guard = &guard_;
        raw.deliver = RingConsumer(deliver_.data(), kCapacity, &ours->deliver_head,
                                   &theirs->deliver_tail, &theirs->deliver_origin);
        raw.walk.set_log(log.data(), log.size());
        ring = RingProducer(deliver_.data(), kCapacity, &theirs->deliver_tail, &ours->deliver_head,
                            &theirs->deliver_origin);
    }
    ~LoneSession() {
        for (const int fd : sockets_) close(fd);
    }
    LoneSession(const LoneSession&) = delete;
    LoneSession& operator=(const LoneSession&) = delete;

    static std::vector<std::byte> whole_body(const Head& head, const std::string& payload) {
        MessageBody body{};
        body.service = static_cast<std::uint8_t>(TORC_AGREED);
        body.type = 9;
        body.group_count = static_cast<std::uint16_t>(head.groups.size());
        std::size_t names = name_bytes(head.sender.size());
        for (const std::string& group : head.groups) names += name_bytes(group.size());
        body.names_bytes = static_cast<std::uint16_t>(names);
        body.ring_epoch = 7;
        body.seq = head.seq;
        body.index = 1;
        body.representative = 3;
        const std::size_t at = align_up(sizeof body + names, kPayloadAlign);
        std::vector<std::byte> bytes(at + payload.size());
        std::memcpy(bytes.data(), &body, sizeof body);
        std::byte* to = write_name(bytes.data() + sizeof body, head.sender);
        for (const std::string& group : head.groups) to = write_name(to, group);
        std::memcpy(bytes.data() + at, payload.data(), payload.size());
        return bytes;
    }
    static std::vector<std::byte> bytes_of(const std::string& text) {
        const auto* const at = static_cast<const std::byte*>(static_cast<const void*>(text.data()));
        return {at, at + text.size()};
    }
    static std::uint64_t place(std::uint32_t index, std::uint8_t service = TORC_AGREED) {
        const PlaceInFrame place{index, service, {}};
        std::uint64_t operation = 0;
        std::memcpy(&operation, &place, sizeof place);
        return operation;
    }

    void write(RecordType type, const std::vector<std::byte>& body, std::uint16_t flags = 0,
               std::uint64_t operation = 0) {
        ASSERT_EQ(ring.reserve(body.size()), RingStatus::ok);
        if (!body.empty()) std::memcpy(ring.body(), body.data(), body.size());
        ring.commit({static_cast<std::uint32_t>(body.size()), type, flags, operation});
        ring.publish();
    }
    void whole(const Head& head, const std::string& payload) {
        write(RecordType::message, whole_body(head, payload));
    }
    void follower(const std::string& payload, std::uint32_t index = 2,
                  std::uint8_t service = TORC_AGREED) {
        write(RecordType::message, bytes_of(payload), kSameHead, place(index, service));
    }
    void warning() { write(RecordType::warning, std::vector<std::byte>(sizeof(WarningBody))); }
    /// A record of the log, behind those before.
    void log_record(const std::vector<std::byte>& body, std::uint16_t flags = 0,
                    std::uint64_t operation = 0) {
        const RecordHeader header{static_cast<std::uint32_t>(body.size()), RecordType::message,
                                  flags, operation};
        ASSERT_LE(log_end_ + record_bytes(body.size()), log.size());
        std::memcpy(log.data() + log_end_, &header, sizeof header);
        if (!body.empty()) {
            std::memcpy(log.data() + log_end_ + sizeof header, body.data(), body.size());
        }
        log_end_ += record_bytes(body.size());
        ++log_records_;
    }
    /// The ring refers to all log records since the last time.
    void run() {
        const RunBody body{log_begin_, static_cast<std::uint32_t>(log_end_ - log_begin_),
                           log_records_};
        std::vector<std::byte> bytes(sizeof body);
        std::memcpy(bytes.data(), &body, sizeof body);
        write(RecordType::run, bytes);
        log_begin_ = log_end_;
        log_records_ = 0;
    }

    int receive(torc_message& message) { return torc_receive(&raw, &message, 0); }
    torc_message expect() {
        torc_message message{};
        EXPECT_EQ(receive(message), TORC_OK);
        return message;
    }
    int release(const torc_message& message) { return torc_release(&raw, &message); }
    int release_through(const torc_message& message) {
        return torc_release_through(&raw, &message);
    }
    /// As the daemon sees them.
    std::uint64_t released() const { return submit_.header<SubmitHeader>()->released.load(); }
    std::uint64_t log_released() const {
        return submit_.header<SubmitHeader>()->log_released.load();
    }
    std::uint64_t head() const { return submit_.header<SubmitHeader>()->deliver_head.load(); }
    /// Everything that the daemon may overwrite becomes something else.
    void scribble() {
        ASSERT_TRUE(ring.refresh());
        for (std::uint64_t at = ring.tail(); at < ring.head() + kCapacity; ++at) {
            deliver_.data()[at % kCapacity] = std::byte{0xAA};
        }
    }

    torc_session raw;
    RingProducer ring;
    alignas(kRecordAlign) std::array<std::byte, kLogBytes> log{};

private:
    SegmentMemory submit_{kCapacity};
    SegmentMemory deliver_{kCapacity};
    std::uint32_t guard_{1};
    std::uint64_t log_begin_{0};
    std::uint64_t log_end_{0};
    std::uint32_t log_records_{0};
    int sockets_[2]{-1, -1};
};

inline std::string text_of(const torc_message& message) {
    return {static_cast<const char*>(message.data), message.size};
}
inline std::vector<std::string> groups_of(const torc_message& message) {
    std::vector<std::string> groups;
    torc_names names = message.groups;
    while (const char* name = torc_names_next(&names)) groups.emplace_back(name);
    return groups;
}

}  // namespace torc::client_shm::test

// Clients of one plane that read what they share from a log, as libtorc does.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "client_shm/client/run_walk.hpp"
#include "tests/unit/client_shm/plane_fixture.hpp"

namespace torc::client_shm::test {

using Texts = std::vector<std::string>;

inline constexpr LogReader kShares{true, 1000};
inline constexpr LogReader kSharesElsewhere{true, 2000};

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
    /// `repeats`: to the same as the last one.
    void say(std::vector<SessionId> to, const std::string& text, bool repeats = false) {
        const std::array<std::string_view, 1> groups{"g"};
        engine::Delivery delivery;
        delivery.sessions = to;
        delivery.sender = "#a#n1";
        delivery.groups = groups;
        delivery.service = Service::agreed;
        delivery.payload = std::as_bytes(std::span(text));
        delivery.repeats = repeats;
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

}  // namespace torc::client_shm::test

// Clients of one plane that read what they share from a log, as libtorc does.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "client_shm/client/run_walk.hpp"
#include "tests/unit/client_shm/message_reader.hpp"
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
            got.push_back(text_of(record, heads_));
            if (walk_.is_inside()) {
                log_bytes_ += walk_.advance(record);
                if (!walk_.is_inside()) {
                    raw->consumer.advance(walk_.run());
                    heads_.forget();
                }
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
        MessageReader heads = heads_;
        while (copy.peek(record) == RingStatus::ok) {
            RunBody run{};
            if (record.header.type == RecordType::run) std::memcpy(&run, record.body, sizeof run);
            if (run.records > 0) heads.forget();
            ring.push_back(run.records > 0 ? "run(" + std::to_string(run.records) + ")"
                                           : text_of(record, heads));
            copy.advance(record);
        }
        return ring;
    }
    SessionId id() const { return raw->id(); }

    std::unique_ptr<RawClient> raw;
    Texts got;
    std::size_t followers{0};  ///< messages whose records have no head, seen so far

private:
    bool next(RecordView& record) {
        if (!walk_.is_inside()) {
            if (raw->consumer.peek(record) != RingStatus::ok) return false;
            if (record.header.type != RecordType::run) return true;
            EXPECT_TRUE(walk_.enter(record));
            heads_.forget();
        }
        const bool there = walk_.peek(record);
        EXPECT_TRUE(there);
        return there;
    }
    std::string text_of(const RecordView& record, MessageReader& heads) {
        if (record.header.type == RecordType::message) {
            const MessageReader::Said said = heads.read(record);
            if (said.follows) ++followers;
            return said.payload;
        }
        heads.forget();
        return record.header.type == RecordType::view ? "view" : "other";
    }

    RunWalk walk_;
    MessageReader heads_;
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
        static constexpr std::array<std::string_view, 1> groups{"g"};  // stays where it is
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

// Several Groups objects that are fed the same records: process groups over a hand-made order.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "groups/groups.hpp"

namespace torc::groups::test {

inline config::ClusterSettings cluster(std::uint16_t nodes) {
    config::ClusterSettings settings;
    for (std::uint16_t i = 0; i < nodes; ++i) {
        settings.nodes.push_back({"n" + std::to_string(i), i, NodeIndex{i}});
    }
    return settings;
}

inline wire::MemberList members(std::initializer_list<std::uint16_t> indices) {
    wire::MemberList list;
    for (const std::uint16_t index : indices) list.push_back({NodeIndex{index}, Incarnation{1}});
    return list;
}

inline std::string join(std::span<const std::string_view> names) {
    std::string text;
    for (const std::string_view name : names) text.append(name).push_back(' ');
    return text;
}

/// One daemon's Groups and a log of what its sessions saw, a line each.
class Daemon {
public:
    Daemon(const config::ClusterSettings& settings, std::uint16_t index)
        : index_(index), groups_(settings, NodeIndex{index}, upcalls(), counters_) {}

    void open(std::uint16_t slot, const std::string& name) {
        ASSERT_EQ(groups_.sessions().open({slot, 0}, name), Sessions::Open::opened);
    }
    Groups& groups() { return groups_; }
    std::vector<std::string> take_log() { return std::exchange(log_, {}); }
    std::uint16_t index() const { return index_; }
    std::pair<RingId, std::uint64_t> last_view() const { return last_view_; }
    const std::string& last_who() const { return last_who_; }
    const std::string& last_sender() const { return last_sender_; }
    std::uint64_t counter(telemetry::CounterId id) const { return counters_.get(id); }

    // Called first, if they are there.
    std::function<void(const Delivery&)> on_delivery;
    std::function<void(const ViewEvent&)> on_view;
    std::function<void(const FlushRequest&)> on_request;

private:
    static Daemon& of(void* self) { return *static_cast<Daemon*>(self); }

    GroupUpcalls upcalls() {
        GroupUpcalls upcalls;
        upcalls.driver = this;
        upcalls.deliver_fn = [](void* self, const Delivery& delivery) {
            of(self).last_sender_ = delivery.sender;
            if (of(self).on_delivery) of(self).on_delivery(delivery);
            for (const SessionId session : delivery.sessions) {
                of(self).log_.push_back(std::to_string(session.slot) + " got " +
                                        std::string(delivery.sender) + ">" + join(delivery.groups));
            }
        };
        upcalls.view_fn = [](void* self, const ViewEvent& event) {
            if (of(self).on_view) of(self).on_view(event);
            constexpr std::array kCauses{"join",    "leave",      "disconnect",
                                         "network", "self_leave", "transitional"};
            std::string line = std::to_string(event.session.slot) + " " +
                               kCauses[static_cast<std::size_t>(event.cause)] + " " +
                               std::string(event.group) + ": " + join(event.members);
            for (const std::uint16_t set : event.vs_set_of) line += std::to_string(set);
            if (!event.vs_set_of.empty()) line += " mine " + std::to_string(event.my_vs_set);
            if (event.kind_lost) line += "of another kind";
            of(self).log_.push_back(line);
            of(self).last_view_ = {event.ring, event.index};
            of(self).last_who_ = event.who;
        };
        upcalls.flush_fn = [](void* self, const FlushRequest& request) {
            if (of(self).on_request) of(self).on_request(request);
            of(self).log_.push_back(std::to_string(request.session.slot) + " flush " +
                                    std::string(request.group));
        };
        upcalls.session_fn = [](void* self, SessionId session, SessionOutcome outcome) {
            constexpr std::array kOutcomes{"closed",       "name_taken", "limit_reached",
                                           "group_kind",   "not_member", "flushed",
                                           "flush_timeout"};
            of(self).log_.push_back(std::to_string(session.slot) + " refused " +
                                    kOutcomes[static_cast<std::size_t>(outcome)]);
        };
        return upcalls;
    }

    std::uint16_t index_;
    telemetry::CounterValues values_;
    telemetry::CounterSet counters_{values_};
    std::vector<std::string> log_;
    std::pair<RingId, std::uint64_t> last_view_;
    std::string last_who_;
    std::string last_sender_;
    Groups groups_;
};

/// An order that reaches all daemons of `ring`.
class Order {
public:
    explicit Order(std::vector<Daemon*> ring) : ring_(std::move(ring)) {}

    void record(Daemon& sender, std::uint16_t slot, const std::string& name, EnvelopeKind kind,
                std::vector<std::string_view> groups, std::uint8_t flags = 0,
                std::string_view payload = {}) {
        std::vector<std::byte> bytes(kEnvelopeBytesMax);
        bytes.resize(write_envelope(kind, flags, 0, name, groups, bytes));
        for (const char c : payload) bytes.push_back(static_cast<std::byte>(c));
        put(sender, slot, bytes);
    }
    /// Behind a record of this session: in the same frame, with the same envelope.
    void again(Daemon& sender, std::uint16_t slot, std::string_view payload = {}) {
        put(sender, slot, std::as_bytes(std::span(payload)), true);
    }
    /// Delivers a configuration with its transitional one, then all chunks that are owed.
    void install(const wire::MemberList& transitional, const wire::MemberList& next) {
        ++epoch_;
        const RingId ring{epoch_, next.front().index};
        for (Daemon* daemon : ring_) {
            daemon->groups().on_transitional({epoch_, transitional.front().index}, transitional);
            daemon->groups().on_regular(ring, next);
        }
    }
    void install_alone(Daemon& daemon, const wire::MemberList& transitional, std::uint64_t epoch) {
        daemon.groups().on_transitional({epoch, transitional.front().index}, transitional);
        daemon.groups().on_regular({epoch, transitional.front().index}, transitional);
    }
    void exchange() {
        for (Daemon* sender : ring_) {
            for (auto chunk = sender->groups().chunk_to_send(); !chunk.empty();
                 chunk = sender->groups().chunk_to_send()) {
                std::vector<std::byte> bytes(kEnvelopeBytesMax);
                bytes.resize(write_envelope(EnvelopeKind::sync, 0, 0, {}, {}, bytes));
                bytes.insert(bytes.end(), chunk.begin(), chunk.end());
                sender->groups().chunk_sent();
                put(*sender, 0, bytes);
            }
        }
    }

private:
    void put(Daemon& sender, std::uint16_t slot, std::span<const std::byte> bytes,
             bool same_envelope = false) {
        if (!same_envelope) {
            ++seq_;
            index_ = 0;
            before_.assign(bytes.begin(), bytes.end());  // stays, as a frame does
            bytes = before_;
        }
        for (Daemon* daemon : ring_) {
            daemon->groups().on_message({NodeIndex{sender.index()},
                                         {slot, 0},
                                         Service::agreed,
                                         RingId{epoch_, NodeIndex{0}},
                                         Seq{seq_},
                                         index_,
                                         bytes,
                                         same_envelope});
        }
        ++index_;
    }

    std::vector<Daemon*> ring_;
    std::uint64_t epoch_{100};
    std::uint64_t seq_{0};
    std::uint32_t index_{0};
    std::vector<std::byte> before_;
};

}  // namespace torc::groups::test

// Daemons in rings that part and meet, and members of flush groups on them. Every record reaches
// all daemons of its sender's ring at once; a test says who sends what, and when rings change.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/groups/support.hpp"

namespace torc::groups::test {

/// A session: where it is, and its name.
struct Person {
    std::uint16_t daemon;
    std::uint16_t slot;
    std::string name;
};

using Lines = std::vector<std::string>;
using Ring = std::vector<std::uint16_t>;

class FlushWorld {
public:
    /// All daemons in one ring.
    explicit FlushWorld(std::uint16_t daemons, const config::ClusterSettings* settings = nullptr) {
        const config::ClusterSettings all = settings != nullptr ? *settings : cluster(daemons);
        Ring whole;
        for (std::uint16_t i = 0; i < daemons; ++i) {
            daemons_.push_back(std::make_unique<Daemon>(all, i));
            rings_.push_back({i});
            whole.push_back(i);
        }
        change({whole});
    }

    Daemon& daemon(std::uint16_t index) { return *daemons_[index]; }
    Person open(std::uint16_t daemon, std::uint16_t slot, const std::string& name) {
        daemons_[daemon]->open(slot, name);
        seen_.push_back({{daemon, slot}, {}});
        return {daemon, slot, name};
    }

    // --- what sessions do ------------------------------------------------------------------------

    void join(const Person& who, std::string_view group, JoinKind kind = JoinKind::flush) {
        record(who, EnvelopeKind::join, {group}, kind == JoinKind::flush ? kFlushJoin : 0);
    }
    void leave(const Person& who, std::string_view group) {
        begin_leave(who, group);
        order_leave(who, group);
    }
    void begin_leave(const Person& who, std::string_view group) {
        daemon(who.daemon).groups().set_leaving({who.slot, 0}, group, true);
    }
    void order_leave(const Person& who, std::string_view group) {
        record(who, EnvelopeKind::leave, {group});
    }
    void die(const Person& who) {
        daemon(who.daemon).groups().close_session({who.slot, 0});
        record(who, EnvelopeKind::disconnect, {});
    }
    /// False if its own daemon refuses.
    bool consent(const Person& who, std::string_view group) {
        const Admission admission = begin_consent(who, group);
        if (admission.objection) return false;
        order_consent(who, group, admission.views);
        return true;
    }
    /// The same in two steps: what is written between them comes before it in the order.
    Admission begin_consent(const Person& who, std::string_view group) {
        return daemon(who.daemon).groups().begin_consent({who.slot, 0}, group);
    }
    void order_consent(const Person& who, std::string_view group, std::uint16_t view) {
        record(who, EnvelopeKind::flush_ok, {group}, 0, view);
    }
    /// Says something to groups, if its own daemon has nothing against it.
    std::optional<SessionOutcome> say(const Person& who, std::vector<std::string_view> groups,
                                      std::uint8_t flags = 0) {
        const Admission admission = admit(who, groups, flags);
        if (!admission.objection) order_message(who, groups, admission.views, flags);
        return admission.objection;
    }
    Admission admit(const Person& who, std::vector<std::string_view> groups,
                    std::uint8_t flags = 0) {
        return daemon(who.daemon).groups().admit({who.slot, 0}, groups, (flags & kSubgroup) != 0);
    }
    void order_message(const Person& who, std::vector<std::string_view> groups, std::uint16_t views,
                       std::uint8_t flags = 0, std::uint16_t type = 0) {
        record(who, EnvelopeKind::message, groups, flags, views, type);
    }
    void order_disconnect(const Person& who) { record(who, EnvelopeKind::disconnect, {}); }

    // --- what the network does -------------------------------------------------------------------

    /// Each daemon goes from its ring to its next one; directories that differ are joined.
    void change(const std::vector<Ring>& next) {
        part(next);
        for (const Ring& ring : next) exchange(ring);
    }
    /// The transitional signals of such a change only, with `between` on the way to each ring.
    template <typename F>
    void change(const std::vector<Ring>& next, F&& between) {
        transitional(next);
        between();
        regular(next);
        for (const Ring& ring : next) exchange(ring);
    }
    /// Without the exchange: whoever has to exchange something stays in the merge.
    void part(const std::vector<Ring>& next) {
        transitional(next);
        regular(next);
    }
    void exchange(const Ring& ring) {
        for (const std::uint16_t sender : ring) {
            Groups& groups = daemon(sender).groups();
            for (auto chunk = groups.chunk_to_send(); !chunk.empty();
                 chunk = groups.chunk_to_send()) {
                std::vector<std::byte> bytes(kEnvelopeBytesMax);
                bytes.resize(write_envelope(EnvelopeKind::sync, 0, 0, {}, {}, bytes));
                bytes.insert(bytes.end(), chunk.begin(), chunk.end());
                groups.chunk_sent();
                put(ring, sender, 0, bytes);
            }
        }
    }

    // --- what sessions see -----------------------------------------------------------------------

    /// What a session saw since it was asked last: `#a#n0` as `a`.
    Lines seen(const Person& who) {
        for (std::uint16_t i = 0; i < daemons_.size(); ++i) collect(i);
        return std::exchange(lines_of(who.daemon, who.slot), {});
    }
    void forget() {
        for (std::uint16_t i = 0; i < daemons_.size(); ++i) collect(i);
        for (auto& [seat, lines] : seen_) lines.clear();
    }
    bool agree(const Ring& ring) {
        return std::all_of(ring.begin(), ring.end(), [&](std::uint16_t index) {
            return daemon(index).groups().directory().digest() ==
                   daemon(ring.front()).groups().directory().digest();
        });
    }

private:
    using Seat = std::pair<std::uint16_t, std::uint16_t>;

    void record(const Person& who, EnvelopeKind kind, std::vector<std::string_view> groups,
                std::uint8_t flags = 0, std::uint16_t views = 0, std::uint16_t type = 0) {
        std::vector<std::byte> bytes(kEnvelopeBytesMax);
        bytes.resize(write_envelope(kind, flags, type, who.name, groups, bytes, views));
        put(rings_[who.daemon], who.daemon, who.slot, bytes);
    }
    void put(const Ring& ring, std::uint16_t sender, std::uint16_t slot,
             std::span<const std::byte> bytes) {
        ++seq_;
        for (const std::uint16_t index : ring) {
            daemon(index).groups().on_message({NodeIndex{sender},
                                               {slot, 0},
                                               Service::agreed,
                                               RingId{epoch_, NodeIndex{ring.front()}},
                                               Seq{seq_},
                                               0,
                                               bytes});
        }
    }
    static wire::MemberList list(const Ring& ring) {
        wire::MemberList members;
        for (const std::uint16_t index : ring) {
            members.push_back({NodeIndex{index}, Incarnation{1}});
        }
        return members;
    }
    /// Who goes on together is who comes from one ring to one ring; records reach only them.
    void transitional(const std::vector<Ring>& next) {
        const std::vector<Ring> old = rings_;
        for (const Ring& ring : next) {
            for (const std::uint16_t first : ring) {
                Ring together;
                std::copy_if(ring.begin(), ring.end(), std::back_inserter(together),
                             [&](std::uint16_t other) { return old[other] == old[first]; });
                if (together.front() == first) part_together(together);
            }
        }
    }
    void part_together(const Ring& together) {
        ++epoch_;
        for (const std::uint16_t index : together) {
            rings_[index] = together;
            daemon(index).groups().on_transitional({epoch_, NodeIndex{together.front()}},
                                                   list(together));
        }
    }
    void regular(const std::vector<Ring>& next) {
        for (const Ring& ring : next) {
            ++epoch_;
            for (const std::uint16_t index : ring) {
                rings_[index] = ring;
                daemon(index).groups().on_regular({epoch_, NodeIndex{ring.front()}}, list(ring));
            }
        }
    }

    void collect(std::uint16_t index) {
        for (std::string line : daemon(index).take_log()) {
            const auto slot = static_cast<std::uint16_t>(std::stoul(line));
            line.erase(0, line.find(' ') + 1);
            for (std::size_t at = line.find("#n"); at != std::string::npos; at = line.find("#n")) {
                line.erase(at, 3);
                line.erase(line.rfind('#', at), 1);
            }
            lines_of(index, slot).push_back(line);
        }
    }
    Lines& lines_of(std::uint16_t daemon, std::uint16_t slot) {
        return std::find_if(seen_.begin(), seen_.end(),
                            [&](const auto& entry) { return entry.first == Seat{daemon, slot}; })
            ->second;
    }

    std::vector<std::unique_ptr<Daemon>> daemons_;
    std::vector<Ring> rings_;  ///< of each daemon
    std::vector<std::pair<Seat, Lines>> seen_;
    std::uint64_t epoch_{100};
    std::uint64_t seq_{0};
};

}  // namespace torc::groups::test

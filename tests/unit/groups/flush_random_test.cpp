// Flush groups under whatever may happen: members of three daemons join, speak, consent, leave and
// die at random, what they send waits in queues, and rings part and meet in the middle of it. What
// must hold (view synchrony) is judged from what the members see alone.
#include <deque>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/prng.hpp"
#include "tests/unit/groups/flush_world.hpp"

namespace torc::groups {
namespace {

using namespace test;

using ViewName = std::pair<RingId, std::uint64_t>;
constexpr ViewName kNoView{};
constexpr std::uint16_t kDaemons = 3;
constexpr std::uint16_t kPerDaemon = 2;

/// A member as a program would see itself.
struct Member {
    Person person;
    bool alive{true};
    bool joined{false};  ///< has asked to be, and not to leave since
    bool leaves{false};  ///< has asked to leave, and may have asked to come back
    bool asked{false};   ///< since its view
    bool consented{false};
    bool signalled{false};
    ViewName view{kNoView};
    std::vector<std::uint16_t> heard{};  ///< in its view
    std::set<std::uint16_t> said{};      ///< in its view, and not heard by itself so far
};

class Storm {
public:
    explicit Storm(std::uint64_t seed) : random_(seed), world_(kDaemons), queues_(kDaemons) {
        for (std::uint16_t i = 0; i < kDaemons * kPerDaemon; ++i) add_member(i);
        for (std::uint16_t i = 0; i < kDaemons; ++i) watch(i);
    }

    void run(int steps) {
        for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
    }
    /// One ring, everything ordered, everyone consents: all members see each other.
    void come_to_rest() {
        drain();
        change({{0, 1, 2}});
        for (int round = 0; round < 4; ++round) {
            drain();
            for (Member& member : members_) try_consent(member);
        }
        drain();
        std::set<std::string> all;
        for (const Member& member : members_) {
            if (member.alive && member.joined) all.insert(name_of(member));
        }
        for (const Member& member : members_) {
            if (!member.alive || !member.joined) continue;
            EXPECT_EQ(lists_[member.view], all) << name_of(member);
            EXPECT_FALSE(member.asked) << name_of(member) << " waits for a view";
        }
        EXPECT_TRUE(world_.agree({0, 1, 2}));
    }

private:
    static std::string name_of(const Member& member) {
        return "#" + member.person.name + "#n" + std::to_string(member.person.daemon);
    }
    void add_member(std::uint16_t index) {
        const std::uint16_t daemon = index % kDaemons;
        const std::uint16_t slot = index / kDaemons;
        members_.push_back(
            {world_.open(daemon, slot, std::string(1, static_cast<char>('a' + index)))});
    }
    Member& member(std::uint16_t daemon, SessionId session) {
        return members_[static_cast<std::size_t>(session.slot * kDaemons + daemon)];
    }
    std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

    // --- what happens ----------------------------------------------------------------------------

    void step() {
        Member& one = members_[below(members_.size())];
        switch (below(10)) {
            case 0:
                return try_join(one);
            case 1:
                return one_in(3) ? try_leave(one) : void();
            case 2:
                return one_in(60) ? try_die(one) : void();
            case 3:
            case 4:
                return try_say(one);
            case 5:
                return try_consent(one);
            case 6:
                return one_in(4) ? random_change() : void();
            default:
                return order_one(static_cast<std::uint16_t>(below(kDaemons)));
        }
    }
    void send(const Member& from, std::function<void()> record) {
        queues_[from.person.daemon].push_back(std::move(record));
    }
    void try_join(Member& one) {
        if (!one.alive || one.joined) return;
        one.joined = true;
        send(one, [this, person = one.person] { world_.join(person, "room"); });
    }
    void try_leave(Member& one) {
        if (!one.alive || !one.joined) return;
        one.joined = false;
        one.leaves = true;
        world_.begin_leave(one.person, "room");
        send(one, [this, person = one.person] { world_.order_leave(person, "room"); });
    }
    void try_die(Member& one) {
        if (!one.alive) return;
        one.alive = one.joined = false;
        send(one, [this, person = one.person] { world_.order_disconnect(person); });
        world_.daemon(one.person.daemon).groups().close_session({one.person.slot, 0});
    }
    void try_say(Member& one) {
        if (!one.alive) return;
        const Admission admission = world_.admit(one.person, {"room"});
        if (one.view == kNoView || one.consented) {
            const bool unknown = !admission.objection && admission.views == 0;
            ASSERT_TRUE(admission.objection.has_value() || unknown) << name_of(one);
        }
        if (admission.objection) return;
        const std::uint16_t message = ++messages_;
        said_in_.push_back(one.view);
        if (one.view != kNoView) one.said.insert(message);
        send(one, [this, person = one.person, message, views = admission.views] {
            world_.order_message(person, {"room"}, views, 0, message);
        });
    }
    void try_consent(Member& one) {
        if (!one.alive || !one.asked || one.consented || one.leaves) return;
        if (world_.daemon(one.person.daemon).groups().merging()) return;
        const Admission consent = world_.begin_consent(one.person, "room");
        ASSERT_FALSE(consent.objection.has_value()) << name_of(one) << " was asked";
        one.consented = true;
        send(one, [this, person = one.person, view = consent.views] {
            world_.order_consent(person, "room", view);
        });
    }
    void order_one(std::uint16_t daemon) {
        auto& queue = queues_[daemon];
        if (queue.empty() || world_.daemon(daemon).groups().merging()) return;
        const auto record = std::move(queue.front());
        queue.pop_front();
        record();
    }
    void drain() {
        for (std::uint16_t i = 0; i < kDaemons; ++i) {
            while (!queues_[i].empty()) order_one(i);
        }
    }
    void random_change() {
        static const std::vector<std::vector<Ring>> kPartitions{
            {{0, 1, 2}}, {{0, 1}, {2}}, {{0, 2}, {1}}, {{0}, {1, 2}}, {{0}, {1}, {2}}};
        change(kPartitions[below(kPartitions.size())]);
    }
    void change(const std::vector<Ring>& next) {
        world_.change(next, [this] {
            for (std::uint64_t i = below(6); i > 0; --i) {
                order_one(static_cast<std::uint16_t>(below(kDaemons)));
            }
        });
    }

    // --- what they see ---------------------------------------------------------------------------

    void watch(std::uint16_t index) {
        Daemon& daemon = world_.daemon(index);
        daemon.on_delivery = [this, index](const Delivery& delivery) {
            for (const SessionId session : delivery.sessions) {
                on_heard(member(index, session), delivery);
            }
        };
        daemon.on_view = [this, index](const ViewEvent& event) {
            on_view(member(index, event.session), event);
        };
        daemon.on_request = [this, index](const FlushRequest& request) {
            Member& one = member(index, request.session);
            EXPECT_TRUE(one.alive && one.view != kNoView) << name_of(one);
            EXPECT_FALSE(one.asked) << name_of(one) << " twice in a view";
            one.asked = true;
        };
    }
    void on_heard(Member& one, const Delivery& delivery) {
        EXPECT_TRUE(one.alive) << name_of(one);
        EXPECT_NE(one.view, kNoView) << name_of(one);
        EXPECT_EQ(one.view, said_in_[delivery.type - 1u])
            << name_of(one) << " heard a message of another view than its own";
        one.heard.push_back(delivery.type);
        one.said.erase(delivery.type);
    }
    void on_view(Member& one, const ViewEvent& event) {
        EXPECT_TRUE(one.alive) << name_of(one);
        if (event.cause == ViewCause::transitional) {
            EXPECT_NE(one.view, kNoView) << name_of(one);
            EXPECT_FALSE(std::exchange(one.signalled, true)) << name_of(one) << " twice in a view";
            return;
        }
        const Member before = one;
        const bool left = event.cause == ViewCause::self_leave;
        one = Member{before.person, before.alive, before.joined, before.leaves && !left};
        if (left) return;
        one.view = {event.ring, event.index};
        std::set<std::string> members(event.members.begin(), event.members.end());
        const auto list = lists_.try_emplace(one.view, members).first;
        EXPECT_EQ(list->second, members) << "one view, two lists";
        EXPECT_TRUE(members.contains(name_of(one)));
        if (before.view != kNoView) check_step(before, one, event);
    }
    void check_step(const Member& before, const Member& now, const ViewEvent& event) {
        EXPECT_TRUE(before.asked && before.consented) << name_of(now) << " was not asked";
        EXPECT_TRUE(before.said.empty()) << name_of(now) << " did not hear itself";
        const auto key = std::make_tuple(before.view, now.view, event.my_vs_set);
        const auto [known, fresh] = between_.try_emplace(key, before.heard);
        EXPECT_EQ(known->second, before.heard) << "came together, but heard other messages";
        std::set<std::string> mine;
        for (std::size_t i = 0; i < event.members.size(); ++i) {
            if (event.vs_set_of[i] == event.my_vs_set) mine.emplace(event.members[i]);
        }
        const std::set<std::string>& old = lists_[before.view];
        EXPECT_TRUE(std::includes(old.begin(), old.end(), mine.begin(), mine.end()));
        const bool lost = !std::includes(mine.begin(), mine.end(), old.begin(), old.end());
        EXPECT_TRUE(lost || !before.signalled) << name_of(now) << " lost nobody";
    }

    Prng random_;
    FlushWorld world_;
    std::vector<Member> members_;
    std::vector<std::deque<std::function<void()>>> queues_;  ///< of each daemon
    std::uint16_t messages_{0};
    std::vector<ViewName> said_in_;
    std::map<ViewName, std::set<std::string>> lists_;
    std::map<std::tuple<ViewName, ViewName, std::uint16_t>, std::vector<std::uint16_t>> between_;
};

TEST(FlushStorm, ViewsAreSynchronousWhateverHappens) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Storm storm(seed);
        storm.run(600);
        storm.come_to_rest();
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace torc::groups

// What a session is given where clients have a core of their own has the same bytes as on one core,
// however the passes of the two cores interleave. The engine is one whose every word depends on the
// session's own operations alone, so that the order among sessions, which may differ, says nothing.
#include <algorithm>
#include <deque>

#include "base/prng.hpp"
#include "client_shm/server/client_relay.hpp"
#include "client_shm/server/relayed_plane.hpp"
#include "tests/unit/client_shm/plane_fixture.hpp"

namespace torc::client_shm::test {
namespace {

using engine::SessionOutcome;

constexpr std::size_t kSessions = 3;
constexpr std::size_t kOperations = 150;  ///< of a session: more than twice a window
/// Bits of a message's first byte: what becomes of it.
constexpr unsigned kBlocks = 0x03;  ///< so many times it would block
constexpr unsigned kEarly = 0x04;   ///< and has its place before it is taken
constexpr unsigned kRefused = 0x08;
constexpr unsigned kLate = 0x10;     ///< it has its place only when the next one is offered
constexpr unsigned kOutcome = 0x20;  ///< the order decides against it
constexpr unsigned kRaised = 0x40;
constexpr std::array kRefusals{Accept::illegal, Accept::not_member, Accept::flushed,
                               Accept::group_kind};

struct Written {
    unsigned behaviour;
    Service service;
    std::string payload;
};
using Script = std::vector<Written>;

Script make_script(Prng& prng) {
    Script script;
    for (std::size_t i = 0; i < kOperations; ++i) {
        const auto behaviour = static_cast<unsigned>(prng.next() & prng.next() & 0x7F);
        const auto service = static_cast<Service>(prng.next() % 6);
        std::string payload(1 + prng.next() % 40, static_cast<char>('a' + i % 26));
        payload[0] = static_cast<char>(behaviour);
        script.push_back({behaviour, service, payload});
    }
    return script;
}

template <typename Clients>
class EchoEngine {
public:
    explicit EchoEngine(Clients& clients) : clients_(clients) {}

    Accept operator()(const ClientOp& op) {
        if (op.kind != ClientOp::Kind::send) return Accept::accepted;
        State& state = states_[op.session.slot];
        say_late(state);
        const auto behaviour = std::to_integer<unsigned>(op.payload[0]);
        const bool refused = (behaviour & kRefused) != 0;
        const bool raised = (behaviour & kRaised) != 0 && op.service < Service::agreed;
        const Said said{op.session,
                        raised ? Service::agreed : op.service,
                        (behaviour & kOutcome) != 0,
                        {op.payload.begin(), op.payload.end()}};
        if (state.blocked < (behaviour & kBlocks)) {
            ++state.blocked;
            if ((behaviour & kEarly) != 0 && !refused && !state.is_said) {
                say(said);
                state.is_said = true;
            }
            return Accept::would_block;
        }
        const bool is_said = std::exchange(state.is_said, false);
        state.blocked = 0;
        if (refused) return kRefusals[behaviour / kLate % kRefusals.size()];
        if (!is_said && (behaviour & kLate) != 0) {
            state.late.push_back(said);
        } else if (!is_said) {
            say(said);
        }
        return raised ? Accept::raised : Accept::accepted;
    }

private:
    struct Said {
        SessionId session;
        Service service;
        bool refused;
        std::vector<std::byte> payload;
    };
    struct State {
        unsigned blocked{0};
        bool is_said{false};
        std::deque<Said> late;
    };

    void say_late(State& state) {
        for (; !state.late.empty(); state.late.pop_front()) say(state.late.front());
    }
    void say(const Said& said) {
        clients_.ordered(said.session, said.service);
        if (said.refused) return clients_.session(said.session, SessionOutcome::not_member);
        constexpr std::array<std::string_view, 1> kGroups{"g"};
        engine::Delivery delivery;
        delivery.sessions = {&said.session, 1};
        delivery.sender = "#a#n1";
        delivery.groups = kGroups;
        delivery.service = said.service;
        delivery.payload = said.payload;
        clients_.deliver(delivery);
    }

    Clients& clients_;
    std::array<State, kSessions> states_;
};

/// Sessions whose clients have written their scripts, whole.
class Sessions {
public:
    Sessions(const std::array<Script, kSessions>& scripts, bool is_ahead) {
        auto made = SessionTable::make({"n1", kSessions, kCapacityMin, 4 * 1024});
        EXPECT_TRUE(made.has_value());
        table = std::move(*made);
        PlaneOptions options;
        options.is_ahead = is_ahead;
        plane = std::make_unique<ClientPlane>(*table, options);
        for (const Script& script : scripts) {
            Reason reason{};
            slots.push_back(table->open("", reason, {}));
            clients.push_back(std::make_unique<RawClient>(*slots.back()));
            for (const Written& written : script) {
                clients.back()->write(RecordType::send,
                                      RawClient::send_body("g", written.payload, written.service));
            }
        }
    }
    bool done() const {
        return std::ranges::all_of(clients, [](const auto& client) {
            return client->deliver()->taken.load() == kOperations;
        });
    }
    std::vector<std::byte> stream_of(std::size_t i) const {
        const std::byte* const begin = slots[i]->deliver.data();
        return {begin, begin + clients[i]->deliver()->deliver_tail.load()};
    }

    std::unique_ptr<SessionTable> table;
    std::unique_ptr<ClientPlane> plane;
    std::vector<SessionSlot*> slots;
    std::vector<std::unique_ptr<RawClient>> clients;
};

void run_on_one_core(Sessions& sessions) {
    EchoEngine<ClientPlane> engine(*sessions.plane);
    for (int i = 0; i < 10'000 && !sessions.done(); ++i) {
        sessions.plane->poll(Instant{}, engine);
        sessions.plane->publish();
    }
}

void run_on_two(Sessions& sessions, Prng& prng) {
    auto link = CoreLink::make(*sessions.table);
    ASSERT_TRUE(link.has_value());
    ClientRelay relay(**link, *sessions.table);
    RelayedPlane relayed(**link, *sessions.plane);
    EchoEngine<ClientRelay> engine(relay);
    for (int i = 0; i < 20'000 && !sessions.done(); ++i) {
        if (prng.next() % 2 == 0) {
            relay.poll(Instant{}, engine);
            relay.publish();
        } else {
            relayed.pass(Instant{});
        }
    }
}

TEST(SameStream, OnOneCoreAndOnTwo) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Prng prng(seed);
        std::array<Script, kSessions> scripts;
        for (Script& script : scripts) script = make_script(prng);
        Sessions one(scripts, false);
        run_on_one_core(one);
        Sessions two(scripts, true);
        run_on_two(two, prng);
        ASSERT_TRUE(one.done() && two.done()) << "seed " << seed;
        for (std::size_t i = 0; i < kSessions; ++i) {
            EXPECT_EQ(one.stream_of(i), two.stream_of(i)) << "seed " << seed << " session " << i;
            const DeliverHeader& a = *one.clients[i]->deliver();
            const DeliverHeader& b = *two.clients[i]->deliver();
            EXPECT_EQ(a.ordered.load(), b.ordered.load()) << "seed " << seed << " session " << i;
            EXPECT_EQ(a.refused.load(), b.refused.load()) << "seed " << seed << " session " << i;
            EXPECT_EQ(a.submit_head.load(), b.submit_head.load());
            EXPECT_EQ(a.written.load(), b.written.load());
            EXPECT_GT(one.stream_of(i).size(), 2000u) << "something was said";
        }
    }
}

}  // namespace
}  // namespace torc::client_shm::test

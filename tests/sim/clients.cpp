#include "tests/sim/clients.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"

namespace torc::sim {
namespace {

using OpKind = engine::ClientOp::Kind;

/// A payload whose bytes follow from its id and length, so that a receiver can check them.
std::vector<std::byte> make_payload(std::uint64_t message, std::size_t length) {
    std::vector<std::byte> payload(std::max(length, sizeof message));
    std::memcpy(payload.data(), &message, sizeof message);
    for (std::size_t i = sizeof message; i < payload.size(); ++i) {
        payload[i] = static_cast<std::byte>(message + i);
    }
    return payload;
}

bool is_intact(std::span<const std::byte> payload, std::uint64_t message) {
    for (std::size_t i = sizeof message; i < payload.size(); ++i) {
        if (payload[i] != static_cast<std::byte>(message + i)) return false;
    }
    return true;
}

bool happens(std::uint32_t per_million, Prng& prng) {
    return per_million != 0 && prng.chance(per_million);
}

}  // namespace

// --- names ---------------------------------------------------------------------------------------

std::uint64_t Clients::group_count() const {
    return hazards_.groups != 0 ? hazards_.groups : options_.load.groups;
}

std::string Clients::group_name(std::uint64_t number) const {
    std::string name = "g" + std::to_string(number);
    if (hazards_.long_names != 0 && number % 3 == 1) name.resize(kGroupNameMax, '-');
    return name;
}

std::string Clients::some_group(Prng& prng) const { return group_name(prng.below(group_count())); }

std::string Clients::private_name(const Client& client) const {
    return "#" + client.name + "#n" + std::to_string(node_);
}

/// Of a session or a daemon that perhaps was, but is not.
std::string Clients::departed(Prng& prng) const {
    const std::uint64_t node = prng.below(options_.nodes + 2);
    return "#s" + std::to_string(prng.below(5)) + "#n" + std::to_string(node);
}

/// In the upper half of a message's id: who sent it.
std::uint32_t Clients::sender_of(const Client& client) const {
    return node_ << 24 | (life_.boot & 0xFF) << 16 | client.id.slot;
}

// --- sessions ------------------------------------------------------------------------------------

void Clients::open_all(Instant now, engine::Engine& engine, Life life) {
    engine_ = &engine;
    life_ = life;
    clients_.assign(options_.load.sessions, Client{});
    for (std::uint16_t slot = 0; slot < clients_.size(); ++slot) {
        TORC_CHECK(open(now, clients_[slot], slot));
    }
}

/// A session begins, with the name and the counter of the one that had its slot before; if that is
/// really gone.
bool Clients::open(Instant now, Client& client, std::uint16_t slot) {
    engine::ClientOp request;
    request.kind = OpKind::open;
    request.session = SessionId{slot, static_cast<std::uint16_t>(sessions_so_far_ + 1)};
    const std::string name = "s" + std::to_string(slot);
    request.name = name;
    if (engine_->on_client(now, request) != engine::Accept::accepted) return false;
    ++sessions_so_far_;
    const std::uint32_t counter = client.counter;
    client = Client{};
    client.id = request.session;
    client.name = name;
    client.counter = client.counter_at_open = counter;
    add_join(client, group_name(slot % group_count()), manners_);
    return true;
}

/// Gone at once, perhaps in the middle of a large message.
void Clients::close(Client& client) {
    client.ops.clear();
    add_op(client, OpKind::close, {});
    client.closing = true;
}

void Clients::add_op(Client& client, OpKind kind, std::string group) {
    Op& op = client.ops.emplace_back();
    op.kind = kind;
    op.name = std::move(group);
}

void Clients::add_join(Client& client, std::string group, Prng& prng) {
    const bool flush = hazards_.flush == kMixedFlush ? prng.chance(500'000) : may_be_flush(group);
    add_op(client, OpKind::join, std::move(group));
    client.ops.back().join_kind = flush ? engine::JoinKind::flush : engine::JoinKind::open;
}

// --- ideas ---------------------------------------------------------------------------------------

void Clients::act(Instant now, Prng& prng) {
    Client& client = clients_[prng.below(clients_.size())];
    const std::uint64_t ideas = prng.between(1, options_.load.burst);
    for (std::uint64_t i = 0; i < ideas; ++i) think(now, client, prng);
    offer(now);
}

void Clients::think(Instant now, Client& client, Prng& prng) {
    if (client.closing || client.ended || client.ops.size() >= kOpsMax) return;
    if (happens(hazards_.illegal, prng)) try_illegal(now, client, prng);
    if (prng.chance(options_.load.reopen) || happens(hazards_.reopen, prng)) return close(client);
    if (happens(hazards_.fickle, prng)) return be_fickle(client, prng);
    if (prng.chance(options_.load.churn)) return change_groups(client, prng);
    send(client, prng);
}

void Clients::change_groups(Client& client, Prng& prng) {
    const std::string group = some_group(prng);
    prng.chance(500'000) ? add_join(client, group, prng) : add_op(client, OpKind::leave, group);
}

void Clients::be_fickle(Client& client, Prng& prng) {
    const std::string group = some_group(prng);
    for (int i = 0; i < 2; ++i) {
        prng.chance(500'000) ? add_join(client, group, prng) : add_op(client, OpKind::leave, group);
    }
    if (prng.chance(300'000)) add_op(client, OpKind::leave, group);
}

void Clients::send(Client& client, Prng& prng) {
    if (happens(hazards_.subgroup, prng) && cast(client, prng)) return;
    send_to(client, destinations(client, prng), prng);
}

/// To some of those that it sees in a flush group; itself always, so that it can tell when it was
/// ordered.
bool Clients::cast(Client& client, Prng& prng) {
    for (const auto& [group, standing] : client.groups.all()) {
        if (!standing.flush) continue;
        std::vector<std::string> names{group, private_name(client)};
        for (std::uint64_t i = prng.below(4); i > 0; --i) {
            names.push_back(standing.members[prng.below(standing.members.size())]);
        }
        if (happens(hazards_.departed, prng)) names.push_back(departed(prng));
        send_to(client, std::move(names), prng);
        client.ops.back().subgroup = true;
        return true;
    }
    return false;
}

void Clients::send_to(Client& client, std::vector<std::string> groups, Prng& prng) {
    Op& op = client.ops.emplace_back();
    op.service = static_cast<Service>(hazards_.flood != 0 ? hazards_.flood - 1 : prng.below(6));
    op.groups = std::move(groups);
    op.self_discard = happens(hazards_.self_discard, prng);
    if (happens(hazards_.empty, prng)) return;
    const std::uint32_t count = client.counter++ | (op.self_discard ? kDiscarded : 0);
    op.message = std::uint64_t{sender_of(client)} << 32 | count;
    op.payload = make_payload(op.message, length_of_message(prng));
}

std::size_t Clients::length_of_message(Prng& prng) const {
    if (happens(hazards_.largest, prng)) return options_.cluster.message_bytes;
    if (prng.chance(options_.load.large)) return prng.between(1500, 40'000);
    return prng.below(400);
}

/// Any, but where groups are closed mostly one of its own.
std::string Clients::group_to_speak_in(const Client& client, Prng& prng) const {
    const auto& own = client.groups.all();
    if (hazards_.flush == kNoFlush || own.empty() || prng.chance(300'000)) return some_group(prng);
    return std::next(own.begin(), static_cast<std::ptrdiff_t>(prng.below(own.size())))->first;
}

/// Itself, so that it can tell when the message was ordered; groups; and perhaps nobody.
std::vector<std::string> Clients::destinations(const Client& client, Prng& prng) const {
    std::vector<std::string> names{private_name(client)};
    const std::uint64_t groups =
        hazards_.destinations == 0 ? 1 : prng.between(1, hazards_.destinations);
    for (std::uint64_t i = 0; i < groups; ++i) names.push_back(group_to_speak_in(client, prng));
    if (happens(hazards_.departed, prng)) names.push_back(departed(prng));
    if (names.size() > kGroupsPerMessageMax) names.resize(kGroupsPerMessageMax);
    return names;
}

// --- what must be refused ------------------------------------------------------------------------

void Clients::must_refuse(Instant now, SessionId session, const Op& op) {
    const engine::Accept accept = submit(now, session, op);
    // While directories are joined nobody knows who was asked to flush.
    const bool later = accept == engine::Accept::would_block && op.kind == OpKind::flush_ok;
    const bool taken = accept == engine::Accept::accepted || accept == engine::Accept::raised ||
                       accept == engine::Accept::would_block;
    if (!taken || later) return;
    fail(life_, "took an illegal request, kind " + std::to_string(static_cast<int>(op.kind)) +
                    " of '" + op.name + "'");
}

void Clients::try_illegal(Instant now, const Client& client, Prng& prng) {
    if (!client.ops.empty()) return;  // a record that is half taken comes first
    Op op;
    SessionId session = client.id;
    op.kind = prng.chance(500'000) ? OpKind::join : OpKind::leave;
    switch (prng.below(hazards_.flush == kNoFlush ? 10 : 12)) {
        case 0:
            break;  // no name
        case 1:
            op.name = private_name(client);
            break;
        case 2:
            op.name.assign(kGroupNameMax + 1, 'x');
            break;
        case 3:
            op.name = std::string("tab\tand\0zero", 12);
            break;
        case 4:
            op.kind = OpKind::open;  // the name is taken
            op.name = client.name;
            session.slot = static_cast<std::uint16_t>(clients_.size() + 7);
            break;
        case 5:
            op.kind = OpKind::open;  // the slot is taken
            op.name = "another";
            break;
        case 6:
            op.kind = OpKind::send;  // to nobody
            break;
        case 7:
            op.kind = OpKind::send;
            op.groups.assign(kGroupsPerMessageMax + 1, "g0");
            break;
        case 8:
            op.kind = OpKind::send;
            op.groups.assign(1, "g0");
            op.payload.resize(options_.cluster.message_bytes + 1);
            break;
        case 9:
            op.name = "g0";  // of a session that is gone
            --session.generation;
            break;
        case 10:
            op.kind = OpKind::flush_ok;  // nobody asked
            op.name = some_group(prng);
            if (const auto* standing = client.groups.in(op.name); standing != nullptr) {
                if (standing->asked && !standing->answered) return;
            }
            break;
        default:
            op.kind = OpKind::send;  // a subgroup cast to a group behind the first
            op.subgroup = true;
            op.groups.assign(2, "g0");
    }
    must_refuse(now, session, op);
}

// --- to the engine and back ----------------------------------------------------------------------

void Clients::offer(Instant now) {
    for (Client& client : clients_) {
        // The engine may need a while for the DISCONNECT of the one before.
        if (client.ended && !open(now, client, client.id.slot)) continue;
        if (client.closing) continue;
        client.groups.due_answers(now, [&](const std::string& group) { answer(client, group); });
    }
    bool progress = engine_->wants_clients();
    while (progress && engine_->wants_clients()) {
        progress = false;
        for (Client& client : clients_) progress = offer_one(now, client) || progress;
    }
}

/// As the memory that a program shares with its daemon would say it.
bool Clients::repeats(const Client& client, const Op& op) {
    return client.said && op.kind == OpKind::send && op.groups == client.said->groups &&
           op.service == client.said->service && op.self_discard == client.said->self_discard &&
           op.subgroup == client.said->subgroup;
}

void Clients::answered(Client& client) {
    client.said.reset();
    Op& op = client.ops.front();
    op.payload.clear();
    if (op.kind == OpKind::send) client.said = std::move(op);
    client.ops.pop_front();
}

engine::Accept Clients::submit(Instant now, SessionId session, const Op& op, bool repeats) {
    const std::vector<std::string_view> groups(op.groups.begin(), op.groups.end());
    engine::ClientOp request;
    request.kind = op.kind;
    request.session = session;
    request.name = op.name;
    request.groups = groups;
    request.service = op.service;
    request.self_discard = op.self_discard;
    request.subgroup = op.subgroup;
    request.join_kind = op.join_kind;
    request.payload = op.payload;
    request.repeats = repeats;
    return engine_->on_client(now, request);
}

bool Clients::offer_one(Instant now, Client& client) {
    if (client.ended || client.ops.empty()) return false;
    Op& op = client.ops.front();
    if (op.kind == OpKind::send) return offer_send(now, client);
    if (op.kind == OpKind::flush_ok) return offer_answer(now, client);
    const engine::Accept accept = submit_ordered(now, client, op);
    if (accept == engine::Accept::would_block) return false;
    TORC_CHECK(accept == engine::Accept::accepted);
    if (op.kind == OpKind::close) {
        oracle_.on_closed(life_, client.id, sender_of(client));
        TORC_CHECK(open(now, client, client.id.slot));
        return true;
    }
    answered(client);
    return true;
}

void Clients::received(const engine::Delivery& delivery) {
    for (const SessionId session : delivery.sessions) {
        named(session, "delivery to a session that is gone");
    }
    if (delivery.payload.empty()) return;
    std::uint64_t message = 0;
    if (delivery.payload.size() < sizeof message) throw Violation("payload cut short");
    std::memcpy(&message, delivery.payload.data(), sizeof message);
    if (!is_intact(delivery.payload, message)) throw Violation("payload damaged");
    const auto count = static_cast<std::uint32_t>(message);
    for (const SessionId session : delivery.sessions) {
        const Client& client = clients_[session.slot];
        const bool own = message >> 32 == sender_of(client);
        if ((count & kDiscarded) == 0) {
            oracle_.on_received(life_, session, message, delivery, own);
        } else if (own && (count & ~kDiscarded) >= client.counter_at_open) {
            fail(life_, "a copy of a message that its sender wanted no copy of");
        }
    }
}

std::size_t Clients::pending() const {
    std::size_t pending = 0;
    for (const Client& client : clients_) {
        pending += client.ops.size() + (client.groups.owes_answers() ? 1 : 0);
    }
    return pending;
}

}  // namespace torc::sim

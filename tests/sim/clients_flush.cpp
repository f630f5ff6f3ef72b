// Clients in flush groups: what they may say when, how they answer requests, and what becomes of
// what they must not say.
#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "tests/sim/clients.hpp"

namespace torc::sim {

using OpKind = engine::ClientOp::Kind;
using engine::Accept;
using engine::SessionOutcome;

bool Clients::may_be_flush(std::string_view group) const {
    if (group.front() == '#' || hazards_.flush == kNoFlush) return false;
    if (hazards_.flush != kEvenFlush) return true;
    return std::stoul(std::string(group.substr(1, group.find('-') - 1))) % 2 == 0;
}

bool Clients::may_be_flush(const Op& op) const {
    return std::any_of(op.groups.begin(), op.groups.end(),
                       [this](const std::string& group) { return may_be_flush(group); });
}

/// Good: each group that may be a flush group is one where it may speak. Bad: in one of them it has
/// answered the request, so that what it says would be of no view.
Clients::Manners Clients::manners_of(const Client& client, const Op& op) const {
    Manners manners = Manners::good;
    for (const std::string& group : op.groups) {
        if (!may_be_flush(group)) continue;
        const Memberships::Standing* const standing = client.groups.in(group);
        if (standing != nullptr && standing->flush && standing->answered) return Manners::bad;
        if (standing == nullptr || !standing->may_speak()) manners = Manners::unclear;
    }
    return manners;
}

/// Messages to flush groups have a place in the order, whatever their sender asked for.
bool Clients::is_raised(const Client& client, const Op& op) const {
    if (op.service >= Service::causal) return false;
    return std::any_of(op.groups.begin(), op.groups.end(), [&](const std::string& group) {
        const Memberships::Standing* const standing = client.groups.in(group);
        return standing != nullptr && standing->flush;
    });
}

/// Of what is ordered for all, the engine tells when it has its place, which may be in the call.
Accept Clients::submit_ordered(Instant now, Client& client, Op& op) {
    const std::string leaves = op.kind == OpKind::leave ? op.name : std::string{};
    if (!op.offered) {
        client.on_the_way.push_back({op.self_discard ? 0 : op.message, leaves});
        if (!leaves.empty()) client.groups.leaves(leaves);
    }
    op.offered = true;
    const Accept accept = submit(now, client.id, op, repeats(client, op));
    const bool taken = accept == Accept::accepted || accept == Accept::raised;
    if (!taken && accept != Accept::would_block) client.on_the_way.pop_back();
    return accept;
}

bool Clients::offer_send(Instant now, Client& client) {
    Op& op = client.ops.front();
    const Manners manners = manners_of(client, op);
    if (!op.offered) {
        // What is refused only when it comes up must come up in order, or nobody knows what it was.
        const bool may_be_refused =
            manners == Manners::unclear || (hazards_.flush == kMixedFlush && may_be_flush(op));
        if (may_be_refused) op.service = std::max(op.service, Service::causal);
        op.raised = manners == Manners::good && is_raised(client, op);
    }
    const bool recognised = op.message != 0 && !op.self_discard;
    if (recognised) {
        oracle_.on_said(life_, client.id, op.message, op.service, op.groups, op.subgroup);
    }
    const bool ordered = op.raised || op.service >= Service::causal;
    const Accept accept =
        ordered ? submit_ordered(now, client, op) : submit(now, client.id, op, repeats(client, op));
    op.offered = true;
    if (accept == Accept::would_block) return false;
    TORC_CHECK(accept != Accept::illegal);
    if (accept == Accept::accepted || accept == Accept::raised) {
        if (manners == Manners::bad) fail(life_, "took a message behind the flush_ok of its view");
        if (op.raised != (accept == Accept::raised)) fail(life_, "raised in class, or not");
        if (recognised) oracle_.on_taken(life_, client.id, op.message);
        // Unreliable messages may be lost; every other one must come back, if it can be recognised.
        if (recognised && (ordered || op.service != Service::unreliable)) {
            oracle_.on_accepted(life_, op.message);
        }
    } else if (manners == Manners::good && hazards_.flush != kMixedFlush) {
        fail(life_, "refused a message where its session may speak");
    }
    answered(client);
    return true;
}

// --- flush requests ------------------------------------------------------------------------------

Clients::Client& Clients::named(SessionId session, const char* complaint) {
    if (is_gone(session)) fail(life_, complaint);
    return clients_[session.slot];
}

bool Clients::is_gone(SessionId session) const {
    return session.slot >= clients_.size() || clients_[session.slot].id != session ||
           clients_[session.slot].ended;
}

void Clients::asked(const engine::FlushRequest& request) {
    Client& client = named(request.session, "a flush request to a session that is gone");
    Memberships::Standing& standing = client.groups.on_request(life_, request.group);
    standing.answer_in = Nanos{std::chrono::microseconds{manners_.below(hazards_.flush_wait + 1)}};
    standing.silent = hazards_.silent != 0 && manners_.chance(hazards_.silent);
    oracle_.on_asked(life_, request.session, request.group);
}

/// Behind all that it wanted to say before.
void Clients::answer(Client& client, const std::string& group) {
    add_op(client, OpKind::flush_ok, group);
    if (hazards_.eager != 0 && manners_.chance(hazards_.eager)) {
        send_to(client, {private_name(client), group}, manners_);
    }
}

bool Clients::offer_answer(Instant now, Client& client) {
    Op& op = client.ops.front();
    const Memberships::Standing* const standing = client.groups.in(op.name);
    const bool still = standing != nullptr && standing->owes_answer();
    if (still) {  // else it has left, or was made to, since
        // The view that it completes may come within the call.
        if (!op.offered) oracle_.on_flushed(life_, client.id, op.name);
        client.groups.answers(op.name, true);
        const Accept accept = submit_ordered(now, client, op);
        if (accept == Accept::would_block) {
            client.groups.answers(op.name, false);
            return false;
        }
        if (accept != Accept::accepted) fail(life_, "refused the answer to a flush request");
    } else if (op.offered) {
        client.on_the_way.pop_back();  // it never got there
    }
    answered(client);
    return true;
}

Instant Clients::next_answer() const {
    Instant next = kNever;
    for (const Client& client : clients_) {
        if (!client.ended && !client.closing) next = std::min(next, client.groups.next_answer());
    }
    return next;
}

/// Who leaves a flush group before its first view is told that it is out, like all who leave.
void Clients::viewed(const engine::ViewEvent& event) {
    Client& client = named(event.session, "a view for a session that is gone");
    const bool leaves = event.cause == engine::ViewCause::self_leave;
    if (leaves && client.groups.in(event.group) == nullptr && !may_be_flush(event.group)) {
        fail(life_, "left group " + std::string(event.group) + " without a view of it");
    }
    client.groups.on_view(life_, event);
}

// --- refusals ------------------------------------------------------------------------------------

void Clients::ordered(SessionId session, Service service) {
    if (service < Service::causal || is_gone(session)) return;
    Client& client = clients_[session.slot];
    if (client.on_the_way.empty()) fail(life_, "an operation has its place that was not asked for");
    const Ordered first = std::move(client.on_the_way.front());
    client.on_the_way.pop_front();
    client.placed = first.message;
    if (!first.leaves.empty()) client.groups.has_left(first.leaves);
}

void Clients::told(SessionId session, SessionOutcome outcome) {
    if (is_gone(session)) return;
    Client& client = clients_[session.slot];
    switch (outcome) {
        case SessionOutcome::closed:
        case SessionOutcome::name_taken:
        case SessionOutcome::limit_reached:
            return;
        case SessionOutcome::group_kind:
        case SessionOutcome::not_member:
        case SessionOutcome::flushed: {
            const bool mixed = hazards_.flush == kMixedFlush;
            if (outcome == SessionOutcome::group_kind && !mixed) fail(life_, "of another kind");
            const std::uint64_t message = std::exchange(client.placed, 0);
            if (message != 0) oracle_.on_refused(life_, client.id, message);
            return;
        }
        case SessionOutcome::flush_timeout:
            if (!client.groups.is_late()) fail(life_, "timed out, but had answered every request");
            client.ended = true;
            return oracle_.on_lost(life_, client.id, sender_of(client));
    }
}

}  // namespace torc::sim

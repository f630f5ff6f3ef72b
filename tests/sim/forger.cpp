#include "tests/sim/forger.hpp"

#include <algorithm>
#include <cstring>

#include "wire/status.hpp"
#include "wire/validate.hpp"

namespace torc::sim {
namespace {

constexpr std::size_t kBodyAt = sizeof(wire::HopHeader);
constexpr std::size_t kControlBodyAt = kBodyAt + sizeof(wire::ControlHeader);

template <class T>
T read_at(const std::vector<std::byte>& bytes, std::size_t at) {
    T value{};
    if (at + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

template <class T>
void remember_few(std::vector<T>& few, const T& item, std::size_t most) {
    if (std::find(few.begin(), few.end(), item) != few.end()) return;
    if (few.size() == most) few.erase(few.begin());
    few.push_back(item);
}

}  // namespace

// --- what is true --------------------------------------------------------------------------------

void Forger::overhear(const Packet& packet) {
    const std::uint32_t kind = kind_of(*packet);
    if (kind == 0 || kind > wire::kKindLast) return;
    std::vector<Packet>& kept = overheard_[kind];
    if (kept.size() < kKept) {
        kept.push_back(packet);
    } else {
        kept[count_[kind] % kKept] = packet;
    }
    ++count_[kind];
    if (members_.empty()) {
        members_.resize(nodes_);
        ctl_.resize(nodes_);
    }
    if (!wire::is_control(wire::Kind{static_cast<std::uint8_t>(kind)})) {
        const auto sealed = read_at<wire::SealedHeader>(*packet, kBodyAt);
        if (kind == static_cast<std::uint32_t>(wire::Kind::data)) {
            remember_few(rings_, wire::ring_of(sealed), 8);
            highest_seq_ = std::max<std::uint64_t>(highest_seq_, sealed.seq);
        }
        return;
    }
    const auto header = read_at<wire::ControlHeader>(*packet, kBodyAt);
    if (header.sender >= nodes_) return;
    members_[header.sender] = {NodeIndex{header.sender.get()},
                               Incarnation{header.incarnation.get()}};
    ctl_[header.sender] = header.ctl;
    if (kind != static_cast<std::uint32_t>(wire::Kind::propose)) return;
    const wire::Control control{members_[header.sender], header.ctl, fingerprint_};
    const std::span<const std::byte> bytes(*packet);
    const auto propose = wire::decode_propose(control, bytes.subspan(kControlBodyAt));
    if (propose) remember_few(attempts_, propose->attempt, 4);
}

Member Forger::some_member() {
    const std::size_t index = prng_.below(nodes_);
    if (raw(members_[index].incarnation) != 0) return members_[index];
    return {NodeIndex{static_cast<std::uint16_t>(index)}, Incarnation{prng_.next() | 1}};
}

wire::EpisodeSet Forger::some_members(std::uint32_t chance) {
    wire::EpisodeSet set;
    for (std::uint16_t i = 0; i < nodes_; ++i) {
        if (!prng_.chance(chance)) continue;
        Member member = members_[i];
        if (raw(member.incarnation) == 0 || prng_.chance(50'000)) {
            member = {NodeIndex{i}, Incarnation{prng_.next() | 1}};
        }
        set.push_back(member);
    }
    return set;
}

wire::MemberList Forger::some_list() {
    wire::MemberList list;
    for (const Member& member : some_members(700'000)) list.push_back(member);
    return list;
}

RingId Forger::some_ring() {
    RingId ring{prng_.between(1, 1u << 20) << 24, some_member().index};
    if (!rings_.empty() && !prng_.chance(200'000)) ring = rings_[prng_.below(rings_.size())];
    if (prng_.chance(300'000)) ring.epoch += prng_.between(1, 3) << 24;
    return ring;
}

wire::AttemptId Forger::some_attempt() {
    if (!attempts_.empty() && !prng_.chance(300'000)) {
        return attempts_[prng_.below(attempts_.size())];
    }
    return {some_ring().epoch, some_member().index, prng_.next()};
}

std::uint64_t Forger::some_seq() {
    if (prng_.chance(50'000)) return prng_.next() >> prng_.below(40);
    return prng_.below(highest_seq_ + 20);
}

wire::HearsList Forger::echoes() {
    wire::HearsList list;
    for (std::uint16_t i = 0; i < nodes_; ++i) {
        if (raw(members_[i].incarnation) == 0) continue;
        list.push_back({NodeIndex{i}, static_cast<std::uint32_t>(raw(members_[i].incarnation)),
                        static_cast<std::uint32_t>(ctl_[i])});
    }
    return list;
}

// --- numbers changed -----------------------------------------------------------------------------

std::uint64_t Forger::other_number(std::uint64_t number, std::uint64_t of_other) {
    switch (prng_.below(8)) {
        case 0:
            return number + 1;
        case 1:
            return number - 1;
        case 2:
            return number + prng_.below(300);
        case 3:
            return number - prng_.below(300);
        case 4:
            return 0;
        case 5:
            return prng_.next() >> prng_.below(64);
        default:
            return of_other;
    }
}

/// All numbers of all kinds stand at multiples of their width.
void Forger::twist(Bytes& bytes, const Bytes& other) {
    const std::size_t width = std::size_t{2} << prng_.below(3);
    if (bytes.size() < kBodyAt + width) return;
    // The heads hold what matters most.
    const std::size_t reach =
        prng_.chance(700'000) ? std::min<std::size_t>(bytes.size(), 112) : bytes.size();
    const std::size_t places = (reach - kBodyAt) / width;
    if (places == 0) return;
    const std::size_t at = kBodyAt + prng_.below(places) * width;
    std::uint64_t number = 0;
    std::uint64_t of_other = prng_.next();
    std::memcpy(&number, bytes.data() + at, width);
    if (at + width <= other.size()) std::memcpy(&of_other, other.data() + at, width);
    number = other_number(number, of_other);
    std::memcpy(bytes.data() + at, &number, width);
}

Packet Forger::twisted() {
    const std::vector<Packet>& kept = overheard_[prng_.between(1, wire::kKindLast)];
    if (kept.empty()) return nullptr;
    const Packet& model = kept[prng_.below(kept.size())];
    const Packet& other = kept[prng_.below(kept.size())];
    constexpr int kTries = 8;  // after which it goes out as it is: validate has to refuse it
    auto copy = std::make_shared<Bytes>();
    for (int i = 0; i < kTries; ++i) {
        *copy = *model;
        for (std::uint64_t twists = prng_.between(1, 4); twists != 0; --twists) {
            twist(*copy, *other);
        }
        const auto hash = static_cast<std::uint32_t>(fingerprint_);
        if (wire::validate(*copy, hash) == wire::RejectReason::none) break;
    }
    return copy;
}

// --- messages invented ---------------------------------------------------------------------------

std::size_t Forger::invent_join(std::span<std::byte> room) {
    wire::Join join;
    join.max_epoch_seen = some_ring().epoch;
    join.old_ring = some_ring();
    join.flags = static_cast<std::uint8_t>(prng_.below(4));
    if (prng_.chance(300'000)) join.suspect = some_member().index;
    join.proc_set = some_members(850'000);
    join.fail_set = some_members(150'000);
    join.hears = echoes();
    return wire::encode_body(join, room);
}

std::size_t Forger::invent_propose(std::span<std::byte> room) {
    wire::Propose propose;
    propose.attempt = some_attempt();
    propose.proc_set = some_members(850'000);
    propose.fail_set = some_members(150'000);
    return wire::encode_body(propose, room);
}

wire::OldRingState Forger::invent_old_ring() {
    wire::OldRingState old;
    old.ring = some_ring();
    old.stable = Seq{some_seq()};
    old.aru = old.stable + prng_.below(200);
    old.high = old.aru + prng_.below(400);
    old.have.resize(distance(old.aru, old.high));
    for (std::size_t bit = 0; bit < old.have.size(); ++bit) {
        if (prng_.chance(500'000)) old.have.set(bit);
    }
    old.obligations = some_members(300'000);
    return old;
}

std::size_t Forger::invent_state(std::span<std::byte> room) {
    wire::State state;
    state.attempt = some_attempt();
    state.old_ring = invent_old_ring();
    state.group_digest = prng_.next();
    return wire::encode_body(state, room);
}

wire::RecoveryOrder Forger::invent_order(const wire::PlanHead& head) {
    const wire::OldRingState old = invent_old_ring();
    wire::RecoveryOrder order;
    order.old_ring = old.ring;
    order.together = prng_.chance(500'000) ? head.members : some_list();
    order.transitional = {head.ring.epoch, order.together.empty() ? some_member().index
                                                                  : order.together.front().index};
    order.low_aru = old.aru;
    order.stable_max = Seq{old.aru.raw - std::min(old.aru.raw, prng_.below(50))};
    order.high_max = old.high;
    order.final_holes = old.have;
    order.obligations = some_members(300'000);
    return order;
}

std::size_t Forger::invent_plan(std::span<std::byte> room) {
    wire::PlanHead head;
    head.attempt = some_attempt();
    head.ring = {head.attempt.epoch, head.attempt.coordinator};
    if (prng_.chance(100'000)) head.ring = some_ring();
    head.members = some_list();
    head.orders = static_cast<std::uint16_t>(prng_.between(1, 3));
    std::size_t length = wire::encode_body(head, room);
    for (std::uint16_t i = 0; i < head.orders && length != 0; ++i) {
        const std::size_t more = wire::encode_order(invent_order(head), room.subspan(length));
        length = more == 0 ? 0 : length + more;
    }
    return length;
}

std::size_t Forger::invent_merge(std::span<std::byte> room) {
    wire::Merge merge;
    merge.ring = some_ring();
    merge.max_epoch_seen = some_ring().epoch;
    merge.members = some_list();
    merge.hears = echoes();
    return wire::encode_body(merge, room);
}

Packet Forger::invented() {
    std::vector<std::byte> body(wire::kControlBytesMax);
    std::size_t length = 0;
    const auto kind = static_cast<wire::Kind>(
        prng_.between(static_cast<std::uint64_t>(wire::Kind::join), wire::kKindLast));
    if (kind == wire::Kind::join) length = invent_join(body);
    if (kind == wire::Kind::propose) length = invent_propose(body);
    if (kind == wire::Kind::state) length = invent_state(body);
    if (kind == wire::Kind::plan) length = invent_plan(body);
    if (kind == wire::Kind::merge) length = invent_merge(body);
    if (length == 0 || length > kFrameBytesMin - kControlBodyAt) return nullptr;
    body.resize(length);
    return framed(kind, body);
}

/// In the name of a member that lives, as the next thing that it says.
Packet Forger::framed(wire::Kind kind, std::span<const std::byte> body) {
    const Member speaker = some_member();
    wire::ControlHeader header;
    header.sender = raw(speaker.index);
    header.body_length = static_cast<std::uint32_t>(body.size());
    header.incarnation = raw(speaker.incarnation);
    header.ctl = ctl_[raw(speaker.index)] + prng_.below(3);
    header.config_fingerprint = fingerprint_;
    wire::HopHeader hop;
    hop.kind = static_cast<std::uint8_t>(kind);
    hop.transmitter = raw(speaker.index);
    hop.length = static_cast<std::uint16_t>(sizeof header + body.size());
    hop.config_hash = static_cast<std::uint32_t>(fingerprint_);
    auto frame = std::make_shared<Bytes>(kControlBodyAt + body.size());
    std::memcpy(frame->data(), &hop, sizeof hop);
    std::memcpy(frame->data() + kBodyAt, &header, sizeof header);
    std::copy(body.begin(), body.end(), frame->begin() + kControlBodyAt);
    return frame;
}

/// Somebody asks for whatever there is, or was, or will be.
Packet Forger::invent_status() {
    const RingId ring = some_ring();
    const NodeIndex speaker = some_member().index;
    wire::StatusFrame status;
    status.epoch = ring.epoch;
    status.representative = raw(ring.representative);
    status.sender = raw(speaker);
    status.nack_base = some_seq();
    for (le64& word : status.nack) word = prng_.next() & prng_.next();
    std::array<std::byte, kFrameBytesMin> room;
    FrameRef frame{nullptr, room.data(), 0, kFrameBytesMin};
    wire::encode_status(status, speaker, static_cast<std::uint32_t>(fingerprint_), frame);
    return std::make_shared<Bytes>(frame.bytes().begin(), frame.bytes().end());
}

Packet Forger::forge() {
    if (members_.empty()) return nullptr;
    if (prng_.chance(50'000)) return invent_status();
    return prng_.chance(500'000) ? twisted() : invented();
}

}  // namespace torc::sim

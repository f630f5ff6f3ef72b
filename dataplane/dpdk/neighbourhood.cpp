// See neighbourhood.hpp.
#include "dataplane/dpdk/neighbourhood.hpp"

namespace torc::dataplane::dpdk {

namespace {

/// Told three times, a second apart: the first may meet a switch port that is still coming up.
constexpr unsigned kAnnouncements = 3;
constexpr Nanos kAnnounceEvery{std::chrono::seconds{1}};
constexpr Nanos kAskEvery{std::chrono::milliseconds{100}};

}  // namespace

Neighbourhood::Neighbourhood(const Identity& identity, PeerTable& peers)
    : identity_(identity), peers_(peers), jitter_(identity.address | 1) {}

void Neighbourhood::put(const LinkFrame& frame) {
    if (out_.full()) {
        ++answers_dropped_;
        return;
    }
    out_.push_back(frame);
}

void Neighbourhood::on_arp(const EthernetView& frame) {
    const auto message = parse_arp(frame);
    if (!message) return;
    if (message->sender == identity_.address) {
        if (message->sender_mac != identity_.mac) ++address_conflicts_;
        return;
    }
    const NodeIndex peer = peers_.find(message->sender);
    if (peer != kNoNode) peers_.learn(peer, message->sender_mac);
    if (!message->is_request || message->target != identity_.address) return;
    put(make_arp_reply(arp_self(), *message));
    ++arp_answers_;
}

void Neighbourhood::on_igmp(const Ipv4Packet& packet) {
    const auto query = parse_igmp_query(packet);
    if (!query || !identity_.joins_group) return;
    if (query->group != 0 && query->group != identity_.group) return;
    igmp_version_ = query->version;
    query_pending_ = true;
    answer_within_ = query->answer_within;
}

void Neighbourhood::maintain(Instant now) {
    if (announcements_ < kAnnouncements && now >= announce_at_) announce(now);
    if (query_pending_) {
        query_pending_ = false;
        // Members answer at different moments (RFC 3376 5.2); an earlier plan stands.
        jitter_ = jitter_ * 6364136223846793005ULL + 1442695040888963407ULL;
        const auto part = static_cast<std::int64_t>(jitter_ >> 33 & 0xFF);
        const Instant due = now + answer_within_ / 256 * part;
        if (due < report_at_) report_at_ = due;
    }
    if (now >= report_at_) {
        report_at_ = kNever;
        report(false);
    }
    if (wanted_.none()) return;
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        if (!wanted_[i] || now < ask_again_[i]) continue;
        wanted_[i] = false;
        ask_again_[i] = now + kAskEvery;
        put(make_arp_request(arp_self(), peers_.address(static_cast<NodeIndex>(i))));
    }
}

void Neighbourhood::announce(Instant now) {
    ++announcements_;
    announce_at_ = now + kAnnounceEvery;
    put(make_gratuitous_arp(arp_self()));
    if (!identity_.joins_group) return;
    report(true);
    // No querier has told which version the switch speaks: old ones need the old report.
    put(make_igmp_report(igmp_self(), IgmpVersion::v2, true));
}

void Neighbourhood::report(bool joining) {
    put(make_igmp_report(igmp_self(), igmp_version_, joining));
    ++igmp_reports_;
}

void Neighbourhood::leave() {
    if (identity_.joins_group) put(make_igmp_leave(igmp_self(), igmp_version_));
}

}  // namespace torc::dataplane::dpdk

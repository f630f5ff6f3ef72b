// The token's codec. TokenHeader, then candidates, then requests; nothing behind them.
#include "wire/token.hpp"

#include "base/check.hpp"
#include "wire/checks.hpp"
#include "wire/cursor.hpp"

namespace torc::wire {

namespace {

TokenHeader header_of(const Token& token) {
    TokenHeader header;
    header.epoch = token.ring.epoch;
    header.representative = raw(token.ring.representative);
    header.flags = token.flags;
    header.retransmission = token.retransmission;
    header.aru_setter = raw(token.aru_setter);
    header.done_run = token.done_run;
    header.token_seq = token.token_seq;
    header.seq = token.seq.raw;
    header.aru = token.aru.raw;
    header.fcc_frames = token.fcc_frames;
    header.fcc_bytes = token.fcc_bytes;
    header.backlog = token.backlog;
    header.window = token.window;
    header.candidates_by = raw(token.candidates_by);
    header.leaver = raw(token.leaver);
    header.candidates = static_cast<std::uint8_t>(token.candidates.size());
    header.requests = static_cast<std::uint8_t>(token.requests.size());
    return header;
}

Token token_of(const TokenHeader& header) {
    Token token;
    token.ring = RingId{header.epoch, NodeIndex{header.representative.get()}};
    token.flags = header.flags;
    token.retransmission = header.retransmission;
    token.aru_setter = NodeIndex{header.aru_setter.get()};
    token.done_run = header.done_run;
    token.token_seq = header.token_seq;
    token.seq = Seq{header.seq};
    token.aru = Seq{header.aru};
    token.fcc_frames = header.fcc_frames;
    token.fcc_bytes = header.fcc_bytes;
    token.backlog = header.backlog;
    token.window = header.window;
    token.candidates_by = NodeIndex{header.candidates_by.get()};
    token.leaver = NodeIndex{header.leaver.get()};
    return token;
}

RequestEntry entry_of(const Request& request) {
    RequestEntry entry;
    entry.seq = request.seq.raw;
    entry.epoch = request.ring.epoch;
    entry.representative = raw(request.ring.representative);
    entry.requester = raw(request.requester);
    entry.attempts = request.attempts;
    return entry;
}

RejectReason check_header(const TokenHeader& header) {
    if (!is_node(header.representative) || !is_node_or_none(header.aru_setter) ||
        !is_node_or_none(header.candidates_by) || !is_node_or_none(header.leaver)) {
        return RejectReason::bad_node;
    }
    // token_seq 0 stands for "no token yet" at every member.
    if (header.aru.get() > header.seq.get() || header.token_seq.get() == 0) {
        return RejectReason::bad_seq;
    }
    if (header.candidates > kCandidatesMax || header.requests > kRtrMax) {
        return RejectReason::bad_count;
    }
    return RejectReason::none;
}

}  // namespace

RejectReason check_token(std::span<const std::byte> bytes) {
    Reader reader(bytes);
    const auto header = reader.get<TokenHeader>();
    if (!reader.ok()) return RejectReason::truncated;
    if (const RejectReason reason = check_header(header); reason != RejectReason::none) {
        return reason;
    }
    const std::size_t entries =
        header.candidates * sizeof(CandidateEntry) + header.requests * sizeof(RequestEntry);
    if (reader.left().size() < entries) return RejectReason::truncated;
    if (reader.left().size() > entries) return RejectReason::bad_length;
    for (std::size_t i = 0; i < header.candidates; ++i) {
        if (!is_node(reader.get<CandidateEntry>().index)) return RejectReason::bad_node;
    }
    for (std::size_t i = 0; i < header.requests; ++i) {
        const auto entry = reader.get<RequestEntry>();
        if (!is_node(entry.representative) || !is_node(entry.requester)) {
            return RejectReason::bad_node;
        }
        if (entry.seq.get() == 0) return RejectReason::bad_seq;
    }
    return RejectReason::none;
}

void encode_token(const Token& token, NodeIndex transmitter, std::uint32_t config_hash,
                  FrameRef& frame) {
    const std::size_t behind = sizeof(TokenHeader) +
                               token.candidates.size() * sizeof(CandidateEntry) +
                               token.requests.size() * sizeof(RequestEntry);
    Writer writer(frame.room());
    writer.put(make_hop(Kind::token, transmitter, behind, config_hash));
    writer.put(header_of(token));
    for (const Candidate& candidate : token.candidates) {
        CandidateEntry entry;
        entry.index = raw(candidate.index);
        entry.incarnation_low = candidate.incarnation_low;
        writer.put(entry);
    }
    for (const Request& request : token.requests) writer.put(entry_of(request));
    const std::size_t size = writer.finish();
    TORC_CHECK(size == sizeof(HopHeader) + behind);
    frame.size = static_cast<std::uint32_t>(size);
}

std::optional<Token> decode_token(std::span<const std::byte> bytes) {
    if (check_token(bytes) != RejectReason::none) return std::nullopt;
    Reader reader(bytes);
    const auto header = reader.get<TokenHeader>();
    Token token = token_of(header);
    for (std::size_t i = 0; i < header.candidates; ++i) {
        const auto entry = reader.get<CandidateEntry>();
        token.candidates.push_back({NodeIndex{entry.index.get()}, entry.incarnation_low});
    }
    for (std::size_t i = 0; i < header.requests; ++i) {
        const auto entry = reader.get<RequestEntry>();
        token.requests.push_back({RingId{entry.epoch, NodeIndex{entry.representative.get()}},
                                  Seq{entry.seq}, NodeIndex{entry.requester.get()},
                                  entry.attempts});
    }
    TORC_CHECK(reader.finished());
    return token;
}

}  // namespace torc::wire

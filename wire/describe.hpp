// What each field of each frame is, as plain tables: the documentation (docs/wire.md) and the tests
// of the layout are made from them, and so will be the dissector.
#pragma once

#include <array>
#include <cstddef>

#include "wire/hop.hpp"
#include "wire/membership.hpp"
#include "wire/status.hpp"
#include "wire/token.hpp"

namespace torc::wire {

struct Field {
    const char* name;
    std::size_t offset;
    std::size_t size;
    const char* meaning;
};

/// Describe<T>::name and Describe<T>::fields, in the order of the bytes.
template <typename T>
struct Describe;

template <>
struct Describe<HopHeader> {
    using T = HopHeader;
    static constexpr const char* name = "HopHeader";
    static constexpr std::array fields{
        Field{"magic", offsetof(T, magic), sizeof(T::magic), "0xA7"},
        Field{"version", offsetof(T, version), sizeof(T::version), "major << 4 \\| minor: 0x10"},
        Field{"kind", offsetof(T, kind), sizeof(T::kind),
              "1 DATA, 2 TOKEN, 3 STATUS, 4 WAKE, 5 JOIN, 6 PROPOSE, 7 STATE, 8 PLAN, 9 MERGE"},
        Field{"flags", offsetof(T, flags), sizeof(T::flags),
              "1 retransmitted, 2 recovery, 4 unicast copy"},
        Field{"transmitter", offsetof(T, transmitter), sizeof(T::transmitter),
              "daemon that put this copy on the wire; statistics only"},
        Field{"length", offsetof(T, length), sizeof(T::length), "bytes behind this header"},
        Field{"config_hash", offsetof(T, config_hash), sizeof(T::config_hash),
              "low half of the configuration's fingerprint"},
        Field{"key_epoch", offsetof(T, key_epoch), sizeof(T::key_epoch), "0: not sealed"},
    };
};

template <>
struct Describe<SealedHeader> {
    using T = SealedHeader;
    static constexpr const char* name = "SealedHeader";
    static constexpr std::array fields{
        Field{"epoch", offsetof(T, epoch), sizeof(T::epoch), "of the ring"},
        Field{"seq", offsetof(T, seq), sizeof(T::seq),
              "place in the ring's order, from 1; 0 if and only if the class is unreliable"},
        Field{"sender", offsetof(T, sender), sizeof(T::sender), "daemon that gave the seq"},
        Field{"representative", offsetof(T, representative), sizeof(T::representative),
              "of the ring; with epoch its id"},
        Field{"sender_seq", offsetof(T, sender_seq), sizeof(T::sender_seq),
              "counts the sender's frames on this ring, from 1"},
        Field{"round", offsetof(T, round), sizeof(T::round),
              "low half of the token_seq with which the sender passed the token on"},
        Field{"body_length", offsetof(T, body_length), sizeof(T::body_length),
              "bytes behind this header"},
        Field{"messages", offsetof(T, messages), sizeof(T::messages), "in the body, 1..255"},
        Field{"service_flags", offsetof(T, service_flags), sizeof(T::service_flags),
              "bits 0-2 class (0 unreliable, 1 reliable, 2 FIFO, 3 causal, 4 agreed, 5 safe), 0x10 "
              "has fragment, 0x20 last of visit, 0x40 post token"},
    };
};

template <>
struct Describe<MessageHeader> {
    using T = MessageHeader;
    static constexpr const char* name = "MessageHeader";
    static constexpr std::array fields{
        Field{"length", offsetof(T, length), sizeof(T::length),
              "bytes of this piece, without header and padding"},
        Field{"flags", offsetof(T, flags), sizeof(T::flags),
              "bits 0-2 class, not above the frame's; 0x10 fragment, 0x20 first fragment, 0x40 "
              "last fragment, 0x80 control, 0x100 with the envelope of the message before"},
        Field{"session", offsetof(T, session), sizeof(T::session),
              "sending session at its daemon: generation << 16 \\| slot"},
    };
};

template <>
struct Describe<TokenHeader> {
    using T = TokenHeader;
    static constexpr const char* name = "TokenHeader";
    static constexpr std::array fields{
        Field{"epoch", offsetof(T, epoch), sizeof(T::epoch), "of the ring"},
        Field{"representative", offsetof(T, representative), sizeof(T::representative),
              "of the ring"},
        Field{"flags", offsetof(T, flags), sizeof(T::flags), "1 recovery, 2 merge seen, 4 leaving"},
        Field{"retransmission", offsetof(T, retransmission), sizeof(T::retransmission),
              "how often this hop was sent again"},
        Field{"aru_setter", offsetof(T, aru_setter), sizeof(T::aru_setter),
              "who lowered aru; 0xFFFF: nobody"},
        Field{"done_run", offsetof(T, done_run), sizeof(T::done_run),
              "recovery: members in a row that hold everything"},
        Field{"token_seq", offsetof(T, token_seq), sizeof(T::token_seq),
              "rises by one at every hop; never 0"},
        Field{"seq", offsetof(T, seq), sizeof(T::seq), "highest seq given out"},
        Field{"aru", offsetof(T, aru), sizeof(T::aru), "all received up to; never above seq"},
        Field{"fcc_frames", offsetof(T, fcc_frames), sizeof(T::fcc_frames),
              "frames sent during the last rotation, copies included"},
        Field{"fcc_bytes", offsetof(T, fcc_bytes), sizeof(T::fcc_bytes), "their bytes"},
        Field{"backlog", offsetof(T, backlog), sizeof(T::backlog),
              "frames that wait at all members"},
        Field{"window", offsetof(T, window), sizeof(T::window),
              "frames that may be in flight; 0: as configured"},
        Field{"candidates_by", offsetof(T, candidates_by), sizeof(T::candidates_by),
              "who wrote the candidates; 0xFFFF: nobody"},
        Field{"leaver", offsetof(T, leaver), sizeof(T::leaver),
              "who leaves in good order; 0xFFFF: nobody"},
        Field{"candidates", offsetof(T, candidates), sizeof(T::candidates),
              "entries behind this header, at most 16"},
        Field{"requests", offsetof(T, requests), sizeof(T::requests),
              "entries behind the candidates, at most 16"},
        Field{"reserved1", offsetof(T, reserved1), sizeof(T::reserved1), "0"},
        Field{"reserved2", offsetof(T, reserved2), sizeof(T::reserved2), "0"},
    };
};

template <>
struct Describe<CandidateEntry> {
    using T = CandidateEntry;
    static constexpr const char* name = "CandidateEntry";
    static constexpr std::array fields{
        Field{"index", offsetof(T, index), sizeof(T::index), "daemon that may come in"},
        Field{"reserved", offsetof(T, reserved), sizeof(T::reserved), "0"},
        Field{"incarnation_low", offsetof(T, incarnation_low), sizeof(T::incarnation_low),
              "low half of its incarnation"},
    };
};

template <>
struct Describe<RequestEntry> {
    using T = RequestEntry;
    static constexpr const char* name = "RequestEntry";
    static constexpr std::array fields{
        Field{"seq", offsetof(T, seq), sizeof(T::seq), "that is missing; never 0"},
        Field{"epoch", offsetof(T, epoch), sizeof(T::epoch), "of the ring that the frame is of"},
        Field{"representative", offsetof(T, representative), sizeof(T::representative),
              "of that ring"},
        Field{"requester", offsetof(T, requester), sizeof(T::requester), "who misses it"},
        Field{"attempts", offsetof(T, attempts), sizeof(T::attempts),
              "how often it was answered in vain"},
        Field{"reserved", offsetof(T, reserved), sizeof(T::reserved), "0"},
    };
};

template <>
struct Describe<StatusFrame> {
    using T = StatusFrame;
    static constexpr const char* name = "StatusFrame";
    static constexpr std::array fields{
        Field{"epoch", offsetof(T, epoch), sizeof(T::epoch), "of the ring"},
        Field{"representative", offsetof(T, representative), sizeof(T::representative),
              "of the ring"},
        Field{"sender", offsetof(T, sender), sizeof(T::sender), "whose state this is"},
        Field{"rx_free", offsetof(T, rx_free), sizeof(T::rx_free),
              "receive descriptors free, saturated"},
        Field{"aru", offsetof(T, aru), sizeof(T::aru), "highest seq without a gap below it"},
        Field{"high", offsetof(T, high), sizeof(T::high), "highest seq known to exist"},
        Field{"delivered", offsetof(T, delivered), sizeof(T::delivered), "up to this seq"},
        Field{"token_seq", offsetof(T, token_seq), sizeof(T::token_seq),
              "of the newest token accepted"},
        Field{"nack_base", offsetof(T, nack_base), sizeof(T::nack_base), "see nack"},
        Field{"nack", offsetof(T, nack), sizeof(T::nack),
              "two words of 64 bits; bit i: seq nack_base + 1 + i is missing"},
    };
};

template <>
struct Describe<WakeFrame> {
    using T = WakeFrame;
    static constexpr const char* name = "WakeFrame";
    static constexpr std::array fields{
        Field{"epoch", offsetof(T, epoch), sizeof(T::epoch), "of the ring"},
        Field{"representative", offsetof(T, representative), sizeof(T::representative),
              "of the ring"},
        Field{"sender", offsetof(T, sender), sizeof(T::sender), "who has something to send"},
        Field{"reserved", offsetof(T, reserved), sizeof(T::reserved), "0"},
    };
};

template <>
struct Describe<ControlHeader> {
    using T = ControlHeader;
    static constexpr const char* name = "ControlHeader";
    static constexpr std::array fields{
        Field{"sender", offsetof(T, sender), sizeof(T::sender), "daemon that says this"},
        Field{"part", offsetof(T, part), sizeof(T::part), "0 .. parts - 1"},
        Field{"parts", offsetof(T, parts), sizeof(T::parts), "of this message, 1..24"},
        Field{"body_length", offsetof(T, body_length), sizeof(T::body_length),
              "bytes of the whole body, 1..32768"},
        Field{"incarnation", offsetof(T, incarnation), sizeof(T::incarnation),
              "the sender's boot; never 0"},
        Field{"ctl", offsetof(T, ctl), sizeof(T::ctl),
              "rises with every control message of an incarnation"},
        Field{"config_fingerprint", offsetof(T, config_fingerprint), sizeof(T::config_fingerprint),
              "all 64 bits"},
    };
};

/// Calls `visit` with Describe<T>{} and sizeof(T) for every described struct, in the order of the
/// documentation.
template <typename Visit>
constexpr void for_each_struct(Visit&& visit) {
    visit(Describe<HopHeader>{}, sizeof(HopHeader));
    visit(Describe<SealedHeader>{}, sizeof(SealedHeader));
    visit(Describe<MessageHeader>{}, sizeof(MessageHeader));
    visit(Describe<TokenHeader>{}, sizeof(TokenHeader));
    visit(Describe<CandidateEntry>{}, sizeof(CandidateEntry));
    visit(Describe<RequestEntry>{}, sizeof(RequestEntry));
    visit(Describe<StatusFrame>{}, sizeof(StatusFrame));
    visit(Describe<WakeFrame>{}, sizeof(WakeFrame));
    visit(Describe<ControlHeader>{}, sizeof(ControlHeader));
}

}  // namespace torc::wire

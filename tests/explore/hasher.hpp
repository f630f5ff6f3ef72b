// Hash of a state, time taken relative to now, so that two moments from which everything goes on
// alike hash alike.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/fixed_vec.hpp"
#include "base/ids.hpp"
#include "base/node_set.hpp"
#include "base/time.hpp"
#include "wire/have_bitmap.hpp"
#include "wire/membership.hpp"
#include "wire/token.hpp"

namespace torc::explore {

class Hasher {
public:
    /// `memory`: how long the past matters; what is older hashes like what is just older.
    Hasher(Instant now, Nanos memory, bool blind) : now_(now), memory_(memory), blind_(blind) {}

    std::uint64_t value() const { return hash_; }

    template <typename T>
        requires std::is_integral_v<T> || std::is_enum_v<T>
    void add(T word) {
        hash_ = (hash_ ^ static_cast<std::uint64_t>(word)) * 0x9E3779B97F4A7C15u;
        hash_ ^= hash_ >> 29;
    }
    template <typename... T>
        requires(sizeof...(T) > 1)
    void add(const T&... all) {
        (add(all), ...);
    }
    void add(Nanos length) { add(length.count()); }
    void add(Instant at) {
        if (blind_) return;
        add(at == kNever ? INT64_MAX : std::max(at - now_, -memory_).count());
    }
    /// A moment in the past that is looked at from any distance.
    void add_exact(Instant at) {
        if (blind_) return;
        add(at == kNever || at == Instant::min() ? INT64_MAX : (at - now_).count());
    }

    void add(std::span<const std::byte> bytes) {
        add(bytes.size());
        for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data(), sizeof word);
            add(word);
        }
        for (const std::byte byte : bytes) add(byte);
    }
    void add(std::string_view text) { add(std::as_bytes(std::span{text.data(), text.size()})); }
    void add(Seq seq) { add(seq.raw); }
    void add(SessionId id) { add(raw(id)); }
    void add(const Member& member) { add(member.index, member.incarnation); }
    void add(const RingId& ring) { add(ring.epoch, ring.representative); }
    void add(const NodeSet& set);
    void add(const wire::HaveBitmap& have);
    void add(const wire::AttemptId& attempt) {
        add(attempt.epoch, attempt.coordinator, attempt.nonce);
    }
    void add(const wire::Token& token);
    void add(const wire::OldRingState& state);
    void add(const wire::RecoveryOrder& order);
    void add(const wire::Candidate& candidate) { add(candidate.index, candidate.incarnation_low); }
    void add(const wire::Request& request) {
        add(request.ring, request.seq, request.requester, request.attempts);
    }
    template <typename T, std::size_t N>
    void add(const FixedVec<T, N>& all) {
        add(all.size());
        for (const T& one : all) add(one);
    }

private:
    Instant now_;
    Nanos memory_;
    bool blind_;  ///< times are left out
    std::uint64_t hash_{0x243F6A8885A308D3u};
};

}  // namespace torc::explore

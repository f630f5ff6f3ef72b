// The gate: every truncation and every corrupted header byte of a frame of each kind gets the right
// reason, and no bytes at all bring it down.
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/wire/support.hpp"

namespace torc::wire::test {
namespace {

/// Where each field of the headers begins; see docs/wire.md.
enum HopAt : std::size_t {
    magic_at,
    version_at,
    kind_at,
    hop_flags_at,
    transmitter_at,
    length_at = 6,
    hash_at = 8,
    key_at = 12,
    hop_end = 16
};

std::string reason_of(const Bytes& frame) { return name_of(validate(frame, kHash)); }

/// What `validate` must say of a golden frame after the hop header's byte `at` became `value`.
/// Nothing where the byte alone does not decide.
std::optional<RejectReason> expected_of_hop(std::size_t at, std::uint8_t value, Kind kind) {
    if (at < version_at) return RejectReason::bad_magic;
    if (at < kind_at) return value >> 4 == 1 ? RejectReason::none : RejectReason::bad_version;
    if (at < hop_flags_at) {
        if (value == 0 || value > kKindLast) return RejectReason::bad_kind;
        if (is_control(kind) && is_control(Kind{value})) return RejectReason::none;
        return std::nullopt;
    }
    if (at < transmitter_at) return RejectReason::none;
    if (at == transmitter_at) {
        return value < kNodesMax ? RejectReason::none : RejectReason::bad_transmitter;
    }
    if (at < length_at) return RejectReason::bad_transmitter;
    if (at < hash_at) return RejectReason::bad_length;
    if (at < key_at) return RejectReason::wrong_config;
    return RejectReason::sealed;
}

TEST(Validate, EveryCorruptionOfTheHopHeaderGetsItsReason) {
    for (const char* name : kGoldenNames) {
        const Bytes good = golden(name);
        for (std::size_t at = 0; at < hop_end; ++at) {
            for (unsigned flip = 1; flip < 256; ++flip) {
                Bytes frame = good;
                frame[at] ^= std::byte(flip);
                const auto value = static_cast<std::uint8_t>(frame[at]);
                const RejectReason reason = validate(frame, kHash);
                const auto expected = expected_of_hop(at, value, Kind(good[kind_at]));
                if (expected) {
                    EXPECT_STREQ(name_of(reason), name_of(*expected))
                        << name << ": byte " << at << " is " << int{value};
                } else {
                    EXPECT_NE(reason, RejectReason::none)
                        << name << ": kind " << int{value} << " with another kind's bytes";
                }
            }
        }
    }
}

RejectReason expected_of_sealed(std::size_t at, std::uint8_t value) {
    if (at < 24) return RejectReason::none;  // epoch
    if (at == 24 && value == 0) return RejectReason::bad_seq;
    if (at < 32) return RejectReason::none;  // seq
    if (at == 32 || at == 34) return value < 128 ? RejectReason::none : RejectReason::bad_node;
    if (at == 33 || at == 35) return RejectReason::bad_node;
    if (at < 44) return RejectReason::none;  // sender_seq, round
    if (at < 46) return RejectReason::bad_length;
    if (at == 46) return value < 2 ? RejectReason::bad_count : RejectReason::truncated;
    const std::uint8_t service = value & kServiceMask;
    if (service > 5) return RejectReason::bad_service;
    if (service == 0) return RejectReason::bad_seq;
    if (service < 4) return RejectReason::bad_service;  // the first message is agreed
    return (value & kHasFragment) != 0 ? RejectReason::bad_fragment : RejectReason::none;
}

TEST(Validate, EveryCorruptionOfTheSealedHeaderGetsItsReason) {
    const Bytes good = golden("wire_data");
    for (std::size_t at = sizeof(HopHeader); at < kDataOverhead; ++at) {
        for (unsigned flip = 1; flip < 256; ++flip) {
            Bytes frame = good;
            frame[at] ^= std::byte(flip);
            const auto value = static_cast<std::uint8_t>(frame[at]);
            EXPECT_EQ(reason_of(frame), name_of(expected_of_sealed(at, value)))
                << "byte " << at << " is " << int{value};
        }
    }
}

TEST(Validate, AnUnreliableFrameHasNoSeqAndNoOtherDoes) {
    OwnedFrame frame;
    FrameBuilder builder(frame.ref, kFrameBytesMin, NodeIndex{2}, kHash);
    ASSERT_TRUE(builder.append({1, Service::unreliable, false}, {}));
    EXPECT_EQ(validate(builder.frame().bytes(), kHash), RejectReason::none);
    stamp(builder.frame(), {kRing, Seq{1}, 1, 1, false, false});
    EXPECT_EQ(validate(builder.frame().bytes(), kHash), RejectReason::bad_seq);
}

/// Control header at 16: sender 16, part 18, parts 19, body_length 20, incarnation 24, ctl 32,
/// fingerprint 40.
RejectReason expected_of_control(std::size_t at, std::uint8_t value, std::uint32_t body) {
    if (at == 16) return value < 128 ? RejectReason::none : RejectReason::bad_node;
    if (at == 17) return RejectReason::bad_node;
    if (at == 18) return RejectReason::bad_parts;
    if (at == 19) {  // the frame has the whole body, a part of several has less
        const auto range = part_range(body, 0, value);
        return range ? RejectReason::bad_length : RejectReason::bad_parts;
    }
    if (at == 20) {
        if (value == 0) return RejectReason::bad_parts;
        return value < body ? RejectReason::bad_length : RejectReason::truncated;
    }
    if (at < 24) {
        const std::uint32_t claimed = body + (std::uint32_t{value} << (8 * (at - 20)));
        return claimed > kControlBytesMax ? RejectReason::bad_parts : RejectReason::truncated;
    }
    if (at < 40) return RejectReason::none;  // incarnation, ctl
    return at < 44 ? RejectReason::wrong_config : RejectReason::none;
}

TEST(Validate, EveryCorruptionOfTheControlHeaderGetsItsReason) {
    for (const char* name :
         {"wire_join", "wire_propose", "wire_state", "wire_plan", "wire_merge"}) {
        const Bytes good = golden(name);
        const auto body = static_cast<std::uint32_t>(good.size() - 48);
        for (std::size_t at = 16; at < 48; ++at) {
            for (unsigned flip = 1; flip < 256; ++flip) {
                Bytes frame = good;
                frame[at] ^= std::byte(flip);
                const auto value = static_cast<std::uint8_t>(frame[at]);
                EXPECT_EQ(reason_of(frame), name_of(expected_of_control(at, value, body)))
                    << name << ": byte " << at << " is " << int{value};
            }
        }
    }
    Bytes frame = golden("wire_join");
    std::fill(frame.begin() + 24, frame.begin() + 32, std::byte{0});
    EXPECT_EQ(validate(frame, kHash), RejectReason::bad_incarnation);
}

TEST(Validate, StatusAndWakeNameNodesOfACluster) {
    Bytes status = golden("wire_status");
    status[24] = std::byte{128};  // representative
    EXPECT_EQ(validate(status, kHash), RejectReason::bad_node);
    status = golden("wire_status");
    status[27] = std::byte{1};  // sender
    EXPECT_EQ(validate(status, kHash), RejectReason::bad_node);
    status = golden("wire_status");
    status[32] = std::byte{43};  // aru above high
    EXPECT_EQ(validate(status, kHash), RejectReason::bad_seq);
    Bytes wake = golden("wire_wake");
    wake[24] = std::byte{128};
    EXPECT_EQ(validate(wake, kHash), RejectReason::bad_node);
    wake = golden("wire_wake");
    wake[26] = std::byte{0xFF};
    EXPECT_EQ(validate(wake, kHash), RejectReason::bad_node);
}

TEST(Validate, NoTruncationOfAnyFramePasses) {
    std::vector<Bytes> frames;
    for (const char* name : kGoldenNames) frames.push_back(golden(name));
    for (const Bytes& whole : frames) {
        for (std::size_t length = 0; length < whole.size(); ++length) {
            Bytes frame(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
            const RejectReason expected =
                length < sizeof(HopHeader) ? RejectReason::truncated : RejectReason::bad_length;
            EXPECT_STREQ(name_of(validate(frame, kHash)), name_of(expected));
            if (length < sizeof(HopHeader)) continue;
            // With lengths that claim to be right, the cut is still found.
            patch_lengths(frame);
            const RejectReason found = validate(frame, kHash);
            EXPECT_TRUE(found == RejectReason::truncated || found == RejectReason::bad_count)
                << name_of(found) << " at " << length << " of " << whole.size();
        }
    }
}

TEST(Validate, TrailingBytesDoNotPass) {
    for (const char* name : kGoldenNames) {
        Bytes frame = golden(name);
        frame.push_back(std::byte{0});
        EXPECT_EQ(validate(frame, kHash), RejectReason::bad_length) << name;
        patch_lengths(frame);
        const RejectReason found = validate(frame, kHash);
        EXPECT_TRUE(found == RejectReason::bad_length || found == RejectReason::bad_count) << name;
    }
}

TEST(Validate, NoFrameIsLargerThanTheLargest) {
    EXPECT_EQ(validate(Bytes(kFrameBytesMax + 1), kHash), RejectReason::oversized);
    EXPECT_EQ(validate(Bytes(65'507), kHash), RejectReason::oversized);
    EXPECT_EQ(validate(Bytes(kFrameBytesMax), kHash), RejectReason::bad_magic);
    EXPECT_EQ(validate({}, kHash), RejectReason::truncated);
}

TEST(Validate, EveryReasonHasANameOfItsOwn) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < kRejectReasons; ++i) {
        EXPECT_TRUE(names.insert(name_of(static_cast<RejectReason>(i))).second) << i;
    }
    EXPECT_EQ(names.count("unknown"), 0u);
    EXPECT_STREQ(name_of(static_cast<RejectReason>(kRejectReasons)), "unknown");
}

/// Everything that looks at received bytes, as the engine would, and without the gate as well.
void read_all(std::span<const std::byte> frame, ControlAssembler& assembler) {
    const bool valid = validate(frame, kHash) == RejectReason::none;
    if (const auto view = DataView::parse(frame)) {
        for (const MessageView& message : *view) {
            ASSERT_GE(message.bytes.data(), frame.data());
            ASSERT_LE(message.bytes.data() + message.bytes.size(), frame.data() + frame.size());
        }
    }
    const auto hop = peek_hop(frame);
    if (!hop) return;
    const std::span<const std::byte> behind = behind_hop(frame);
    ASSERT_TRUE(!valid || Kind{hop->kind} != Kind::token || decode_token(behind));
    decode_token(behind);
    decode_status(behind);
    decode_wake(behind);
    decode_join(kControl, behind);
    decode_propose(kControl, behind);
    decode_state(kControl, behind);
    decode_merge(kControl, behind);
    if (const auto plan = decode_plan(kControl, behind)) {
        for (std::size_t i = 0; i < plan->orders; ++i) ASSERT_TRUE(decode_order(behind, i));
    }
    decode_order(behind, 0);
    assembler.add(Kind{hop->kind}, behind);
}

RC_GTEST_PROP(Validate, RandomBytesDoNoHarm, ()) {
    static ControlAssembler assembler;
    Prng prng(*rc::gen::arbitrary<std::uint64_t>());
    for (int i = 0; i < 50; ++i) read_all(random_bytes(prng, prng.below(2000)), assembler);
}

RC_GTEST_PROP(Validate, CorruptedFramesDoNoHarm, ()) {
    static ControlAssembler assembler;
    Prng prng(*rc::gen::arbitrary<std::uint64_t>());
    for (const char* name : kGoldenNames) {
        Bytes frame = golden(name);
        const std::uint64_t hits = prng.between(1, 4);
        for (std::uint64_t i = 0; i < hits; ++i) {
            frame[prng.between(16, frame.size() - 1)] = static_cast<std::byte>(prng.next());
        }
        read_all(frame, assembler);
        if (frame.size() >= kDataOverhead) read_all(body_of(frame), assembler);
    }
}

}  // namespace
}  // namespace torc::wire::test

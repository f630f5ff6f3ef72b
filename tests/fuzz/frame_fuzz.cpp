// Received bytes against everything of wire/ that reads them. An input is a series of frames, each
// behind its length (le16): one ControlAssembler sees them all, so that the fuzzer can find its way
// into messages in parts. Beyond "no crash": what `validate` lets pass, the decoders must read, and
// what they read must encode to the same bytes.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/check.hpp"
#include "wire/control_parts.hpp"
#include "wire/data.hpp"
#include "wire/membership.hpp"
#include "wire/status.hpp"
#include "wire/token.hpp"
#include "wire/validate.hpp"
#include "wire/wire_struct.hpp"

namespace {

using namespace torc;
using namespace torc::wire;

using Bytes = std::span<const std::byte>;

constexpr std::uint32_t kHash = 0x44332211;  // as in tests/golden

bool within(Bytes inner, Bytes outer) {
    return inner.data() >= outer.data() &&
           inner.data() + inner.size() <= outer.data() + outer.size();
}

/// Every byte of every message lies in the frame, also if the frame is not valid.
void read_data(Bytes frame) {
    std::size_t seen = 0;
    std::size_t bytes = 0;
    const DataView view = DataView::of_validated(frame);
    for (const MessageView& message : view) {
        TORC_CHECK(within(message.bytes, frame));
        for (const std::byte byte : message.bytes) bytes += static_cast<std::size_t>(byte);
        ++seen;
    }
    TORC_CHECK(seen <= view.messages());
    if (DataView::parse(frame)) TORC_CHECK(seen == view.messages());
    TORC_CHECK(bytes < frame.size() * 256);
}

void read_token(Bytes frame, bool valid) {
    const auto token = decode_token(frame.subspan(sizeof(HopHeader)));
    TORC_CHECK(token.has_value() || !valid);
    if (!token) return;
    std::array<std::byte, kTokenBytesMax> memory;
    FrameRef copy{&memory, memory.data(), 0, memory.size()};
    encode_token(*token, NodeIndex{1}, kHash, copy);
    TORC_CHECK(decode_token(copy.bytes().subspan(sizeof(HopHeader))) == *token);
}

/// A body that was read is one that the encoder writes, but for reserved bytes.
template <typename Message, typename Decode>
void read_body(Bytes body, Decode decode) {
    const std::optional<Message> message = decode(Control{}, body);
    if (!message) return;
    static std::array<std::byte, kControlBytesMax> room;
    TORC_CHECK(encode_body(*message, room) == body.size());
    TORC_CHECK(decode(Control{}, Bytes(room).first(body.size())).has_value());
}

void read_plan(Bytes body) {
    const auto head = decode_plan(Control{}, body);
    decode_order(body, 0);
    if (!head) return;
    static std::array<std::byte, kControlBytesMax> room;
    std::size_t used = encode_body(*head, room);
    for (std::size_t i = 0; i < head->orders; ++i) {
        const auto order = decode_order(body, i);
        TORC_CHECK(order.has_value());
        used += encode_order(*order, std::span(room).subspan(used));
    }
    TORC_CHECK(!decode_order(body, head->orders));
    TORC_CHECK(std::ranges::equal(Bytes(room).first(used), body));
}

void read_bodies(Bytes body) {
    if (body.size() > kControlBytesMax) return;
    read_body<Join>(body, decode_join);
    read_body<Propose>(body, decode_propose);
    read_body<State>(body, decode_state);
    read_body<Merge>(body, decode_merge);
    read_plan(body);
}

void read_frame(Bytes frame, ControlAssembler& assembler) {
    const bool valid = validate(frame, kHash) == RejectReason::none;
    const auto hop = peek_hop(frame);
    TORC_CHECK(hop.has_value() || !valid);
    if (!hop) return;
    const Kind kind{hop->kind};
    const Bytes behind = frame.subspan(sizeof(HopHeader));
    if (valid && kind == Kind::data) TORC_CHECK(DataView::parse(frame).has_value());
    if (valid && kind == Kind::status) TORC_CHECK(decode_status(behind).has_value());
    if (valid && kind == Kind::wake) TORC_CHECK(decode_wake(behind).has_value());
    if (frame.size() >= kDataOverhead) read_data(frame);
    read_token(frame, valid && kind == Kind::token);
    read_bodies(behind);
    if (const auto message = assembler.add(kind, behind)) {
        TORC_CHECK(message->body.size() <= kControlBytesMax && !message->body.empty());
        TORC_CHECK(assembler.newest_completed(message->control.sender.index).has_value());
        read_bodies(message->body);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ControlAssembler assembler(8);
    Bytes left = std::as_bytes(std::span(data, size));
    while (const auto length = take<le16>(left)) {
        const std::size_t bytes = std::min<std::size_t>(length->get(), left.size());
        // On its own, so that one byte past the frame is one that the sanitizer sees.
        const auto alone = std::make_unique_for_overwrite<std::byte[]>(bytes);
        std::copy_n(left.data(), bytes, alone.get());
        read_frame({alone.get(), bytes}, assembler);
        left = left.subspan(bytes);
    }
    return 0;
}

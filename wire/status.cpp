// STATUS and WAKE: one struct each behind the hop header.
#include "wire/status.hpp"

#include "base/check.hpp"
#include "wire/checks.hpp"
#include "wire/cursor.hpp"

namespace torc::wire {

namespace {

template <WireStruct T>
void encode(Kind kind, const T& body, NodeIndex transmitter, std::uint32_t config_hash,
            FrameRef& frame) {
    Writer writer(frame.room());
    writer.put(make_hop(kind, transmitter, sizeof(T), config_hash));
    writer.put(body);
    const std::size_t size = writer.finish();
    TORC_CHECK(size == sizeof(HopHeader) + sizeof(T));
    frame.size = static_cast<std::uint32_t>(size);
}

}  // namespace

RejectReason check_status(std::span<const std::byte> bytes) {
    Reader reader(bytes);
    const auto status = reader.get<StatusFrame>();
    if (!reader.ok()) return RejectReason::truncated;
    if (!reader.finished()) return RejectReason::bad_length;
    if (!is_node(status.representative) || !is_node(status.sender)) return RejectReason::bad_node;
    if (status.aru.get() > status.high.get()) return RejectReason::bad_seq;
    return RejectReason::none;
}

RejectReason check_wake(std::span<const std::byte> bytes) {
    Reader reader(bytes);
    const auto wake = reader.get<WakeFrame>();
    if (!reader.ok()) return RejectReason::truncated;
    if (!reader.finished()) return RejectReason::bad_length;
    if (!is_node(wake.representative) || !is_node(wake.sender)) return RejectReason::bad_node;
    return RejectReason::none;
}

void encode_status(const StatusFrame& status, NodeIndex transmitter, std::uint32_t config_hash,
                   FrameRef& frame) {
    encode(Kind::status, status, transmitter, config_hash, frame);
}

void encode_wake(const WakeFrame& wake, NodeIndex transmitter, std::uint32_t config_hash,
                 FrameRef& frame) {
    encode(Kind::wake, wake, transmitter, config_hash, frame);
}

std::optional<StatusFrame> decode_status(std::span<const std::byte> bytes) {
    if (check_status(bytes) != RejectReason::none) return std::nullopt;
    return load<StatusFrame>(bytes);
}

std::optional<WakeFrame> decode_wake(std::span<const std::byte> bytes) {
    if (check_wake(bytes) != RejectReason::none) return std::nullopt;
    return load<WakeFrame>(bytes);
}

}  // namespace torc::wire

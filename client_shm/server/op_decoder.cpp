#include "client_shm/server/op_decoder.hpp"

#include <span>

#include "client_shm/names.hpp"

namespace torc::client_shm {

using engine::ClientOp;

bool OpDecoder::decode(const RecordView& record, ClientOp& op) {
    if (record.header.flags == kSameHead) return decode_same_head(record, op);
    if (record.header.flags != 0) return false;
    has_head_ = false;
    switch (record.header.type) {
        case RecordType::join:
            return decode_name(record, ClientOp::Kind::join, op);
        case RecordType::flush_join:
            if (!decode_name(record, ClientOp::Kind::join, op)) return false;
            op.join_kind = engine::JoinKind::flush;
            return true;
        case RecordType::flush_ok:
            return decode_name(record, ClientOp::Kind::flush_ok, op);
        case RecordType::leave:
            return decode_name(record, ClientOp::Kind::leave, op);
        case RecordType::send:
            return decode_send(record, op);
        case RecordType::close:
            op = ClientOp{};
            op.kind = ClientOp::Kind::close;
            return record.header.body_bytes == 0;
        case RecordType::message:
        case RecordType::view:
        case RecordType::transitional:
        case RecordType::self_leave:
        case RecordType::warning:
        case RecordType::refused:
        case RecordType::flush_request:
        case RecordType::run:
            return false;
    }
    return false;
}

bool OpDecoder::decode_name(const RecordView& record, ClientOp::Kind kind, ClientOp& op) {
    op = ClientOp{};
    op.kind = kind;
    const std::size_t bytes = record.header.body_bytes;
    if (bytes > name_bytes(kGroupNameMax)) return false;
    copy_once(names_.data(), record.body, bytes);
    NameReader reader(names_.data(), bytes);
    return reader.take(op.name) && reader.left() == 0;
}

bool OpDecoder::decode_send(const RecordView& record, ClientOp& op) {
    SendBody body;
    if (record.header.body_bytes < sizeof body) return false;
    copy_once(&body, record.body, sizeof body);
    const std::size_t payload_at = align_up(sizeof body + body.names_bytes, kPayloadAlign);
    if (body.names_bytes > names_.size() || payload_at > record.header.body_bytes ||
        body.group_count == 0 || body.group_count > groups_.size() ||
        body.service > static_cast<std::uint8_t>(Service::safe) ||
        (body.flags & ~kSendFlags) != 0 ||
        ((body.flags & kSendSubgroup) != 0 && body.group_count < 2)) {
        return false;
    }
    copy_once(names_.data(), record.body + sizeof body, body.names_bytes);
    NameReader reader(names_.data(), body.names_bytes);
    for (std::size_t i = 0; i < body.group_count; ++i) {
        if (!reader.take(groups_[i])) return false;
    }
    if (reader.left() != 0) return false;

    // Every field by itself: clearing all first would cost as much again.
    op.kind = ClientOp::Kind::send;
    op.name = {};
    op.join_kind = {};
    op.groups = {groups_.data(), body.group_count};
    op.service = static_cast<Service>(body.service);
    op.self_discard = (body.flags & kSendSelfDiscard) != 0;
    op.subgroup = (body.flags & kSendSubgroup) != 0;
    op.type = body.type;
    op.payload = {record.body + payload_at, record.header.body_bytes - payload_at};
    op.repeats = false;
    has_head_ = true;
    return true;
}

bool OpDecoder::decode_same_head(const RecordView& record, ClientOp& op) const {
    if (record.header.type != RecordType::send || !has_head_) return false;
    op.payload = {record.body, record.header.body_bytes};
    op.repeats = true;
    return true;
}

}  // namespace torc::client_shm

// Turns a record of a client's submit ring into an engine::ClientOp. Everything that is looked at
// more than once is copied into private memory first, because the client may rewrite the record at
// any moment; only the payload stays in the ring, whose content nobody interprets.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/limits.hpp"
#include "client_shm/rings.hpp"
#include "engine/effects.hpp"

namespace torc::client_shm {

class OpDecoder {
public:
    OpDecoder() {}  // NOLINT: leaves names_ as it is, so that a session unused costs no memory

    /// Gives: false if libtorc could not have written such a record; the session is then a liar.
    /// On success `op` lives until the next call and as long as the record. Takes: the `op` of the
    /// call before, where there was one: of a send with kSameHead all but the payload stays as it
    /// is. `session` is the caller's to write.
    bool decode(const RecordView& record, engine::ClientOp& op);
    /// A new session begins, or `op` was used for something else.
    void forget() { has_head_ = false; }

private:
    bool decode_name(const RecordView& record, engine::ClientOp::Kind kind, engine::ClientOp& op);
    bool decode_send(const RecordView& record, engine::ClientOp& op);
    bool decode_same_head(const RecordView& record, engine::ClientOp& op) const;

    bool has_head_{false};  ///< the last record was a send; `op` and what is below still say so

    std::array<std::byte, kGroupsPerMessageMax * name_bytes(kGroupNameMax)> names_;
    std::array<std::string_view, kGroupsPerMessageMax> groups_;
};

}  // namespace torc::client_shm

// The operations of one session that wait for the ring core's answer, where clients have a core of
// their own: what the answer must know, and the names, copied, because what the ring core reads may
// be nothing that the client can still change. Answers come in the order of the operations.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "client_shm/layout.hpp"
#include "client_shm/server/operation_log.hpp"
#include "engine/effects.hpp"

namespace torc::client_shm {

class OpWindow {
public:
    /// Operations of a session that may wait at once; a power of two.
    static constexpr std::size_t kOpsMax = 64;
    static constexpr std::uint64_t kNamesBytes = 64 * 1024;
    static constexpr std::uint64_t kNamesOfOneMax =
        kGroupsPerMessageMax * (sizeof(std::string_view) + kGroupNameMax);
    // Names lie in one piece: what is left at the end may be lost, and one operation fits always.
    static_assert(2 * kNamesOfOneMax <= kNamesBytes);

    struct Op {
        engine::ClientOp::Kind kind{};
        OperationLog::Place place{};
        RecordType record{};        ///< meaningless for open and close
        bool is_large{false};       ///< its payload is more than a message may have
        std::uint64_t position{0};  ///< where its record begins in the submit ring
        std::uint64_t sent{0};      ///< bytes of a send's record; of others 0
        std::uint64_t names_end{0};
    };

    /// Takes: kNamesBytes, aligned for a string_view, that outlive the window.
    explicit OpWindow(std::byte* names) : names_(names) {}

    bool empty() const { return count_ == 0; }
    std::size_t count() const { return count_; }
    bool has_room_for(const engine::ClientOp& op) const {
        const std::uint64_t bytes = bytes_of(op);
        return count_ < kOpsMax && start_of(bytes) + bytes - names_head_ <= kNamesBytes;
    }
    /// The same operation with names in memory that stays as it is until `pop`. After
    /// `has_room_for`.
    engine::ClientOp push(const engine::ClientOp& op, Op kept);

    const Op& front() const { return ops_[first_]; }
    const Op& back() const { return ops_[(first_ + count_ - 1) % kOpsMax]; }
    void pop() {
        TORC_DCHECK(count_ > 0);
        names_head_ = ops_[first_].names_end;
        first_ = (first_ + 1) % kOpsMax;
        // From the start again: few lines are used, and those stay in the cache.
        if (--count_ == 0) names_head_ = names_tail_ = 0;
    }

private:
    static std::uint64_t bytes_of(const engine::ClientOp& op) {
        std::uint64_t bytes = op.name.size();
        for (const std::string_view group : op.groups) bytes += sizeof group + group.size();
        return align_up(bytes, alignof(std::string_view));
    }
    std::uint64_t start_of(std::uint64_t bytes) const {
        const std::uint64_t at = names_tail_ % kNamesBytes;
        return at + bytes <= kNamesBytes ? names_tail_ : names_tail_ + (kNamesBytes - at);
    }

    std::byte* names_;
    std::size_t first_{0};
    std::size_t count_{0};
    std::uint64_t names_head_{0};
    std::uint64_t names_tail_{0};
    std::array<Op, kOpsMax> ops_{};
};

inline engine::ClientOp OpWindow::push(const engine::ClientOp& op, Op kept) {
    TORC_DCHECK(has_room_for(op));
    const std::uint64_t bytes = bytes_of(op);
    const std::uint64_t start = start_of(bytes);
    std::byte* const place = names_ + start % kNamesBytes;
    std::byte* text = place + op.groups.size() * sizeof(std::string_view);
    const auto copy = [&text](std::string_view name) {
        if (!name.empty()) std::memcpy(text, name.data(), name.size());
        const std::string_view copied{static_cast<const char*>(static_cast<void*>(text)),
                                      name.size()};
        text += name.size();
        return copied;
    };
    engine::ClientOp stays = op;
    stays.name = copy(op.name);
    auto* const groups = static_cast<std::string_view*>(static_cast<void*>(place));
    for (std::size_t i = 0; i < op.groups.size(); ++i) {
        std::construct_at(groups + i, copy(op.groups[i]));
    }
    stays.groups = {groups, op.groups.size()};
    names_tail_ = start + bytes;
    kept.names_end = names_tail_;
    ops_[(first_ + count_) % kOpsMax] = kept;
    ++count_;
    return stays;
}

}  // namespace torc::client_shm

// The sessions that the messages of a burst go to, sorted once by how they get them: from a log
// that they share, or as a copy in their own ring. Neighbours in the order mostly have the same
// receivers; for those nothing is done a message but the comparison of two lists.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "base/ids.hpp"
#include "client_shm/server/delivery_log.hpp"
#include "client_shm/server/session_table.hpp"

namespace torc::client_shm {

class FanOut {
public:
    /// Readers of one log, and the run that their rings do not refer to yet.
    struct Part {
        DeliveryLog* log{nullptr};
        bool has_room{false};              ///< the open extent takes the run's first message
        std::vector<std::uint16_t> slots;  ///< sessions that read it
        RunBody run{};
    };

    explicit FanOut(std::size_t sessions) {
        receivers_.reserve(sessions);
        copies_.reserve(sessions);
        for (Part& part : parts_) part.slots.reserve(sessions);
    }

    /// Whether these are the receivers of the last burst.
    bool is_for(std::span<const SessionId> receivers) const {
        return receivers.size() == receivers_.size() &&
               std::memcmp(receivers.data(), receivers_.data(), receivers.size_bytes()) == 0;
    }
    /// Whether a message of so many bytes may follow those before it.
    bool takes(std::uint64_t bytes) const {
        if (!open_) return false;
        if (count_ == 0) return true;
        if (bytes > bytes_left_ || records_left_ == 0) return false;
        for (const Part& part : parts()) {
            if (!part.log->has_room(bytes)) return false;
        }
        return true;
    }

    /// Forgets the last burst. At most so many bytes and records until the next `begin`.
    void begin(std::span<const SessionId> receivers, std::uint64_t bytes, std::uint64_t records) {
        TORC_CHECK(!open_);
        open_ = true;
        last_head_ = 0;
        receivers_.assign(receivers.begin(), receivers.end());
        copies_.clear();
        count_ = 0;
        bytes_left_ = bytes;
        records_left_ = records;
    }
    void add_copy(SessionId session) { copies_.push_back(session); }
    /// The part of that log. A new one has no readers, and what `prepare(log)` gives as `has_room`.
    template <typename F>
    Part& part_of(DeliveryLog* log, F&& prepare) {
        for (Part& part : parts()) {
            if (part.log == log) return part;
        }
        TORC_CHECK(count_ < kLogsMax);
        Part& part = parts_[count_++];
        part.log = log;
        part.slots.clear();
        part.has_room = prepare(*log);
        part.run = {log->end(), 0, 0};
        return part;
    }
    /// Takes out what is read by nobody or by one: that is a copy, too. `to_copy(slot)`.
    template <typename F>
    void drop_lonely(F&& to_copy) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            if (parts_[i].slots.size() < 2) {
                for (const std::uint16_t slot : parts_[i].slots) to_copy(slot);
                continue;
            }
            if (kept != i) std::swap(parts_[kept], parts_[i]);
            ++kept;
        }
        count_ = kept;
    }

    /// A message of so many bytes was written to each part's log. Takes: the serial of its head if
    /// others may follow it, else 0.
    void count(std::uint64_t bytes, std::uint64_t head) {
        last_head_ = head;
        bytes_left_ -= bytes;
        --records_left_;
        for (Part& part : parts()) {
            part.run.bytes += static_cast<std::uint32_t>(bytes);
            ++part.run.records;
        }
    }

    /// The run's last message has this head.
    bool ends_with(std::uint64_t head) const { return last_head_ == head; }
    bool is_open() const { return open_; }
    void close() { open_ = false; }
    std::span<Part> parts() { return {parts_.data(), count_}; }
    std::span<const Part> parts() const { return {parts_.data(), count_}; }
    std::span<const SessionId> copies() const { return copies_; }

private:
    bool open_{false};
    std::size_t count_{0};        ///< parts in use
    std::uint64_t last_head_{0};  ///< of the run's last message; 0: nobody may follow it
    std::uint64_t bytes_left_{0};
    std::uint64_t records_left_{0};
    std::vector<SessionId> receivers_;
    std::vector<SessionId> copies_;
    std::array<Part, kLogsMax> parts_;
};

}  // namespace torc::client_shm

// A run of the deliver ring as the library goes through it: the ring says where in the log the
// messages lie, and they are received one by one from there. Whoever wrote the ring is not
// believed: nothing outside of the log is ever read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "client_shm/layout.hpp"
#include "client_shm/rings.hpp"

namespace torc::client_shm {

class RunWalk {
public:
    /// Takes: the log as it is mapped, or nullptr and 0.
    void set_log(const std::byte* data, std::uint64_t bytes) {
        data_ = data;
        bytes_ = bytes;
    }
    bool has_log() const { return data_ != nullptr; }
    /// Whether messages of a run are left.
    bool is_inside() const { return left_ > 0; }
    /// The record of the ring that is being gone through.
    const RecordView& run() const { return run_; }

    /// Enters a run. False: no daemon of this version wrote that.
    bool enter(const RecordView& run) {
        RunBody body;
        if (data_ == nullptr || run.header.body_bytes != sizeof body) return false;
        std::memcpy(&body, run.body, sizeof body);
        const bool aligned = body.offset % kRecordAlign == 0 && body.bytes % kRecordAlign == 0;
        if (!aligned || body.offset > bytes_ || body.bytes > bytes_ - body.offset) return false;
        // Each message takes a header at the least.
        if (body.records == 0 || body.records > body.bytes / sizeof(RecordHeader)) return false;
        run_ = run;
        at_ = body.offset;
        end_ = body.offset + body.bytes;
        left_ = body.records;
        return true;
    }

    /// The next message; inside of a run only. Its `position` is that of the run. False: as above.
    bool peek(RecordView& record) const {
        if (end_ - at_ < sizeof record.header) return false;
        const std::byte* at = data_ + at_;
        std::memcpy(&record.header, at, sizeof record.header);
        record.body = at + sizeof record.header;
        record.position = run_.position;
        const std::uint64_t bytes = record_bytes(record.header.body_bytes);
        if (record.header.type != RecordType::message || bytes > end_ - at_) return false;
        __builtin_prefetch(at + bytes);
        return true;
    }
    /// Steps over it. Gives: its bytes in the log.
    std::uint64_t advance(const RecordView& record) {
        const std::uint64_t bytes = record_bytes(record.header.body_bytes);
        at_ += bytes;
        --left_;
        return bytes;
    }

private:
    const std::byte* data_{nullptr};
    std::uint64_t bytes_{0};
    RecordView run_;
    std::uint64_t at_{0};   ///< offset in the log of the next message
    std::uint64_t end_{0};  ///< of the run
    std::uint32_t left_{0};
};

}  // namespace torc::client_shm

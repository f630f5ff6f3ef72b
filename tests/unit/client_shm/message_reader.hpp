// Messages of a deliver ring or of a run as their reader understands them: one may begin like the
// one before it, and then its record is the payload alone (layout.hpp, kSameHead). Written down
// anew, so that the daemon is not judged by the library's code.
#pragma once

#include <cstring>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "client_shm/layout.hpp"
#include "client_shm/rings.hpp"

namespace torc::client_shm::test {

class MessageReader {
public:
    struct Said {
        MessageBody head{};
        std::string names;  ///< as they stand in the record
        std::string payload;
        bool follows{false};  ///< its record has no head
    };

    /// Begin and end of a run, and all that is no message.
    void forget() { last_.reset(); }

    Said read(const RecordView& record) {
        Said said;
        const auto text = [&](std::size_t from, std::size_t bytes) {
            const void* const at = record.body + from;
            return std::string(static_cast<const char*>(at), bytes);
        };
        if ((record.header.flags & kSameHead) != 0) {
            EXPECT_TRUE(last_.has_value()) << "nothing to follow";
            said = last_.value_or(Said{});
            PlaceInFrame place;
            std::memcpy(&place, &record.header.operation, sizeof place);
            said.head.index = place.index;
            said.head.service = place.service;
            said.payload = text(0, record.header.body_bytes);
            said.follows = true;
            return said;
        }
        std::memcpy(&said.head, record.body, sizeof said.head);
        said.names = text(sizeof said.head, said.head.names_bytes);
        const std::size_t head = align_up(sizeof said.head + said.head.names_bytes, kPayloadAlign);
        said.payload = text(head, record.header.body_bytes - head);
        last_.reset();
        if (head <= kSharedHeadBytesMax) last_ = said;
        return said;
    }

private:
    std::optional<Said> last_;
};

}  // namespace torc::client_shm::test

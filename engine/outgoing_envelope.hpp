// The envelope of the message at hand. A session mostly sends to the same groups in a row: then it
// stands here already, and the names in it need be neither judged nor written again.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/ids.hpp"
#include "groups/envelope.hpp"

namespace torc::engine {

class OutgoingEnvelope {
public:
    /// What stands in front of the names.
    struct Head {
        SessionId session;
        groups::EnvelopeKind kind{};
        std::uint8_t flags{0};
        std::uint16_t type{0};
        std::uint16_t views{0};

        friend bool operator==(const Head&, const Head&) = default;
    };

    /// Whether these are the destinations of the message that was written last. What was said of
    /// them by themselves then is true still.
    bool is_to(std::span<const std::string_view> destinations) const;

    /// Gives the envelope; valid until the next call. `session_name`: of `head.session`.
    /// `same_names`: `is_to(destinations)` was found to be true.
    std::span<const std::byte> write(const Head& head, std::string_view session_name,
                                     std::span<const std::string_view> destinations,
                                     bool same_names = false);

    /// What `write` gave last.
    std::span<const std::byte> written() const { return {bytes_.data(), length_}; }
    /// Of what `write` gave last: another one for another envelope, never 0.
    std::uint32_t number() const { return number_; }

    /// A session came or went: a name may have another meaning now.
    void forget() { length_ = 0; }

private:
    Head head_;
    std::uint32_t number_{0};
    std::size_t length_{0};    ///< 0: nothing is written
    std::size_t names_at_{0};  ///< where the destinations begin
    std::size_t destinations_{0};
    std::array<std::byte, groups::kEnvelopeBytesMax> bytes_;
};

}  // namespace torc::engine

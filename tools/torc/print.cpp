#include "tools/torc/print.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "tools/torc/session.hpp"

namespace torc::tool {
namespace {

std::string printable(const void* data, std::size_t size, std::size_t most) {
    const auto* const bytes = static_cast<const unsigned char*>(data);
    std::string text;
    for (std::size_t i = 0; i < std::min(size, most); ++i) {
        if (bytes[i] >= 0x20 && bytes[i] < 0x7F) {
            text.push_back(static_cast<char>(bytes[i]));
        } else {
            text += fmt::format("\\x{:02x}", bytes[i]);
        }
    }
    if (size > most) text += fmt::format("... ({} bytes)", size);
    return text;
}

std::string view_line(const torc_message& message) {
    std::string text =
        fmt::format("view {} of {}: {}", message.index, message.group, cause_name(message.cause));
    if (message.sender != nullptr && *message.sender != '\0') {
        text += fmt::format(" of {}", message.sender);
    }
    text += "; members";
    const std::vector<std::string> members = names_of(message.members);
    for (std::size_t i = 0; i < members.size(); ++i) {
        text += ' ' + members[i];
        if (message.vs_sets != nullptr) text += fmt::format("[{}]", message.vs_sets[i]);
    }
    return text;
}

}  // namespace

std::string line_of(const torc_message& message, std::size_t payload_max) {
    switch (message.kind) {
        case TORC_MESSAGE: {
            std::string to;
            for (const std::string& group : names_of(message.groups)) to += ' ' + group;
            return fmt::format("{} ->{} ({}, type {}): {}", message.sender, to,
                               service_name(message.service), message.type,
                               printable(message.data, message.size, payload_max));
        }
        case TORC_VIEW:
            return view_line(message);
        case TORC_TRANSITIONAL:
            return fmt::format("transitional signal in {}", message.group);
        case TORC_SELF_LEAVE:
            return fmt::format("left {}", message.group);
        case TORC_WARNING:
            return fmt::format("warning: {} of {} bytes wait to be read", message.fill_bytes,
                               message.capacity_bytes);
        case TORC_REFUSED:
            return fmt::format("operation {} refused: {}", message.operation,
                               torc_strerror(message.reason));
        default:
            return fmt::format("record of unknown kind {}", message.kind);
    }
}

}  // namespace torc::tool

#include "groups/name.hpp"

namespace torc::groups {
namespace {

bool is_printable(char c) { return c > ' ' && c < 0x7F; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

bool is_session_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameMax &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_printable(c) && c != '#'; });
}

bool is_group_name(std::string_view name) {
    return !name.empty() && name.size() <= kGroupNameMax && name.front() != '#' &&
           std::none_of(name.begin(), name.end(), is_control);
}

bool is_destination(std::string_view name) {
    if (is_group_name(name)) return true;
    const PrivateName parts = split_private(name);
    return is_session_name(parts.session) && is_session_name(parts.daemon);
}

PrivateName split_private(std::string_view name) {
    if (name.size() < 4 || name.front() != '#') return {};
    const std::size_t second = name.find('#', 1);
    if (second == std::string_view::npos) return {};
    return {name.substr(1, second - 1), name.substr(second + 1)};
}

}  // namespace torc::groups

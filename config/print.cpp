// Writes settings by walking the schema.
#include "config/print.hpp"

#include <cstdio>

#include "config/ipv4.hpp"
#include "config/schema.hpp"
#include "config/units.hpp"

namespace torc::config {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7F) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04X", static_cast<unsigned>(byte));
            out += escape;
        } else {
            out += c;
        }
    }
    return out += '"';
}

namespace {

std::string to_toml(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const std::string& text : texts) {
        if (out.size() > 1) out += ", ";
        out += quoted(text);
    }
    return out += ']';
}

void print_nodes(const ClusterSettings& cluster, std::string& out) {
    for (const NodeEntry& node : cluster.nodes) {
        out += "\n[[node]]\nname = " + quoted(node.name) +
               "\naddress = " + quoted(format_ipv4(node.address)) + "\n";
    }
}

}  // namespace

std::string to_toml(const Key& key, const Value& value) {
    switch (key.type) {
        case ValueType::text:
        case ValueType::name:
        case ValueType::path:
            return quoted(std::get<std::string>(value));
        case ValueType::address:
        case ValueType::group:
            return quoted(format_ipv4(static_cast<std::uint32_t>(std::get<std::int64_t>(value))));
        case ValueType::integer:
            return std::to_string(std::get<std::int64_t>(value));
        case ValueType::boolean:
            return std::get<bool>(value) ? "true" : "false";
        case ValueType::duration:
            return quoted(format_duration(Nanos{std::get<std::int64_t>(value)}));
        case ValueType::bytes:
            if (!key.zero_word.empty() && std::get<std::int64_t>(value) == 0) {
                return quoted(key.zero_word);
            }
            return quoted(format_bytes(static_cast<std::uint64_t>(std::get<std::int64_t>(value))));
        case ValueType::choice:
            return quoted(key.choices[static_cast<std::size_t>(std::get<std::int64_t>(value))]);
        case ValueType::texts:
            return to_toml(std::get<std::vector<std::string>>(value));
    }
    return {};
}

std::string print(const ClusterSettings& cluster, const NodeSettings& node) {
    const Settings all{cluster, node};
    char hash[32];
    std::snprintf(hash, sizeof hash, "0x%016llX",
                  static_cast<unsigned long long>(fingerprint(cluster)));
    std::string out = std::string("# fingerprint ") + hash + "\n";
    for (const std::string_view section : sections()) {
        if (section == "node") {
            print_nodes(cluster, out);
            continue;
        }
        out.append("\n[").append(section).append("]\n");
        for (const Key& key : schema()) {
            if (key.section != section || key.get == nullptr) continue;
            out.append(key.name).append(" = ").append(to_toml(key, key.get(all))).append("\n");
        }
    }
    return out;
}

}  // namespace torc::config

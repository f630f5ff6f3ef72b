// The only file that knows toml++: turns its tree into a Document.
//
// toml++ 3.3 asserts, instead of reporting, on a header such as `[.x]`, and recurses once for each
// part of a dotted key. Both would let a bad file end the process; `screen` looks for them first.
#include <algorithm>

#define TOML_EXCEPTIONS 0
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

#include "config/document.hpp"

namespace torc::config {

std::string Place::text() const {
    if (line == 0) return source;
    return source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

namespace {

Place place_of(const toml::source_position& at, const std::string& source) {
    return {source, static_cast<std::uint32_t>(at.line), static_cast<std::uint32_t>(at.column)};
}

RawValue value_of(const toml::array& array) {
    std::vector<std::string> texts;
    for (const toml::node& item : array) {
        const toml::value<std::string>* text = item.as_string();
        if (text == nullptr) return Unsupported{"an array of something other than strings"};
        texts.push_back(text->get());
    }
    return texts;
}

RawValue value_of(const toml::node& node) {
    if (const auto* number = node.as_integer()) return number->get();
    if (const auto* boolean = node.as_boolean()) return boolean->get();
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* array = node.as_array()) return value_of(*array);
    if (node.is_floating_point()) return Unsupported{"a fraction"};
    return Unsupported{"a date or time"};
}

/// Walks one table. toml++ sorts keys; `in_file_order` undoes that at the end.
class Walker {
public:
    Walker(const std::string& source, Document& document) : source_{source}, document_{document} {}

    void walk(const toml::table& table, const std::string& name, bool element) {
        RawSection section{name, place_of(table.source().begin, source_), element, {}};
        bool has_inner = false;
        for (const auto& [key, node] : table) {
            const std::string path =
                name.empty() ? std::string(key.str()) : name + "." + std::string(key.str());
            if (const toml::table* inner = node.as_table()) {
                has_inner = true;
                walk(*inner, path, false);
            } else if (is_array_of_tables(node)) {
                has_inner = true;
                for (const toml::node& item : *node.as_array()) walk(*item.as_table(), path, true);
            } else {
                section.entries.push_back({std::string(key.str()), value_of(node),
                                           place_of(key.source().begin, source_),
                                           place_of(node.source().begin, source_)});
            }
        }
        // A table that only holds others, like `a` in [a.b], was not written by anybody.
        if (!section.entries.empty() || !has_inner) {
            document_.sections.push_back(std::move(section));
        }
    }

private:
    static bool is_array_of_tables(const toml::node& node) {
        const toml::array* array = node.as_array();
        return array != nullptr && !array->empty() && array->is_homogeneous<toml::table>();
    }

    const std::string& source_;
    Document& document_;
};

bool earlier(const Place& a, const Place& b) {
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

void in_file_order(Document& document) {
    std::sort(document.sections.begin(), document.sections.end(),
              [](const auto& a, const auto& b) { return earlier(a.place, b.place); });
    for (RawSection& section : document.sections) {
        std::sort(section.entries.begin(), section.entries.end(),
                  [](const auto& a, const auto& b) { return earlier(a.place, b.place); });
    }
}

/// Dots of one line. With TOML_MAX_NESTED_VALUES it bounds how deep tables can be.
constexpr std::ptrdiff_t kDotsPerLineMax = 256;

/// Whether toml++ can take a line that begins like this: no header, or one with a name or nothing
/// in it. A line inside a multi-line string is held to the same rule; no key of ours has any.
bool has_sane_header(std::string_view line) {
    const std::size_t start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos || line[start] != '[') return true;
    line.remove_prefix(start + 1);
    if (line.starts_with('[')) line.remove_prefix(1);
    const std::size_t name = line.find_first_not_of(" \t");
    if (name == std::string_view::npos) return false;
    const char c = line[name];
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '"' || c == '\'' || c == ']';
}

/// Refuses what toml++ would not survive.
Result<void> screen(std::string_view text, const std::string& source) {
    std::uint32_t number = 1;
    for (; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::string place = Place{source, number, 1}.text();
        if (!has_sane_header(line)) {
            return failure(place +
                           ": a section's name must begin with a letter, digit, '_', '-' "
                           "or quote");
        }
        if (std::count(line.begin(), line.end(), '.') > kDotsPerLineMax) {
            return failure(place + ": more than " + std::to_string(kDotsPerLineMax) +
                           " dots in one line");
        }
    }
    return {};
}

}  // namespace

Result<Document> parse_toml(std::string_view text, const std::string& source) {
    if (const Result<void> screened = screen(text, source); !screened) {
        return tl::unexpected<Error>(screened.error());
    }
    const toml::parse_result parsed = toml::parse(text, source);
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        return failure(place_of(error.source().begin, source).text() + ": " +
                       std::string(error.description()));
    }
    Document document;
    Walker(source, document).walk(parsed.table(), "", false);
    in_file_order(document);
    return document;
}

}  // namespace torc::config

// The only file that knows toml++: turns its tree into a Document.
#include <algorithm>

#define TOML_EXCEPTIONS 0
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
    Walker(const std::string& source, Document& document)
        : source_{source}, document_{document} {}

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
    std::stable_sort(document.sections.begin(), document.sections.end(),
                     [](const auto& a, const auto& b) { return earlier(a.place, b.place); });
    for (RawSection& section : document.sections) {
        std::stable_sort(section.entries.begin(), section.entries.end(),
                         [](const auto& a, const auto& b) { return earlier(a.place, b.place); });
    }
}

}  // namespace

Result<Document> parse_toml(std::string_view text, const std::string& source) {
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

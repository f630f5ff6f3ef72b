// Puts the steps together: read, parse, apply, override, relate.
#include "config/load.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "config/apply.hpp"
#include "config/convert.hpp"
#include "config/relations.hpp"

namespace torc::config {

namespace {

/// A configuration of 128 nodes has some 10 kB; whoever gives more has the wrong file.
constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;

struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

Result<std::string> read_file(const std::string& path) {
    const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "re"));
    if (!file) {
        return failure(path + ": " + std::strerror(errno),
                       "give the right file with --config; config/torc.example.toml is a start");
    }
    std::string text(kFileBytesMax + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get()) != 0) return failure(path + ": " + std::strerror(errno));
    if (text.size() > kFileBytesMax) {
        return failure(path + ": larger than 1 MiB; this is no configuration of Torc");
    }
    return text;
}

void apply_node_option(const Overrides& overrides, Settings& settings, Problems& problems) {
    if (overrides.node.empty()) return;
    const Key& key = *find_key("daemon", "node");
    const Result<Value> value = convert(key, Unquoted{overrides.node});
    if (!value) {
        return problems.add(Place{"--node " + overrides.node, 0, 0}, value.error().message);
    }
    key.set(settings, *value);
}

}  // namespace

LoadOutcome load_text(std::string_view text, const std::string& source,
                      const Overrides& overrides) {
    LoadOutcome outcome;
    Problems problems;
    Places places;
    places.file = Place{source, 0, 0};
    const Result<Document> document = parse_toml(text, source);
    if (!document) {
        outcome.errors.push_back(document.error());
        return outcome;
    }
    apply(*document, outcome.settings, places, problems);
    for (const std::string& set : overrides.sets) {
        apply_override(set, outcome.settings, places, problems);
    }
    apply_node_option(overrides, outcome.settings, problems);
    check_relations(outcome.settings, overrides, places, problems);
    outcome.errors = problems.take();
    return outcome;
}

LoadOutcome load_file(const std::string& path, const Overrides& overrides) {
    const Result<std::string> text = read_file(path);
    if (!text) return {{}, {text.error()}};
    return load_text(*text, path, overrides);
}

}  // namespace torc::config

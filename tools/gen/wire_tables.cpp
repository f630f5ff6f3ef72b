// Writes the field tables of docs/wire.md from wire/describe.hpp, or checks that they are current.
// A table stands between `<!-- table: Name -->` and `<!-- end -->`; everything else is prose that
// this program leaves alone.
//
//   wire_tables --check docs/wire.md
//   wire_tables --write docs/wire.md
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "wire/describe.hpp"

namespace {

std::string row(const torc::wire::Field& field) {
    return "| " + std::to_string(field.offset) + " | " + std::to_string(field.size) + " | `" +
           field.name + "` | " + field.meaning + " |\n";
}

/// The table of one struct, or nothing if there is none of that name.
std::optional<std::string> table_of(const std::string& name) {
    std::optional<std::string> table;
    torc::wire::for_each_struct([&](auto described, std::size_t size) {
        if (name != described.name) return;
        table = "`" + name + "`, " + std::to_string(size) + " bytes:\n\n" +
                "| offset | bytes | field | meaning |\n| ---: | ---: | --- | --- |\n";
        for (const torc::wire::Field& field : described.fields) *table += row(field);
    });
    return table;
}

/// The document with fresh tables; nothing (and a message) if a marker is broken, or if a struct
/// has no table.
std::optional<std::string> render(const std::string& document) {
    static const std::string kOpen = "<!-- table: ";
    static const std::string kClose = " -->\n";
    static const std::string kEnd = "<!-- end -->";
    std::string out;
    std::size_t at = 0;
    std::size_t tables = 0;
    while (true) {
        const std::size_t open = document.find(kOpen, at);
        if (open == std::string::npos) break;
        const std::size_t close = document.find(kClose, open);
        const std::size_t end = document.find(kEnd, open);
        if (close == std::string::npos || end == std::string::npos || end < close) {
            std::fprintf(stderr, "wire_tables: a table marker is not closed\n");
            return std::nullopt;
        }
        const std::size_t name_at = open + kOpen.size();
        const std::string name = document.substr(name_at, close - name_at);
        const std::optional<std::string> table = table_of(name);
        if (!table) {
            std::fprintf(stderr, "wire_tables: no struct named %s\n", name.c_str());
            return std::nullopt;
        }
        out += document.substr(at, close + kClose.size() - at) + *table;
        at = end;
        ++tables;
    }
    std::size_t structs = 0;
    torc::wire::for_each_struct([&](auto, std::size_t) { ++structs; });
    if (tables != structs) {
        std::fprintf(stderr, "wire_tables: %zu tables, but %zu structs\n", tables, structs);
        return std::nullopt;
    }
    return out + document.substr(at);
}

std::optional<std::string> read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

int main(int argc, char** argv) {
    const bool write = argc == 3 && std::strcmp(argv[1], "--write") == 0;
    const bool check = argc == 3 && std::strcmp(argv[1], "--check") == 0;
    if (!write && !check) {
        std::fprintf(stderr, "usage: wire_tables --check|--write docs/wire.md\n");
        return 2;
    }
    const std::optional<std::string> document = read_file(argv[2]);
    if (!document) {
        std::fprintf(stderr, "wire_tables: cannot read %s\n", argv[2]);
        return 1;
    }
    const std::optional<std::string> fresh = render(*document);
    if (!fresh) return 1;
    if (*fresh == *document) return 0;
    if (check) {
        std::fprintf(stderr,
                     "wire_tables: the tables of %s are not those of wire/describe.hpp; "
                     "run: wire_tables --write %s\n",
                     argv[2], argv[2]);
        return 1;
    }
    std::ofstream file(argv[2], std::ios::binary | std::ios::trunc);
    file << *fresh;
    file.close();
    return file ? 0 : 1;
}

#include <algorithm>
#include <charconv>
#include <istream>

#include "tests/checker/fields.hpp"
#include "tests/checker/text.hpp"

namespace torc::check {
namespace {

struct Bad {
    std::string what;
};

[[noreturn]] void refuse(std::string what) { throw Bad{std::move(what)}; }

/// A part of a line, cut so that an error message stays readable.
std::string quoted(std::string_view text) {
    constexpr std::size_t kShown = 40;
    std::string shown = "'";
    for (const char character : text.substr(0, kShown)) {
        shown += character >= ' ' && character < 0x7F ? character : '?';
    }
    return shown + (text.size() > kShown ? "...'" : "'");
}

template <typename Number>
Number parse(std::string_view text, int base = 10) {
    Number value{0};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size()) {
        refuse(quoted(text) + " is not a number that fits here");
    }
    return value;
}

template <std::size_t kCount>
std::size_t place_in(const std::array<std::string_view, kCount>& words, std::string_view text) {
    const auto at = std::find(words.begin(), words.end(), text);
    if (at == words.end()) refuse("unknown word " + quoted(text));
    return static_cast<std::size_t>(at - words.begin());
}

/// Cuts the line at spaces and keeps `key=value` words until each was asked for.
class Reader {
public:
    Reader(Trace& trace, const Limits& limits) : trace_(trace), limits_(limits) {}

    /// Gives the first word.
    std::string_view start(std::string_view line) {
        words_ = 0;
        taken_ = 0;
        const std::string_view kind = cut(line);
        while (!line.empty()) {
            const std::string_view word = cut(line);
            if (word.empty()) continue;
            const std::size_t equals = word.find('=');
            if (equals == std::string_view::npos) refuse(quoted(word) + " is not key=value");
            if (words_ == kWordsMax) refuse("too many words");
            keys_[words_] = word.substr(0, equals);
            values_[words_++] = word.substr(equals + 1);
        }
        return kind;
    }
    /// Throws unless each word was taken once.
    void finish() const {
        if (taken_ != words_) refuse("a key that does not belong here, or twice");
    }

    template <typename Number>
    void number(std::string_view key, Number& value) {
        value = parse<Number>(take(key));
    }
    void hex(std::string_view key, std::uint64_t& value) {
        value = parse<std::uint64_t>(take(key), 16);
    }
    void process(std::string_view key, Process& value) {
        const auto [node, boot] = halves(take(key), '.');
        value = {parse<std::uint32_t>(node), parse<std::uint32_t>(boot)};
    }
    void ring(std::string_view key, Ring& value) {
        const auto [epoch, representative] = halves(take(key), '.');
        value = {parse<std::uint64_t>(epoch), parse<std::uint64_t>(representative)};
    }
    void session(std::string_view key, Session& value) {
        const auto [name, life] = halves(take(key), '@');
        value = {number_of_name(name), parse<std::uint32_t>(life)};
    }
    void service(std::string_view key, Service& value) {
        value = static_cast<Service>(place_in(kServices, take(key)));
    }
    void cause(std::string_view key, Cause& value) {
        value = static_cast<Cause>(place_in(kCauses, take(key)));
    }
    void flag(std::string_view key, bool& value) {
        value = has(key) && parse<std::uint8_t>(take(key)) != 0;
    }
    void name(std::string_view key, Name& value) { value = number_of_name(take(key)); }
    void names(std::string_view key, List& value) {
        value = list_of(take(key), [this](std::string_view text) { return number_of_name(text); });
    }
    void numbers(std::string_view key, List& value) {
        value =
            list_of(take(key), [](std::string_view text) { return parse<std::uint32_t>(text); });
    }

private:
    static std::string_view cut(std::string_view& line) {
        const std::size_t space = std::min(line.find(' '), line.size());
        const std::string_view word = line.substr(0, space);
        line.remove_prefix(std::min(space + 1, line.size()));
        return word;
    }
    static std::pair<std::string_view, std::string_view> halves(std::string_view text, char mark) {
        const std::size_t at = text.rfind(mark);
        if (at == std::string_view::npos) refuse(quoted(text) + " lacks a '" + mark + "'");
        return {text.substr(0, at), text.substr(at + 1)};
    }
    bool has(std::string_view key) const {
        return std::find(keys_.begin(), keys_.begin() + words_, key) != keys_.begin() + words_;
    }
    std::string_view take(std::string_view key) {
        for (std::size_t i = 0; i < words_; ++i) {
            if (keys_[i] != key) continue;
            ++taken_;
            return values_[i];
        }
        refuse("no " + std::string(key) + "=");
    }
    Name number_of_name(std::string_view text) {
        decoded_.clear();
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '%') {
                decoded_ += text[i];
                continue;
            }
            if (text.size() - i < 3) refuse("a name ends in the middle of %XX");
            decoded_ += static_cast<char>(parse<std::uint8_t>(text.substr(i + 1, 2), 16));
            i += 2;
        }
        if (trace_.names() >= limits_.names) refuse("too many names");
        return trace_.name(decoded_);
    }
    template <typename Parse>
    List list_of(std::string_view text, Parse&& parse_one) {
        list_.clear();
        while (!text.empty()) {
            if (list_.size() == limits_.list_length) refuse("too long a list");
            const std::size_t comma = text.find(',');
            list_.push_back(parse_one(text.substr(0, comma)));
            if (comma == std::string_view::npos) break;
            text.remove_prefix(comma + 1);
            if (text.empty()) refuse("a list ends with a comma");
        }
        if (trace_.lists() >= limits_.lists) refuse("too many lists");
        return trace_.list(list_);
    }

    static constexpr std::size_t kWordsMax = 12;
    Trace& trace_;
    const Limits& limits_;
    std::array<std::string_view, kWordsMax> keys_;
    std::array<std::string_view, kWordsMax> values_;
    std::size_t words_{0};
    std::size_t taken_{0};
    std::string decoded_;
    std::vector<std::uint32_t> list_;
};

template <std::size_t kAt = 0>
Record record_of_kind(std::size_t kind, Reader& reader) {
    if constexpr (kAt < std::variant_size_v<Record>) {
        if (kind != kAt) return record_of_kind<kAt + 1>(kind, reader);
        std::variant_alternative_t<kAt, Record> record;
        fields(reader, record);
        return record;
    } else {
        refuse("unknown kind");
    }
}

/// One line without its end; false at the end of the stream. Never holds more than the limit.
bool next_line(std::istream& in, std::string& line, std::size_t limit) {
    line.clear();
    std::streambuf& bytes = *in.rdbuf();
    for (int byte = bytes.sbumpc(); byte != std::char_traits<char>::eof(); byte = bytes.sbumpc()) {
        if (byte == '\n') return true;
        if (line.size() == limit) refuse("longer than " + std::to_string(limit) + " bytes");
        line += static_cast<char>(byte);
    }
    return !line.empty();
}

void read_lines(std::istream& in, Trace& trace, const Limits& limits, std::size_t& number) {
    std::string line;
    Reader reader(trace, limits);
    number = 1;
    if (!next_line(in, line, limits.line_bytes) || line != "torc-trace 1") {
        refuse("not a trace: the first line must be 'torc-trace 1'");
    }
    for (number = 2; next_line(in, line, limits.line_bytes); ++number) {
        if (line.empty() || line.front() == '#') continue;
        if (trace.records.size() >= limits.records) refuse("too many records");
        const std::size_t kind = place_in(kKinds, reader.start(line));
        const Record record = record_of_kind(kind, reader);
        reader.finish();
        trace.records.push_back(record);
    }
}

}  // namespace

std::string read_text(std::istream& in, Trace& trace, const Limits& limits) {
    std::size_t number = 1;
    if (in.rdbuf() == nullptr || !in.good()) return "cannot be read";
    try {
        read_lines(in, trace, limits, number);
    } catch (const Bad& bad) {
        return "line " + std::to_string(number) + ": " + bad.what;
    }
    return {};
}

}  // namespace torc::check

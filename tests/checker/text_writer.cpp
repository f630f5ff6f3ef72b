#include <charconv>
#include <ostream>

#include "tests/checker/fields.hpp"
#include "tests/checker/text.hpp"

namespace torc::check {
namespace {

/// Whether a character of a name stands for itself; the others are written as %XX.
bool is_plain(char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte > ' ' && byte < 0x7F && character != '%' && character != ',' && character != '@';
}

class Writer {
public:
    Writer(const Trace& trace, std::string& line) : trace_(trace), line_(line) {}

    template <typename Number>
    void number(std::string_view key, const Number& value) {
        start(key);
        put(value, 10);
    }
    void hex(std::string_view key, std::uint64_t value) {
        start(key);
        put(value, 16);
    }
    void process(std::string_view key, Process value) {
        start(key);
        put(value.node, 10);
        line_ += '.';
        put(value.boot, 10);
    }
    void ring(std::string_view key, Ring value) {
        start(key);
        put(value.epoch, 10);
        line_ += '.';
        put(value.representative, 10);
    }
    void session(std::string_view key, Session value) {
        start(key);
        put_name(value.name);
        line_ += '@';
        put(value.life, 10);
    }
    void service(std::string_view key, Service value) {
        start(key);
        line_ += kServices.at(static_cast<std::size_t>(value));
    }
    void cause(std::string_view key, Cause value) {
        start(key);
        line_ += kCauses.at(static_cast<std::size_t>(value));
    }
    void flag(std::string_view key, bool value) {
        if (value) number(key, 1u);
    }
    void name(std::string_view key, Name value) {
        start(key);
        put_name(value);
    }
    void names(std::string_view key, List value) {
        start(key);
        for (const std::uint32_t& name : trace_.numbers(value)) {
            if (&name != trace_.numbers(value).data()) line_ += ',';
            put_name(name);
        }
    }
    void numbers(std::string_view key, List value) {
        start(key);
        for (const std::uint32_t& number : trace_.numbers(value)) {
            if (&number != trace_.numbers(value).data()) line_ += ',';
            put(number, 10);
        }
    }

private:
    void start(std::string_view key) {
        line_ += ' ';
        line_ += key;
        line_ += '=';
    }
    void put(std::uint64_t value, int base) {
        char digits[20];
        const auto end = std::to_chars(digits, digits + sizeof digits, value, base).ptr;
        line_.append(digits, end);
    }
    void put_name(Name name) {
        constexpr char kDigits[] = "0123456789ABCDEF";
        for (const char character : trace_.text(name)) {
            if (is_plain(character)) {
                line_ += character;
                continue;
            }
            const auto byte = static_cast<unsigned char>(character);
            line_ += '%';
            line_ += kDigits[byte >> 4];
            line_ += kDigits[byte & 15];
        }
    }

    const Trace& trace_;
    std::string& line_;
};

void append_line(const Trace& trace, const Record& record, std::string& text) {
    text += kKinds.at(record.index());
    Writer writer(trace, text);
    std::visit([&writer](auto fields_of) { fields(writer, fields_of); }, record);
    text += '\n';
}

}  // namespace

void write_header(std::ostream& out) { out << "torc-trace 1\n"; }

std::string line_of(const Trace& trace, const Record& record) {
    std::string line;
    append_line(trace, record, line);
    return line;
}

void write_text(std::ostream& out, const Trace& trace) {
    constexpr std::size_t kChunk = 1 << 16;
    write_header(out);
    std::string text;
    for (const Record& record : trace.records) {
        append_line(trace, record, text);
        if (text.size() < kChunk) continue;
        out << text;
        text.clear();
    }
    out << text;
}

}  // namespace torc::check

// A replicated map: every member of a group holds a copy, and because all apply the same changes in
// the same order, all copies are equal. `ordered_kv MAP` reads commands from standard input:
//
//     set KEY VALUE | del KEY | get KEY | dump | quit
//
// The interesting part is what happens when somebody comes, goes or comes back. At every new view
// each member multicasts its whole copy, and nobody applies changes until the copies of all members
// of that view are in (changes wait in `waiting_` meanwhile). Then all take the copy that has seen
// the most changes, and apply what waited. Because views and messages have one order, all members
// decide at the same place and alike. After a partition the longer history wins: what to do with
// two histories is the application's choice, and this one's is simple.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include "torc/torc.hpp"

namespace {

enum MessageType : std::uint16_t { kSet = 1, kDelete = 2, kCopy = 3 };

/// Names a view: the same three numbers at every member.
using ViewId = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;

struct Copy {
    std::uint64_t changes{0};  ///< applied so far
    std::map<std::string, std::string, std::less<>> entries;
};

/// As text: view, changes, then KEY TAB VALUE in a line each.
std::string encode(const ViewId& view, const Copy& copy) {
    char head[128];
    std::snprintf(head, sizeof head, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                  std::get<0>(view), std::get<1>(view), std::get<2>(view), copy.changes);
    std::string text = head;
    for (const auto& [key, value] : copy.entries) text += key + '\t' + value + '\n';
    return text;
}

std::optional<std::pair<ViewId, Copy>> decode(const std::string& text) {
    ViewId view;
    Copy copy;
    int head = 0;
    if (std::sscanf(text.c_str(), "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 "%n",
                    &std::get<0>(view), &std::get<1>(view), &std::get<2>(view), &copy.changes,
                    &head) != 4) {
        return std::nullopt;
    }
    for (auto at = static_cast<std::size_t>(head) + 1; at < text.size();) {
        const std::size_t tab = text.find('\t', at);
        const std::size_t end = text.find('\n', at);
        if (tab >= end || end == std::string::npos) return std::nullopt;
        copy.entries[text.substr(at, tab - at)] = text.substr(tab + 1, end - tab - 1);
        at = end + 1;
    }
    return std::pair{view, std::move(copy)};
}

class OrderedMap {
public:
    OrderedMap(torc::Session session, std::string group)
        : session_{std::move(session)}, group_{std::move(group)} {}

    torc::Status join() { return session_.join(group_.c_str()); }
    int fd() const { return session_.fd(); }
    bool arm() { return session_.arm(); }

    torc::Status change(MessageType type, std::string_view text) {
        return session_.send(group_.c_str(), text, TORC_AGREED, type);
    }

    /// Takes in all that has arrived. A bad status means that the session is over.
    torc::Status catch_up() {
        for (;;) {
            torc::Outcome<torc::Message> record = session_.receive(torc::Timeout::none());
            if (!record) return record.status().would_block() ? torc::Status() : record.status();
            if (record->kind() == TORC_MESSAGE) on_message(*record);
            if (record->kind() == TORC_VIEW) {
                if (const torc::Status sent = on_view(*record); !sent) return sent;
            }
        }
    }

    void print(std::string_view key) const {
        const auto at = copy_.entries.find(key);
        std::printf("%s\n", at == copy_.entries.end() ? "(none)" : at->second.c_str());
    }
    void print_all() const {
        std::printf("%s %zu members, %" PRIu64 " changes:", missing_.empty() ? "ready" : "waiting",
                    members_, copy_.changes);
        for (const auto& [key, value] : copy_.entries) {
            std::printf(" %s=%s", key.c_str(), value.c_str());
        }
        std::printf("\n");
    }

private:
    torc::Status on_view(const torc::Message& view) {
        apply_waiting();  // of a view that ended before all copies were in
        view_ = {view.raw().ring_epoch, view.raw().ring_representative, view.raw().index};
        members_ = view.members().size();
        missing_.clear();
        for (const std::string_view member : view.members()) missing_.emplace(member);
        best_ = Copy{};
        return change(kCopy, encode(view_, copy_));
    }

    void on_message(const torc::Message& message) {
        if (message.type() == kCopy) return on_copy(message);
        waiting_.emplace_back(message.type(), message.text());
        if (missing_.empty()) apply_waiting();
    }

    void on_copy(const torc::Message& message) {
        auto copy = decode(std::string(message.text()));
        if (!copy || copy->first != view_) return;  // of an earlier view
        if (missing_.erase(std::string(message.sender())) == 0) return;
        if (copy->second.changes > best_.changes) best_ = std::move(copy->second);
        if (!missing_.empty()) return;
        copy_ = std::move(best_);
        apply_waiting();
    }

    void apply_waiting() {
        for (const auto& [type, text] : waiting_) {
            ++copy_.changes;
            const std::size_t tab = text.find('\t');
            if (type == kSet && tab != std::string::npos) {
                copy_.entries[text.substr(0, tab)] = text.substr(tab + 1);
            } else {
                copy_.entries.erase(text);
            }
        }
        waiting_.clear();
    }

    torc::Session session_;
    std::string group_;
    Copy copy_;
    ViewId view_;
    std::size_t members_{0};
    std::set<std::string, std::less<>> missing_;  ///< members whose copy of `view_` is not in
    Copy best_;
    std::vector<std::pair<std::uint16_t, std::string>> waiting_;
};

int failed(const char* what, torc::Status status) {
    std::fprintf(stderr, "ordered_kv: %s: %s\n", what, status.text());
    return EXIT_FAILURE;
}

/// False for `quit`.
bool obey(OrderedMap& map, const std::string& line, torc::Status& status) {
    const std::size_t verb_end = std::min(line.find(' '), line.size());
    const std::string verb = line.substr(0, verb_end);
    std::string rest = line.substr(std::min(verb_end + 1, line.size()));
    if (verb == "quit") return false;
    const std::size_t blank = rest.find(' ');
    if (rest.find('\t') != std::string::npos) {
        std::printf("a tab cannot be part of a key or value\n");
    } else if (verb == "set" && blank != std::string::npos) {
        rest[blank] = '\t';
        status = map.change(kSet, rest);
    } else if (verb == "del") {
        status = map.change(kDelete, rest);
    } else if (verb == "get") {
        map.print(rest);
    } else if (verb == "dump") {
        map.print_all();
    } else {
        std::printf("set KEY VALUE | del KEY | get KEY | dump | quit\n");
    }
    std::fflush(stdout);
    return true;
}

/// Takes the next whole line out of what was typed so far.
bool take_line(std::string& typed, std::string& line) {
    const std::size_t end = typed.find('\n');
    if (end == std::string::npos) return false;
    line = typed.substr(0, end);
    typed.erase(0, end + 1);
    return true;
}

int serve(OrderedMap& map) {
    std::string typed;
    std::string line;
    torc::Status status;
    for (;;) {
        if (status = map.catch_up(); !status) return failed("receive", status);
        if (!map.arm()) continue;  // something came meanwhile
        pollfd sources[2] = {{STDIN_FILENO, POLLIN, 0}, {map.fd(), POLLIN, 0}};
        if (poll(sources, 2, -1) < 0) return EXIT_FAILURE;
        if (sources[0].revents == 0) continue;
        char bytes[4096];
        const ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
        if (count <= 0) return EXIT_SUCCESS;
        typed.append(bytes, static_cast<std::size_t>(count));
        while (take_line(typed, line)) {
            if (!obey(map, line, status)) return EXIT_SUCCESS;
            if (!status) return failed("send", status);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: ordered_kv MAP\n");
        return EXIT_FAILURE;
    }
    torc::SessionOptions options;
    options.daemon = std::getenv("TORC_DAEMON");
    options.runtime_dir = std::getenv("TORC_RUNTIME_DIR");
    torc::Outcome<torc::Session> session = torc::Session::connect(options);
    if (!session) return failed("connect", session.status());
    OrderedMap map(std::move(*session), argv[1]);
    if (const torc::Status joined = map.join(); !joined) return failed("join", joined);
    return serve(map);
}

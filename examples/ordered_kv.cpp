// A replicated map: every member of a group holds a copy, and because all apply the same changes in
// the same order, all copies are equal. `ordered_kv MAP` reads commands from standard input:
//
//     set KEY VALUE | del KEY | get KEY | dump | quit
//
// The interesting part is what happens when somebody comes, goes or comes back. A view tells who
// came to it together with whom: members of one set have received the same, so their copies are
// equal, and one of them can speak for all. So one multicast a set moves the state: a newcomer gets
// everything from one old member, and two sides of a healed partition exchange one copy each. When
// somebody only left, nothing is to be done at all.
//
// Nobody applies changes while copies are on their way (they wait in `waiting_`); when every set
// has spoken, all take the copy that has seen the most changes, and apply what waited. Views and
// messages have one order, so all decide at the same place and alike. If the next view comes before
// all have spoken, nobody can know whose copies are equal, and every member speaks for itself.
//
// After a partition the longer history wins: what to do with two histories is the application's
// choice, and this one's is simple. A copy travels as one message; a map that outgrows
// Session::message_bytes_max() would send it in parts.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include "torc/torc.hpp"

namespace {

enum MessageType : std::uint16_t { kSet = 1, kDelete = 2, kCopy = 3 };

struct Copy {
    std::uint64_t changes{0};  ///< applied so far
    std::map<std::string, std::string, std::less<>> entries;
};

/// What a member says for its set, in the view that it is meant for.
struct Speech {
    torc::ViewId view;
    std::uint64_t speakers{1};  ///< so many members of the set speak
    Copy copy;
};

/// As text: view, speakers, changes, then KEY TAB VALUE in a line each.
std::string encode(const Speech& speech) {
    char head[160];
    std::snprintf(head, sizeof head,
                  "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                  speech.view.ring_epoch, speech.view.ring_representative, speech.view.index,
                  speech.speakers, speech.copy.changes);
    std::string text = head;
    for (const auto& [key, value] : speech.copy.entries) text += key + '\t' + value + '\n';
    return text;
}

std::optional<Speech> decode(const std::string& text) {
    Speech speech;
    int head = 0;
    if (std::sscanf(text.c_str(), "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 "%n",
                    &speech.view.ring_epoch, &speech.view.ring_representative, &speech.view.index,
                    &speech.speakers, &speech.copy.changes, &head) != 5) {
        return std::nullopt;
    }
    for (auto at = static_cast<std::size_t>(head) + 1; at < text.size();) {
        const std::size_t tab = text.find('\t', at);
        const std::size_t end = text.find('\n', at);
        if (tab >= end || end == std::string::npos) return std::nullopt;
        speech.copy.entries[text.substr(at, tab - at)] = text.substr(tab + 1, end - tab - 1);
        at = end + 1;
    }
    return speech;
}

/// One set of a view: who is in it, and how far it has spoken.
struct Set {
    std::set<std::string, std::less<>> silent;  ///< members that have not spoken
    std::uint64_t spoken{0};
    std::uint64_t speakers{1};  ///< known from the first who speaks

    bool complete() const { return spoken >= speakers; }
};

class OrderedMap {
public:
    OrderedMap(torc::Session session, std::string group)
        : session_{std::move(session)}, group_{std::move(group)} {}

    torc::Status join() { return session_.join(group_); }
    int fd() const { return session_.fd(); }
    bool arm() { return session_.arm(); }

    torc::Status change(MessageType type, std::string_view text) {
        return session_.send(group_, text, TORC_AGREED, type);
    }

    /// Takes in all that has arrived. A bad status means that the session is over.
    torc::Status catch_up() {
        for (;;) {
            torc::Outcome<torc::Message> record = session_.receive(torc::Timeout::none());
            if (!record) return record.status().would_block() ? torc::Status() : record.status();
            torc::Status done;
            if (record->kind() == TORC_MESSAGE) on_message(*record);
            if (record->kind() == TORC_VIEW) done = on_view(*record);
            if (record->kind() == TORC_REFUSED) done = record->reason();
            if (!done) return done;
        }
    }

    void print(std::string_view key) const {
        const auto at = copy_.entries.find(key);
        std::printf("%s\n", at == copy_.entries.end() ? "(none)" : at->second.c_str());
    }
    void print_all() const {
        std::printf("%s %zu members, %" PRIu64 " changes:", settled() ? "ready" : "waiting",
                    members_, copy_.changes);
        for (const auto& [key, value] : copy_.entries) {
            std::printf(" %s=%s", key.c_str(), value.c_str());
        }
        std::printf("\n");
    }

private:
    torc::Status on_view(const torc::Message& view) {
        apply_waiting();  // of a view that ended before all sets had spoken
        const bool was_settled = settled();
        const torc::Names equals = view.came_with_me();
        const std::string_view me = session_.private_name();
        view_ = view.view_id();
        members_ = view.members().size();
        sets_.clear();
        if (was_settled && view.set_count() == 1) return {};  // somebody left
        for (std::size_t i = 0; i < view.set_count(); ++i) {
            Set set;
            for (const std::string_view member : view.set(i)) set.silent.emplace(member);
            const bool newcomer =
                view.cause() == TORC_CAUSE_JOIN && *set.silent.begin() == view.who();
            if (!newcomer) sets_.push_back(std::move(set));  // who has nothing to say
        }
        best_ = Copy{};
        if (view.cause() == TORC_CAUSE_JOIN && view.who() == me) return {};
        if (was_settled && *equals.begin() != me) return {};
        return change(kCopy, encode({view_, was_settled ? 1 : equals.size(), copy_}));
    }

    void on_message(const torc::Message& message) {
        if (message.type() == kCopy) {
            on_copy(message);
        } else {
            waiting_.emplace_back(message.type(), message.text());
        }
        if (settled()) apply_waiting();
    }

    void on_copy(const torc::Message& message) {
        auto speech = decode(std::string(message.text()));
        if (!speech || speech->view != view_) return;  // of an earlier view
        for (Set& set : sets_) {
            if (set.silent.erase(std::string(message.sender())) == 0) continue;
            ++set.spoken;
            set.speakers = speech->speakers;
            if (speech->copy.changes > best_.changes) best_ = std::move(speech->copy);
            if (!settled()) return;
            copy_ = std::move(best_);
            sets_.clear();
            return;
        }
    }

    /// All members hold equal copies, and know it.
    bool settled() const {
        for (const Set& set : sets_) {
            if (!set.complete()) return false;
        }
        return true;
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
    torc::ViewId view_;
    std::size_t members_{0};
    std::vector<Set> sets_;  ///< of `view_`, while they have to speak
    Copy best_;              ///< of those heard in `view_`
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

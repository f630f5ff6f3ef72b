// A client of a real cluster that keeps what it received as plain values, so that tests can compare
// what several of them saw, and print it when it is wrong. It waits with patience and never counts
// time: that nothing comes is shown by what comes instead, a marker that the client sends itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tools/torc/local_cluster.hpp"
#include "torc/torc.hpp"

namespace torc::system_test {

using namespace std::chrono_literals;
using tool::ClusterPlan;
using tool::Layout;
using tool::LocalCluster;

using Names = std::vector<std::string>;

/// For an answer that must come; the machine is shared with compilers.
inline constexpr auto kPatience = 60s;

/// One received record, copied.
struct Record {
    torc_kind kind{};
    torc_cause cause{};
    unsigned service{0};
    unsigned type{0};
    std::string group;
    std::string sender;  ///< of a view: who joined, left or was disconnected
    std::string text;
    Names groups;
    Names members;
    std::vector<Names> sets;  ///< of a view: members by the set they came in
    Names came_with_me;
    ViewId view;
    int reason{0};
    std::uint64_t operation{0};

    bool is_message(std::string_view wanted) const {
        return kind == TORC_MESSAGE && text == wanted;
    }
    bool is_view_of(std::size_t count) const {
        return kind == TORC_VIEW && members.size() == count;
    }
};

inline Names copied(const torc::Names& names) { return Names(names.begin(), names.end()); }

inline Record copied(const Message& message) {
    Record record;
    record.kind = message.kind();
    record.cause = message.cause();
    record.service = message.service();
    record.type = message.type();
    record.group = message.group();
    record.sender = message.sender();
    if (message.kind() == TORC_MESSAGE) record.text = message.text();
    record.groups = copied(message.groups());
    record.members = copied(message.members());
    for (std::size_t set = 0; set < message.set_count(); ++set) {
        record.sets.push_back(copied(message.set(set)));
    }
    record.came_with_me = copied(message.came_with_me());
    record.view = message.view_id();
    record.reason = message.reason().code();
    record.operation = message.operation();
    return record;
}

inline std::string joined(const Names& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
    return text;
}

/// A line a record; what is equal at all receivers and nothing else.
inline std::string line_of(const Record& record) {
    switch (record.kind) {
        case TORC_MESSAGE:
            return "message " + record.sender + " -> " + joined(record.groups) + ": " + record.text;
        case TORC_VIEW:
            return std::string("view ") + tool::cause_name(record.cause) + " of " + record.group +
                   (record.sender.empty() ? "" : " by " + record.sender) + ": " +
                   joined(record.members);
        case TORC_TRANSITIONAL:
            return "transitional " + record.group;
        case TORC_SELF_LEAVE:
            return "self leave " + record.group;
        case TORC_WARNING:
            return "warning";
        case TORC_REFUSED:
            return "refused " + std::to_string(record.reason);
        case TORC_FLUSH_REQUEST:
            return "flush request " + record.group;
    }
    return "record of kind " + std::to_string(record.kind);
}

inline Names lines_of(const std::vector<Record>& records) {
    Names lines;
    for (const Record& record : records) lines.push_back(line_of(record));
    return lines;
}

inline std::string text_of(const std::vector<Record>& records) {
    std::string text;
    for (const Record& record : records) text += "\n  " + line_of(record);
    return text;
}

class Witness {
public:
    Witness(const LocalCluster& cluster, std::size_t node, const char* name)
        : session_{connected(cluster, node, name)}, name_{session_.private_name()} {}

    const std::string& name() const { return name_; }
    Session& session() { return session_; }

    void join(const char* group) { ok(session_.join(group, kPatience)); }
    void flush_join(const char* group) { ok(session_.flush_join(group, kPatience)); }
    void flush_ok(const char* group) { ok(session_.flush_ok(group, kPatience)); }
    void leave(const char* group) { ok(session_.leave(group, kPatience)); }
    void send(NameArgument group, std::string_view text, unsigned service = TORC_AGREED) {
        ok(session_.send(group, text, service, 0, kPatience));
    }
    void multigroup_send(NamesArgument groups, std::string_view text,
                         unsigned service = TORC_AGREED) {
        ok(session_.multigroup_send(groups, text, service, 0, kPatience));
    }

    /// The next record. A failure of the test, and an empty record, if none comes.
    Record next() {
        const Outcome<Message> message = session_.receive(kPatience);
        if (!message) {
            ADD_FAILURE() << name_ << " receives nothing: " << message.status().text();
            return {};
        }
        return copied(*message);
    }
    /// All records up to the first for which `wanted` holds, this one included.
    std::vector<Record> until(const std::function<bool(const Record&)>& wanted) {
        std::vector<Record> records;
        do {
            const Outcome<Message> message = session_.receive(kPatience);
            if (!message) {
                ADD_FAILURE() << name_ << " waits in vain: " << message.status().text()
                              << "; it has received" << text_of(records);
                return records;
            }
            records.push_back(copied(*message));
        } while (!wanted(records.back()));
        return records;
    }
    std::vector<Record> until_message(std::string_view text) {
        return until([text](const Record& record) { return record.is_message(text); });
    }
    Record until_members(std::size_t count) {
        std::vector<Record> records =
            until([count](const Record& record) { return record.is_view_of(count); });
        return records.empty() ? Record{} : records.back();
    }
    /// All that is there already: what comes before a message that this client sends itself now.
    std::vector<Record> drain() { return drain_behind(*this); }
    /// All that comes before a message that `other` sends this client now.
    std::vector<Record> drain_behind(Witness& other) {
        const std::string marker = "marker " + std::to_string(++markers_);
        other.send(name_, marker);
        std::vector<Record> records = until_message(marker);
        if (!records.empty()) records.pop_back();
        return records;
    }
    /// Receives until the session is over; gives why. What came before is dropped.
    Status until_end() {
        for (;;) {
            const Outcome<Message> message = session_.receive(kPatience);
            if (!message) return message.status();
        }
    }

private:
    static Session connected(const LocalCluster& cluster, std::size_t node, const char* name) {
        const tool::Target target = cluster.target(node);
        SessionOptions options;
        options.daemon = target.daemon.c_str();
        options.runtime_dir = target.runtime_dir.c_str();
        options.name = name;
        options.timeout = kPatience;
        options.spin = std::chrono::nanoseconds(-1);
        Outcome<Session> session = Session::connect(options);
        // The daemon may still be about to see that the last test's session of this name is gone.
        for (int i = 0; i < 6000 && session.status().code() == TORC_ERROR_NAME_TAKEN; ++i) {
            std::this_thread::sleep_for(10ms);
            session = Session::connect(options);
        }
        return std::move(session).value();
    }
    void ok(Status status) const { EXPECT_TRUE(status) << name_ << ": " << status.text(); }

    Session session_;
    std::string name_;
    int markers_{0};
};

/// Three daemons on loopback whose ears can be closed. Slow to suspect: a machine that compiles
/// must not look like a dead one.
inline ClusterPlan patient_plan() {
    ClusterPlan plan;
    plan.layout = Layout::udp;
    plan.nodes = 3;
    plan.settings = {"lossy.enabled=true",
                     "cluster.timers.token_loss=2s",
                     "cluster.timers.consensus=600ms",
                     "cluster.timers.form_step=600ms",
                     "cluster.timers.recovery=10s",
                     "cluster.timers.merge_probe=200ms"};
    return plan;
}

/// One ring for all tests of a suite; each uses groups and sessions of its own.
class SharedCluster : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        cluster_ = std::make_unique<LocalCluster>(patient_plan());
        cluster_->start();
    }
    static void TearDownTestSuite() { cluster_.reset(); }
    static const LocalCluster& cluster() { return *cluster_; }

private:
    inline static std::unique_ptr<LocalCluster> cluster_;
};

/// Members join one after the other, each waits until all are in, and all forget what they saw.
inline void gather(std::vector<Witness*> members, const char* group) {
    for (std::size_t i = 0; i < members.size(); ++i) {
        members[i]->join(group);
        for (std::size_t j = 0; j <= i; ++j) members[j]->until_members(i + 1);
    }
    for (Witness* member : members) member->drain();
}

}  // namespace torc::system_test

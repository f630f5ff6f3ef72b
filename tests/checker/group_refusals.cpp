// F6 Refusal: what was refused is heard by nobody who has it in the same configuration.
//
// A daemon refuses a message at its place in the order, by what its directory says there, and all
// of its configuration judge alike. Who is parted from it may not: one side lacks what the other
// had in front of the message, say that the last member of a flush group left it, and then the
// message is one to an open group there. So it matters where each learned of the message. Daemons
// record their configurations; of clients of a real cluster it is only known whether they had been
// signalled.
#include <map>
#include <optional>
#include <set>

#include "tests/checker/sessions.hpp"

namespace torc::check {
namespace {

struct Configuration {
    bool transitional{false};
    Ring ring;  ///< of a transitional one: that of the ring it leads to
    friend bool operator==(const Configuration&, const Configuration&) = default;
};

/// Where a session learned what became of a message.
struct Place {
    Process at;
    std::optional<Configuration> configuration;
    bool signalled{false};  ///< in a group of the session
};

bool judge_alike(const Place& a, const Place& b) {
    if (a.configuration && b.configuration) return a.configuration == b.configuration;
    return a.at == b.at || (!a.signalled && !b.signalled);
}

class Refusals {
public:
    Refusals(const Trace& trace, const Sessions& story, Verdict& verdict)
        : trace_(trace), story_(story), verdict_(verdict) {}

    void run() {
        walk([this](const Refused& record) { places_[record.message] = place_of(record); },
             [](const Heard&) {});
        walk([](const Refused&) {}, [this](const Heard& record) { judge(record); });
    }

private:
    template <typename OnRefused, typename OnHeard>
    void walk(OnRefused&& on_refused, OnHeard&& on_heard) {
        configurations_.clear();
        signalled_.clear();
        for (const Record& record : trace_.records) {
            if (const auto* refused = std::get_if<Refused>(&record)) {
                on_refused(*refused);
            } else if (const auto* heard = std::get_if<Heard>(&record)) {
                on_heard(*heard);
            } else {
                follow(record);
            }
        }
    }

    void follow(const Record& record) {
        if (const auto* transitional = std::get_if<Transitional>(&record)) {
            configurations_[transitional->at] = {true, transitional->ring};
        } else if (const auto* regular = std::get_if<Regular>(&record)) {
            configurations_[regular->at] = {false, regular->ring};
        } else if (const auto* signal = std::get_if<Signal>(&record)) {
            signalled_[signal->session].insert(signal->group);
        } else if (const auto* view = std::get_if<View>(&record)) {
            const bool ends = view->cause == Cause::network || view->cause == Cause::self_leave;
            if (ends || view->flush) signalled_[view->session].erase(view->group);
        }
    }

    template <typename Told>
    Place place_of(const Told& record) const {
        const auto configuration = configurations_.find(record.at);
        const auto signalled = signalled_.find(record.session);
        return {record.at,
                configuration == configurations_.end()
                    ? std::nullopt
                    : std::optional<Configuration>(configuration->second),
                signalled != signalled_.end() && !signalled->second.empty()};
    }

    void judge(const Heard& record) {
        const auto refused = places_.find(record.message);
        if (refused == places_.end() || !judge_alike(refused->second, place_of(record))) return;
        Utterance message;
        message.id = record.message;
        verdict_.add("F6", trace_.text(record.session.name) + "@" +
                               std::to_string(record.session.life) + ": hears " +
                               story_.name(message) + ", which was refused");
    }

    const Trace& trace_;
    const Sessions& story_;
    Verdict& verdict_;
    std::map<std::uint64_t, Place> places_;  ///< of refusals, by message
    std::map<Process, Configuration> configurations_;
    std::map<Session, std::set<Name>> signalled_;
};

}  // namespace

void check_group_refusals(const Trace& trace, const Sessions& story, Verdict& verdict) {
    Refusals(trace, story, verdict).run();
}

}  // namespace torc::check

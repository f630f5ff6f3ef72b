// What one simulated client knows of the groups that it is in, from what it was told and has done:
// whether it may speak in a flush group, whether it owes an answer. What cannot be, it reports.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "engine/effects.hpp"
#include "tests/sim/life.hpp"

namespace torc::sim {

class Memberships {
public:
    /// In one group, from the first view on.
    struct Standing {
        bool flush{false};
        bool asked{false};     ///< in this view
        bool silent{false};    ///< and will never answer
        bool answered{false};  ///< the engine has taken the answer, or is about to
        bool leaves{false};    ///< the engine has taken a leave, which has no place yet
        Nanos answer_in{};     ///< how long it thinks over the answer, until `answer_at` is set
        Instant answer_at{kNever};
        std::vector<std::string> members;
        bool may_speak() const { return !flush || (!answered && !leaves); }
        bool owes_answer() const { return asked && !answered && !silent && !leaves; }
    };

    void clear() {
        groups_.clear();
        leaving_.clear();
    }
    void on_view(Life life, const engine::ViewEvent& event);
    /// The standing that is asked; its client says how it will answer.
    Standing& on_request(Life life, std::string_view group);
    /// A leave is on its way, or has its place in the order, or came to nothing.
    void leaves(const std::string& group);
    void has_left(const std::string& group);
    /// The answer is on offer, or was not taken yet after all.
    void answers(std::string_view group, bool taken);

    /// Null: no view of the group.
    const Standing* in(std::string_view group) const;
    bool owes_answers() const;
    /// Whether some request of it is not answered: then its session may come to an end.
    bool is_late() const;
    Instant next_answer() const;
    /// Calls `visit(group)` for each answer that is due, once.
    template <typename Visit>
    void due_answers(Instant now, Visit&& visit) {
        for (auto& [group, standing] : groups_) {
            if (!standing.owes_answer()) continue;
            if (standing.answer_in.count() >= 0) {
                standing.answer_at = now + standing.answer_in;
                standing.answer_in = kThought;
            }
            if (standing.answer_at > now) continue;
            standing.answer_at = kNever;
            visit(group);
        }
    }
    /// All groups that it has a view of.
    const std::map<std::string, Standing, std::less<>>& all() const { return groups_; }

    static constexpr Nanos kThought{-1};

private:
    std::map<std::string, Standing, std::less<>> groups_;
    std::map<std::string, std::uint32_t> leaving_;  ///< leaves on their way
};

/// Whether a view is of a flush group, when it is the first that a session gets of it: only those
/// say with every view who came along, and begin with a network view.
inline bool is_first_of_flush_group(const engine::ViewEvent& event) {
    return event.cause == engine::ViewCause::network || !event.vs_set_of.empty();
}

}  // namespace torc::sim

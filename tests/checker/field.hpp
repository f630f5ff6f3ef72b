// A trace as the mutations see it: where each stay and each standing begins and ends, so that a
// mutation can look for a place where what it does really breaks a promise. Written apart from the
// checks (daemons.hpp, sessions.hpp), which it is there to try.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tests/checker/record.hpp"

namespace torc::check {

class Field {
public:
    static constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

    /// Positions are those of records in the trace.
    struct DaemonStay {
        Process at;
        Ring ring;
        std::size_t regular{kNowhere};
        std::size_t transitional{kNowhere};
        std::size_t next{kNowhere};  ///< the next Regular of the process
        std::size_t last{0};         ///< record of the process in this stay
        std::vector<std::size_t> delivered;
        std::vector<std::size_t> sent;
        bool moved_on() const { return transitional != kNowhere && next != kNowhere; }
    };
    struct GroupStanding {
        Session session;
        Name group{0};
        std::size_t view{kNowhere};
        std::size_t signal{kNowhere};
        std::size_t before{kNowhere};    ///< number of the standing before
        std::size_t next{kNowhere};      ///< the next View of the session for the group
        std::vector<std::size_t> heard;  ///< ordered messages for the group
        std::size_t asked{kNowhere};
        std::size_t flushed{kNowhere};
        bool moved_on() const { return next != kNowhere; }
        bool is_before_signal(std::size_t at) const { return at < signal; }
    };

    explicit Field(const Trace& trace);

    const std::vector<DaemonStay>& stays() const { return stays_; }
    const std::vector<GroupStanding>& standings() const { return standings_; }
    /// Where the message is sent or said, or kNowhere.
    std::size_t sent_at(const Delivered& record) const;
    std::size_t said_at(std::uint64_t message) const;
    /// Where the process or the session ended, or kNowhere.
    std::size_t end_of(Process who) const;
    std::size_t end_of(Session who) const;
    bool delivers(const DaemonStay& stay, const Delivered& record) const;
    bool hears(const GroupStanding& standing, std::uint64_t message) const;
    std::size_t rest() const { return rest_; }

    template <typename Kind>
    const Kind& as(std::size_t at) const {
        return std::get<Kind>(trace_.records[at]);
    }

private:
    void place(std::size_t at, const Record& record);
    void place_view(std::size_t at, const View& view);
    void place_heard(std::size_t at, const Heard& heard);

    const Trace& trace_;
    std::vector<DaemonStay> stays_;
    std::vector<GroupStanding> standings_;
    std::map<Process, std::size_t> stay_of_;
    std::map<std::pair<Session, Name>, std::size_t> standing_of_;
    std::map<std::tuple<Ring, std::uint64_t, std::uint32_t>, std::size_t> sent_;
    std::map<std::uint64_t, std::size_t> said_;
    std::map<Process, std::size_t> failed_;
    std::map<Session, std::size_t> ended_;
    std::size_t rest_{kNowhere};
};

}  // namespace torc::check

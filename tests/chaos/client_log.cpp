#include "tests/chaos/client_log.hpp"

#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

#include "tests/checker/text.hpp"
#include "tools/torc/session.hpp"

namespace torc::chaos {
namespace {

check::List names_in(check::Trace& trace, const std::vector<std::string>& names) {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(names.size());
    for (const std::string& name : names) numbers.push_back(trace.name(name));
    return trace.list(numbers);
}

check::Cause cause_of(const torc_message& what) {
    if (what.kind == TORC_SELF_LEAVE) return check::Cause::self_leave;
    return static_cast<check::Cause>(what.cause);  // the same order, named twice on purpose
}
static_assert(static_cast<int>(check::Cause::join) == TORC_CAUSE_JOIN &&
              static_cast<int>(check::Cause::leave) == TORC_CAUSE_LEAVE &&
              static_cast<int>(check::Cause::disconnect) == TORC_CAUSE_DISCONNECT &&
              static_cast<int>(check::Cause::network) == TORC_CAUSE_NETWORK);

}  // namespace

ClientLog::ClientLog(std::uint32_t node, ClientPage& page, const std::string& trace,
                     const std::string& mistakes)
    : at_{node, 1},
      page_(page),
      file_(::open(trace.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)),
      mistakes_path_(mistakes) {
    if (file_ < 0) throw std::runtime_error("cannot open " + trace);
}

ClientLog::~ClientLog() { ::close(file_); }

void ClientLog::put(const check::Record& record) {
    const std::string line = check::line_of(trace_, record);
    const auto written = ::write(file_, line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size())) throw std::runtime_error("disk full?");
}

void ClientLog::opened(const std::string& private_name) {
    session_ = {trace_.name(private_name), 1};  // names are never used twice in a run
    put(check::Opened{at_, session_});
}

void ClientLog::closed() { put(check::Closed{at_, session_}); }
void ClientLog::lost() { put(check::Lost{at_, session_}); }

void ClientLog::said(std::uint64_t message, unsigned service,
                     const std::vector<std::string>& groups, bool subgroup) {
    put(check::Said{at_, session_, message, static_cast<check::Service>(service),
                    names_in(trace_, groups), subgroup});
    ++page_.said;
}

void ClientLog::refused(std::uint64_t message) {
    put(check::Refused{at_, session_, message});
    --page_.said;
}

void ClientLog::heard(std::uint64_t message, const torc_message& what) {
    put(check::Heard{at_, session_, message, static_cast<check::Service>(what.service),
                     names_in(trace_, tool::names_of(what.groups))});
    ++page_.heard;
}

void ClientLog::signal(const torc_message& what) {
    put(check::Signal{at_, session_, trace_.name(what.group)});
}

void ClientLog::asked(const std::string& group) {
    put(check::Asked{at_, session_, trace_.name(group)});
}

void ClientLog::flushed(const std::string& group) {
    put(check::Flushed{at_, session_, trace_.name(group)});
    ++page_.flushes;
}

void ClientLog::view(const torc_message& what, bool flush) {
    check::View view;
    view.at = at_;
    view.session = session_;
    view.group = trace_.name(what.group);
    view.ring = {what.ring_epoch, what.ring_representative};
    view.index = what.index;
    view.cause = cause_of(what);
    view.flush = flush;
    view.members = names_in(trace_, tool::names_of(what.members));
    const bool has_sets = flush && view.cause != check::Cause::self_leave;
    if (has_sets || view.cause == check::Cause::network) {
        std::vector<std::uint32_t> sets;
        for (std::uint32_t i = 0; i < what.members.count; ++i) sets.push_back(what.vs_sets[i]);
        view.sets = trace_.list(sets);
        view.mine = what.my_vs_set;
    }
    put(view);
    ++page_.views;
}

void ClientLog::mistake(const std::string& text) {
    if (mistakes_++ == kMistakesKept) return;
    std::ofstream(mistakes_path_, std::ios::app) << text << '\n';
}

}  // namespace torc::chaos

#include "tests/chaos/client_log.hpp"

#include <fstream>
#include <stdexcept>

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

void ClientLog::opened(const std::string& private_name) {
    session_ = {trace_.name(private_name), 1};  // names are never used twice in a run
    trace_.records.emplace_back(check::Opened{at_, session_});
    count(lives_);
}

void ClientLog::closed() { trace_.records.emplace_back(check::Closed{at_, session_}); }
void ClientLog::lost() { trace_.records.emplace_back(check::Lost{at_, session_}); }
void ClientLog::rest() { trace_.records.emplace_back(check::Rest{at_}); }

void ClientLog::said(std::uint64_t message, unsigned service,
                     const std::vector<std::string>& groups) {
    trace_.records.emplace_back(check::Said{
        at_, session_, message, static_cast<check::Service>(service), names_in(trace_, groups)});
    count(said_);
}

void ClientLog::unsaid() {
    trace_.records.pop_back();
    said_.fetch_sub(1, std::memory_order_relaxed);
}

void ClientLog::refused(std::uint64_t message) {
    std::erase_if(trace_.records, [&](const check::Record& record) {
        const auto* said = std::get_if<check::Said>(&record);
        return said != nullptr && said->message == message;
    });
}

void ClientLog::heard(std::uint64_t message, const torc_message& what) {
    trace_.records.emplace_back(check::Heard{at_, session_, message,
                                             static_cast<check::Service>(what.service),
                                             names_in(trace_, tool::names_of(what.groups))});
    count(heard_);
}

void ClientLog::signal(const torc_message& what) {
    trace_.records.emplace_back(check::Signal{at_, session_, trace_.name(what.group)});
}

void ClientLog::view(const torc_message& what) {
    check::View view;
    view.at = at_;
    view.session = session_;
    view.group = trace_.name(what.group);
    view.ring = {what.ring_epoch, what.ring_representative};
    view.index = what.index;
    view.cause = cause_of(what);
    view.members = names_in(trace_, tool::names_of(what.members));
    if (view.cause == check::Cause::network) {
        std::vector<std::uint32_t> sets;
        for (std::uint32_t i = 0; i < what.members.count; ++i) sets.push_back(what.vs_sets[i]);
        view.sets = trace_.list(sets);
        view.mine = what.my_vs_set;
    }
    trace_.records.emplace_back(view);
    count(views_);
}

void ClientLog::mistake(const std::string& text) {
    if (mistakes_.size() < kMistakesKept) mistakes_.push_back(text);
}

void ClientLog::write(const std::string& path) const {
    std::ofstream file(path);
    check::write_text(file, trace_);
    if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace torc::chaos

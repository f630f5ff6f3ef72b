#include "tests/chaos/client_process.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/checker/text.hpp"

namespace torc::chaos {
namespace {

constexpr double kReapPatience = 20;  ///< s; the machine is shared

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The session that was opened last, if its end is not written down.
const check::Session* open_session(const check::Trace& trace) {
    const check::Session* open = nullptr;
    for (const check::Record& record : trace.records) {
        if (const auto* opened = std::get_if<check::Opened>(&record)) open = &opened->session;
        const bool ends = std::holds_alternative<check::Closed>(record) ||
                          std::holds_alternative<check::Lost>(record);
        if (ends) open = nullptr;
    }
    return open;
}

}  // namespace

std::vector<std::string> arguments_of(const ClientPlan& plan) {
    return {std::to_string(plan.number),
            std::to_string(plan.node),
            std::to_string(plan.process),
            std::to_string(plan.seed),
            std::to_string(plan.messages_per_second),
            std::to_string(plan.clients),
            plan.daemon,
            plan.runtime_dir,
            plan.folder,
            std::to_string(plan.silent_ppm),
            std::to_string(plan.answer_ms)};
}

ClientPlan plan_of(const std::vector<std::string>& arguments) {
    const std::size_t expected = arguments_of({}).size();
    if (arguments.size() != expected) throw std::runtime_error("not the arguments of a client");
    const auto number = [&](std::size_t at) {
        return static_cast<std::uint32_t>(std::stoul(arguments[at]));
    };
    return {.number = number(0),
            .node = number(1),
            .process = number(2),
            .seed = std::stoull(arguments[3]),
            .messages_per_second = std::stod(arguments[4]),
            .clients = number(5),
            .daemon = arguments[6],
            .runtime_dir = arguments[7],
            .folder = arguments[8],
            .silent_ppm = number(9),
            .answer_ms = number(10)};
}

ClientProcess::ClientProcess(const ClientPlan& plan)
    : plan_(plan), page_(page_path(plan.folder, plan.number), MappedPage::How::make) {
    std::filesystem::remove(mistakes_path(plan.folder, plan.number));
    std::ofstream file(trace());
    check::write_header(file);
    if (!file.flush()) throw std::runtime_error("cannot write " + trace());
}

void ClientProcess::start() {
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    std::vector<std::string> command{self, "client"};
    for (std::string& argument : arguments_of(plan_)) command.push_back(std::move(argument));
    ++plan_.process;
    const std::string log = plan_.folder + "/client-" + std::to_string(plan_.number) + ".log";
    process_ = std::make_unique<tool::Process>(command, log);
}

void ClientProcess::kill() {
    if (!running()) return;
    process_->signal(SIGKILL);
    process_->wait(kReapPatience);
    process_.reset();
    page_->has_session = false;
    page_->has_all_last = false;
    complete_trace();
}

void ClientProcess::complete_trace() const {
    std::string text = read_file(trace());
    const std::size_t whole = text.rfind('\n') + 1;
    if (whole != text.size()) std::filesystem::resize_file(trace(), whole);
    check::Trace known;
    std::istringstream in(text.substr(0, whole));
    const std::string error = check::read_text(in, known);
    if (!error.empty()) throw std::runtime_error(trace() + ": " + error);
    const check::Session* const open = open_session(known);
    if (open == nullptr) return;
    std::ofstream file(trace(), std::ios::app);
    file << check::line_of(known, check::Lost{{plan_.node, 1}, *open});
    if (!file.flush()) throw std::runtime_error("cannot write " + trace());
}

void ClientProcess::reap() {
    if (process_ == nullptr) return;
    const std::string name = "client " + std::to_string(plan_.number);
    if (!process_->wait(kReapPatience)) {
        mistakes_.push_back(name + " does not end");
        process_->signal(SIGKILL);
        process_->wait(kReapPatience);
    } else if (process_->exit_status() != 0) {
        mistakes_.push_back(name + " ended with " + std::to_string(process_->exit_status()));
    }
}

std::string ClientProcess::waits_for() const {
    std::string text = "client " + std::to_string(plan_.number) + " of daemon " +
                       std::to_string(plan_.node) + ": ";
    if (!page_->has_session) return text + "no session";
    return text + std::to_string(page_->members) + " members of '" + Client::kAll + "', " +
           std::to_string(page_->lasts) + " last messages of " + std::to_string(plan_.clients);
}

std::vector<std::string> ClientProcess::mistakes() const {
    std::vector<std::string> all = mistakes_;
    std::ifstream file(mistakes_path(plan_.folder, plan_.number));
    for (std::string line; std::getline(file, line);) all.push_back(line);
    return all;
}

}  // namespace torc::chaos

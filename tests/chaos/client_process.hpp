// A client of the chaos test as the test sees it: processes that do what the page says, one after
// the other, because each may be killed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/chaos/client.hpp"
#include "tools/torc/process.hpp"

namespace torc::chaos {

class ClientProcess {
public:
    /// Makes its files in the folder; nothing runs yet.
    explicit ClientProcess(const ClientPlan& plan);

    void start();
    /// SIGKILL. Its session is written down as lost, if it had one.
    void kill();
    bool running() { return process_ != nullptr && process_->running(); }
    void enter(Phase phase) { page_->phase.store(phase, std::memory_order_release); }
    /// Waits for the process to end by itself; a mistake if it does not.
    void reap();
    const ClientPage& page() const { return *page_; }
    /// What it waits for, for the report of a run that does not come to rest.
    std::string waits_for() const;
    /// Of all its processes.
    std::vector<std::string> mistakes() const;
    std::string trace() const { return trace_path(plan_.folder, plan_.number); }

private:
    /// The end of a trace whose writer was killed: no half line, and no session without an end.
    void complete_trace() const;

    ClientPlan plan_;
    MappedPage page_;
    std::unique_ptr<tool::Process> process_;
    std::vector<std::string> mistakes_;
};

/// Command line by which a process of this program becomes the client of `plan`, and back.
std::vector<std::string> arguments_of(const ClientPlan& plan);
/// Throws if they are none.
ClientPlan plan_of(const std::vector<std::string>& arguments);

}  // namespace torc::chaos

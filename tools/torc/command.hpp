// Every command of `torc` is one class in one file: it declares its options, then runs.
#pragma once

#include <memory>
#include <vector>

#include <CLI/CLI.hpp>

namespace torc::tool {

class Command {
public:
    virtual ~Command() = default;
    /// Adds the sub-command and its options to the program.
    virtual void declare(CLI::App& program) = 0;
    /// Runs when the user asked for it; gives the exit code.
    virtual int run() = 0;

    bool chosen() const { return app_ != nullptr && app_->parsed(); }

protected:
    CLI::App* app_{nullptr};
};

std::unique_ptr<Command> make_bench();
std::unique_ptr<Command> make_chat();
std::unique_ptr<Command> make_demo();
std::unique_ptr<Command> make_disconnect();
std::unique_ptr<Command> make_failover();
std::unique_ptr<Command> make_lossy();
std::unique_ptr<Command> make_receive();
std::unique_ptr<Command> make_send();
std::unique_ptr<Command> make_status();

}  // namespace torc::tool

// torc disconnect: ends a client's session at a daemon of this machine.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <fmt/format.h>

#include "tools/torc/command.hpp"
#include "tools/torc/control.hpp"
#include "tools/torc/status_reader.hpp"

namespace torc::tool {
namespace {

class Disconnect : public Command {
public:
    void declare(CLI::App& program) override {
        app_ = program.add_subcommand("disconnect", "end a client's session at a daemon here");
        app_->add_option("session", session_, "its name, or private name #NAME#DAEMON")->required();
        app_->add_option("-d,--daemon", daemon_, "whose it is (default: the only one)");
        app_->add_option("-r,--runtime-dir", runtime_dir_, "where daemons keep their files")
            ->envname("TORC_RUNTIME_DIR")
            ->capture_default_str();
    }

    int run() override {
        split_private_name();
        if (daemon_.empty()) daemon_ = only_one();
        const std::string path = runtime_dir_ + "/" + daemon_ + ".sock";
        if (const auto done = disconnect_session(path, session_); !done) {
            const Error& error = done.error();
            throw std::runtime_error(error.message +
                                     (error.remedy.empty() ? "" : " (" + error.remedy + ")"));
        }
        fmt::print("#{}#{} is disconnected\n", session_, daemon_);
        return EXIT_SUCCESS;
    }

private:
    void split_private_name() {
        if (session_.empty() || session_.front() != '#') return;
        const std::size_t second = session_.find('#', 1);
        if (second == std::string::npos) throw std::runtime_error("say #NAME#DAEMON, or NAME");
        if (daemon_.empty()) daemon_ = session_.substr(second + 1);
        session_ = session_.substr(1, second - 1);
    }

    std::string only_one() const {
        const std::vector<std::string> nodes = nodes_in(runtime_dir_);
        if (nodes.size() == 1) return nodes.front();
        throw std::runtime_error(
            fmt::format("{} daemons in {}: say which with --daemon", nodes.size(), runtime_dir_));
    }

    std::string session_;
    std::string daemon_;
    std::string runtime_dir_{"/run/torc"};
};

}  // namespace

std::unique_ptr<Command> make_disconnect() { return std::make_unique<Disconnect>(); }

}  // namespace torc::tool

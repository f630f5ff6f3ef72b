// torc receive: joins groups and prints what comes, a line each.
#include <cstdio>
#include <cstdlib>

#include "tools/torc/command.hpp"
#include "tools/torc/print.hpp"
#include "tools/torc/target_options.hpp"

namespace torc::tool {
namespace {

class Receive : public Command {
public:
    void declare(CLI::App& program) override {
        app_ = program.add_subcommand("receive", "join groups and print messages and views");
        add_target_options(*app_, target_);
        app_->add_option("-g,--group", groups_, "group to join; may be given several times")
            ->allow_extra_args(false);
        app_->add_option("-c,--count", count_, "stop after so many messages (0: never)")
            ->capture_default_str();
        app_->add_option("--timeout", timeout_s_, "stop after so many seconds of silence");
        app_->add_flag("--raw", raw_, "write payloads only, as they are");
    }

    int run() override {
        Session session(target_);
        for (const std::string& group : groups_) session.join(group);
        if (!raw_) std::printf("%s\n", session.private_name());
        const std::int64_t patience =
            timeout_s_ > 0 ? static_cast<std::int64_t>(timeout_s_ * 1e9) : TORC_FOREVER;
        torc_message message;
        for (std::uint64_t messages = 0; count_ == 0 || messages < count_;) {
            if (!session.receive(message, patience)) return EXIT_FAILURE;
            messages += message.kind == TORC_MESSAGE ? 1 : 0;
            show(message);
            session.release(message);
        }
        return EXIT_SUCCESS;
    }

private:
    void show(const torc_message& message) const {
        if (!raw_) {
            std::printf("%s\n", line_of(message, kShownBytes).c_str());
        } else if (message.kind == TORC_MESSAGE) {
            std::fwrite(message.data, 1, message.size, stdout);
        }
        std::fflush(stdout);
    }

    static constexpr std::size_t kShownBytes = 200;
    Target target_;
    std::vector<std::string> groups_;
    std::uint64_t count_{0};
    double timeout_s_{0};
    bool raw_{false};
};

}  // namespace

std::unique_ptr<Command> make_receive() { return std::make_unique<Receive>(); }

}  // namespace torc::tool

// torc send: one message from the command line or standard input to some groups.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include "tools/torc/command.hpp"
#include "tools/torc/target_options.hpp"

namespace torc::tool {
namespace {

class Send : public Command {
public:
    void declare(CLI::App& program) override {
        app_ = program.add_subcommand("send", "send one message to one or more groups");
        add_target_options(*app_, target_);
        app_->add_option("-g,--group", groups_, "destination; may be given several times")
            ->required()
            ->allow_extra_args(false);
        app_->add_option("-s,--service", service_, "unreliable .. safe")->capture_default_str();
        app_->add_option("-t,--type", type_, "16-bit tag")->capture_default_str();
        app_->add_option("message", message_, "the payload; without it, standard input");
    }

    int run() override {
        if (message_.empty()) {
            message_.assign(std::istreambuf_iterator<char>(std::cin), {});
        }
        Session session(target_);
        if (!session.send(service_named(service_), groups_, type_,
                          std::as_bytes(std::span(message_)), Session::kPatience)) {
            std::fprintf(stderr, "torc: no room to send within 10 s\n");
            return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
    }

private:
    Target target_;
    std::vector<std::string> groups_;
    std::string service_{"agreed"};
    std::uint16_t type_{0};
    std::string message_;
};

}  // namespace

std::unique_ptr<Command> make_send() { return std::make_unique<Send>(); }

}  // namespace torc::tool

// torc chat: a terminal on the bus, for the hands of people who know `spuser`.
//   j GROUP | l GROUP            join, leave
//   s GROUP TEXT | S GROUP TEXT  send agreed, send safe
//   m G1,G2,... TEXT             send to several groups
//   q                            quit
#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include <poll.h>
#include <unistd.h>

#include "tools/torc/command.hpp"
#include "tools/torc/print.hpp"
#include "tools/torc/target_options.hpp"

namespace torc::tool {
namespace {

constexpr const char* kHelp =
    "j GROUP, l GROUP: join, leave | s GROUP TEXT: send agreed | S GROUP TEXT: send safe | "
    "m G1,G2 TEXT: send to several | q: quit\n";

class Chat : public Command {
public:
    void declare(CLI::App& program) override {
        app_ = program.add_subcommand("chat", "join, leave and send by hand (what spuser was)");
        add_target_options(*app_, target_);
    }

    int run() override {
        Session session(target_);
        std::printf("%s\n%s", session.private_name(), kHelp);
        std::fflush(stdout);
        while (going_) {
            drain(session);
            if (torc_arm(session.raw()) == TORC_READY) continue;
            std::array<pollfd, 2> waits{pollfd{STDIN_FILENO, POLLIN, 0},
                                        pollfd{torc_fd(session.raw()), POLLIN, 0}};
            ::poll(waits.data(), waits.size(), -1);
            if ((waits[0].revents & (POLLIN | POLLHUP)) != 0) read_input(session);
        }
        drain(session);
        return EXIT_SUCCESS;
    }

private:
    void drain(Session& session) {
        torc_message message;
        while (session.receive(message, 0)) {
            std::printf("%s\n", line_of(message, 200).c_str());
            session.release(message);
        }
        std::fflush(stdout);
    }

    void read_input(Session& session) {
        std::array<char, 4096> bytes;
        const ssize_t count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        if (count <= 0) {
            going_ = false;
            return;
        }
        input_.append(bytes.data(), static_cast<std::size_t>(count));
        for (std::size_t end = input_.find('\n'); end != std::string::npos && going_;
             end = input_.find('\n')) {
            obey(session, input_.substr(0, end));
            input_.erase(0, end + 1);
        }
    }

    void obey(Session& session, const std::string& line) {
        std::istringstream words(line);
        std::string verb;
        std::string group;
        std::string text;
        words >> verb >> group >> std::ws;
        std::getline(words, text);
        try {
            if (verb == "q") {
                going_ = false;
            } else if (verb == "j" && !group.empty()) {
                session.join(group);
            } else if (verb == "l" && !group.empty()) {
                session.leave(group);
            } else if ((verb == "s" || verb == "S" || verb == "m") && !group.empty()) {
                session.send(verb == "S" ? TORC_SAFE : TORC_AGREED, split(group), 0,
                             std::as_bytes(std::span(text)), Session::kPatience);
            } else if (!verb.empty()) {
                std::printf("%s", kHelp);
            }
        } catch (const SessionError& error) {
            if (error.code() <= TORC_ERROR_DAEMON_LOST) throw;
            std::printf("%s\n", error.what());
        }
    }

    static std::vector<std::string> split(const std::string& list) {
        std::istringstream parts(list);
        std::vector<std::string> groups;
        for (std::string group; std::getline(parts, group, ',');) groups.push_back(group);
        return groups;
    }

    Target target_;
    std::string input_;
    bool going_{true};
};

}  // namespace

std::unique_ptr<Command> make_chat() { return std::make_unique<Chat>(); }

}  // namespace torc::tool

// torc: the one tool for people at a terminal. See `torc --help`; a file per command.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "tools/torc/command.hpp"
#include "torc/torc.h"

int main(int argc, char** argv) {
    using namespace torc::tool;
    CLI::App program{"torc: talk to Torc daemons, watch them, measure them"};
    program.set_version_flag("--version", torc_version());
    program.require_subcommand(1);

    std::array<std::unique_ptr<Command>, 9> commands{
        make_demo(), make_status(), make_disconnect(), make_send(), make_receive(),
        make_chat(), make_bench(),  make_failover(),   make_lossy()};
    for (const auto& command : commands) command->declare(program);
    CLI11_PARSE(program, argc, argv);
    try {
        for (const auto& command : commands) {
            if (command->chosen()) return command->run();
        }
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "torc: %s\n", failure.what());
    }
    return EXIT_FAILURE;
}

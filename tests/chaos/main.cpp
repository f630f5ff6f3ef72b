// torc-chaos: a real cluster, clients that write down what they see, faults from a seed for a given
// time, then peace; and the checker judges. See README.md.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "tests/chaos/client_process.hpp"
#include "tests/chaos/run.hpp"

int main(int argc, char** argv) {
    using namespace torc::chaos;
    RunPlan plan;
    CLI::App program{"torc-chaos: faults at a real cluster, judged by the checker"};
    program.add_option("--seconds", plan.seconds, "of faults")
        ->check(CLI::Range(1, 86'400))
        ->capture_default_str();
    program.add_option("--seed", plan.seed, "chooses everything")->capture_default_str();
    program
        .add_option("--layout", plan.layout, "netns-udp, netns-af_packet, netns-mixed, udp, ...")
        ->capture_default_str();
    program.add_option("--nodes", plan.nodes, "daemons")
        ->check(CLI::Range(2, 16))
        ->capture_default_str();
    program.add_option("--clients", plan.clients_per_node, "of each daemon")
        ->check(CLI::Range(1, 16))
        ->capture_default_str();
    program.add_option("--rate", plan.messages_per_second, "messages a second, of each client")
        ->capture_default_str();
    program.add_option("--loss-ppm", plan.loss_ppm, "frames of a million lost, all the time")
        ->check(CLI::Range(0, 300'000))
        ->capture_default_str();
    program
        .add_option("--silent-ppm", plan.silent_ppm,
                    "flush requests of a million that a client never answers")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    program.add_option("--torcd", plan.torcd, "the daemon (default: beside this program)");
    program.add_option("--folder", plan.folder, "for traces and logs (default: a new one in /tmp)");
    program.add_flag("--keep", plan.keep, "keep traces and logs of a clean run as well");
    std::vector<std::string> client;
    CLI::App* const one_client =
        program.add_subcommand("client", "one of the clients: what the program starts itself as");
    one_client->add_option("plan", client, "numbers and folders");
    CLI11_PARSE(program, argc, argv);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    try {
        if (one_client->parsed()) {
            Client(plan_of(client)).run();
            return kExitClean;
        }
        return run(plan);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "torc-chaos: %s\n", failure.what());
        return kExitCannotRun;
    }
}

#include "daemon/client_core.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <sys/prctl.h>
#include <utility>

#include <sched.h>

#include "base/check.hpp"
#include "daemon/plane_options.hpp"
#include "engine/pause_watch.hpp"

namespace torc::daemon {
namespace {

using client_shm::RelayedPlane;
using dataplane::IdlePolicy;
using dataplane::IdleStep;
using dataplane::Work;

client_shm::RelayOptions relay_options(Nanos token_loss) {
    client_shm::RelayOptions options;
    options.stall_max =
        std::min(ClientCore::kStallMax, token_loss / engine::PauseWatch::kGapsPerTokenLoss);
    return options;
}

Work work_of(const RelayedPlane::Found& found) {
    if (found.operations > 0) return Work::traffic;
    return found.events > 0 ? Work::some : Work::none;
}

}  // namespace

Result<std::unique_ptr<ClientCore>> ClientCore::make(const config::NodeSettings& node,
                                                     Nanos token_loss,
                                                     client_shm::SessionTable& sessions) {
    auto link = client_shm::CoreLink::make(sessions);
    if (!link) return tl::unexpected(link.error());
    return std::unique_ptr<ClientCore>(
        new ClientCore(node, token_loss, sessions, std::move(*link)));
}

ClientCore::ClientCore(const config::NodeSettings& node, Nanos token_loss,
                       client_shm::SessionTable& sessions,
                       std::unique_ptr<client_shm::CoreLink> link)
    : node_(node),
      sessions_(sessions),
      link_(std::move(link)),
      plane_(sessions, plane_options(node)),
      relay_(*link_, sessions, relay_options(token_loss)),
      relayed_(*link_, plane_) {}

ClientCore::~ClientCore() { TORC_CHECK(!thread_.joinable()); }

void ClientCore::start() {
    thread_ = std::thread([this] { run(); });
}

void ClientCore::stop() {
    stop_.store(true, std::memory_order_release);  // pairs with run
    client_shm::ring_bell(sessions_.core_bell());
    thread_.join();
}

void ClientCore::run() {
    ::prctl(PR_SET_TIMERSLACK, 1);
    if (const Result<void> pinned = dataplane::pin_to_core(node_.client_core); !pinned) {
        std::fprintf(stderr, "torcd: %s; the client core floats\n", pinned.error().message.c_str());
    }
    const dataplane::CoreBudget budget = dataplane::judge_core(dataplane::read_core_facts());
    std::fprintf(stderr, "torcd: client core: %s\n", budget.reason.c_str());

    dataplane::Clock clock = dataplane::Clock::open();
    dataplane::CompetitionWatch competition;
    IdlePolicy idle(node_.idle, node_.idle_yield, budget.is_owned);
    while (!stop_.load(std::memory_order_acquire)) {
        const Instant now = clock.now();
        idle.begin_pass(now);
        const Work work = work_of(relayed_.pass(now));
        if (idle.owns_core() && competition.is_contended(now)) {
            idle.set_owns_core(false);
            std::fprintf(stderr,
                         "torcd: warning: others run on the client core's processor; it yields "
                         "from now on\n");
        }
        rest(idle, work, clock);
    }
    relayed_.finish(clock.now());
}

void ClientCore::rest(IdlePolicy& idle, Work work, dataplane::Clock& clock) {
    switch (idle.end_pass(clock.now(), work, true)) {
        case IdleStep::look_again:
            return;
        case IdleStep::pause:
            return dataplane::pause_once();
        case IdleStep::yield:
            sched_yield();
            return;
        case IdleStep::sleep:
            break;
    }
    if (!relayed_.arm_sleep()) return;
    idle.on_sleep(clock.now() + kSleepMax);
    const std::array<int, 1> sources{relayed_.doorbell_fd()};
    if (dataplane::block_on(sources, kSleepMax)) idle.on_woken(clock.now());
    relayed_.disarm_sleep();
}

}  // namespace torc::daemon

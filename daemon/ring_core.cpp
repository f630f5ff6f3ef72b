#include "daemon/ring_core.hpp"

#include <cstdio>
#include <sys/prctl.h>

#include "base/check.hpp"
#include "daemon/black_box.hpp"
#include "daemon/plane_options.hpp"

namespace torc::daemon {

using telemetry::CounterId;

RingCore::RingCore(const config::ClusterSettings& cluster, const config::NodeSettings& node,
                   const engine::EngineOptions& identity, dataplane::Port& port,
                   client_shm::SessionTable& sessions, ClientCore* client_core,
                   dataplane::LoopMailbox& mailbox, telemetry::CounterSet& counters)
    : node_(node),
      token_loss_(cluster.timers.token_loss),
      port_(port),
      mailbox_(mailbox),
      counters_(counters),
      events_(kEventsKept),
      recorder_(events_),
      client_core_(client_core),
      engine_(cluster, identity, make_outlet(sessions), counters) {}

engine::Effects RingCore::make_outlet(client_shm::SessionTable& sessions) {
    if (client_core_ != nullptr) {
        return relay_outlet_.emplace(port_, client_core_->relay(), &recorder_).effects();
    }
    plane_.emplace(sessions, plane_options(node_));
    return outlet_.emplace(port_, *plane_, &recorder_).effects();
}

RingCore::~RingCore() {
    TORC_CHECK(!thread_.joinable());
    forget_black_box();
}

void RingCore::start() {
    set_black_box(recorder_);
    if (client_core_ != nullptr) client_core_->start();
    thread_ = std::thread([this] { run(); });
}

void RingCore::join() {
    thread_.join();
    if (client_core_ != nullptr) client_core_->stop();
}

void RingCore::run() {
    ::prctl(PR_SET_TIMERSLACK,
            1);  // sleeps are bounded by protocol timers, not by the default 50 us
    if (node_.core >= 0) {
        if (const Result<void> pinned = dataplane::pin_to_core(node_.core); !pinned) {
            std::fprintf(stderr, "torcd: %s; the ring core floats\n",
                         pinned.error().message.c_str());
        }
    }
    if (client_core_ != nullptr) {
        drive(client_core_->relay(), *relay_outlet_);
    } else {
        drive(*plane_, *outlet_);
    }
}

template <typename Clients>
void RingCore::drive(Clients& clients, dataplane::LoopOutlet<Clients>& outlet) {
    const dataplane::CoreBudget budget = dataplane::judge_core(dataplane::read_core_facts());
    dataplane::Clock clock = dataplane::Clock::open();
    std::fprintf(stderr, "torcd: ring core: %s; clock: %s\n", budget.reason.c_str(),
                 clock.describe().c_str());

    dataplane::LoopOptions options;
    options.idle = node_.idle;
    options.idle_yield = node_.idle_yield;
    options.owns_core = budget.is_owned;
    options.token_loss = token_loss_;
    dataplane::BasicPollLoop<engine::Engine, Clients> loop(
        {port_, engine_, clients, outlet, clock, mailbox_}, options);
    idle_ = &loop.idle_counters();
    pauses_ = &loop.pause_counters();
    loop.run();
    idle_ = nullptr;
    pauses_ = nullptr;
}

dataplane::LoopCommand RingCore::status_command(std::uint64_t ticket) {
    dataplane::LoopCommand command;
    command.kind = dataplane::LoopCommand::Kind::call;
    command.ticket = ticket;
    command.function = &RingCore::take_status;
    command.context = this;
    return command;
}

dataplane::LoopCommand RingCore::kick_all_command(std::uint64_t ticket) {
    dataplane::LoopCommand command = status_command(ticket);
    command.function = &RingCore::kick_all;
    return command;
}

void RingCore::take_status(void* core) {
    RingCore& self = *static_cast<RingCore*>(core);
    self.status_.state = self.engine_.former().state();
    self.status_.cause = self.engine_.former().last_cause();
    self.status_.ring = self.engine_.ring().id();
    self.status_.members = self.engine_.ring().members();
    self.status_.high = self.engine_.ring().high();
    self.status_.aru = self.engine_.ring().aru();
    self.status_.stable = self.engine_.ring().stable();
    self.status_.delivered = self.engine_.ring().delivered();
    self.copy_counters();
}

void RingCore::kick_all(void* core) {
    RingCore& self = *static_cast<RingCore*>(core);
    if (self.client_core_ != nullptr) {
        self.client_core_->relay().kick_all(client_shm::Reason::shutdown);
    } else {
        self.plane_->kick_all(client_shm::Reason::shutdown);
    }
}

/// The port, the clients and the loop count for themselves; an operator sees one file.
void RingCore::copy_counters() {
    const dataplane::PortCounters port = port_.counters();
    counters_.set(CounterId::port_rx_frames, port.rx_frames);
    counters_.set(CounterId::port_rx_bytes, port.rx_bytes);
    counters_.set(CounterId::port_rx_rejected, port.rx_rejected);
    counters_.set(CounterId::port_rx_no_buffer, port.rx_no_buffer);
    counters_.set(CounterId::port_rx_missed, port.rx_missed);
    counters_.set(CounterId::port_tx_frames, port.tx_frames);
    counters_.set(CounterId::port_tx_bytes, port.tx_bytes);
    counters_.set(CounterId::port_tx_dropped, port.tx_dropped);
    counters_.set(CounterId::lossy, port.is_lossy ? 1 : 0);
    counters_.set(CounterId::lossy_lost, port.lossy_lost);
    counters_.set(CounterId::lossy_duplicated, port.lossy_duplicated);
    counters_.set(CounterId::lossy_delayed, port.lossy_delayed);
    counters_.set(CounterId::pool_loans, port_.loans());

    copy_client_counters();
    counters_.set(CounterId::groups, engine_.groups().directory().group_count());
    counters_.set(CounterId::memberships, engine_.groups().directory().membership_count());

    counters_.set(CounterId::flight_records, recorder_.recorded());
    counters_.set(CounterId::loop_passes, idle_->passes);
    counters_.set(CounterId::loop_idle_passes, idle_->empty_passes);
    counters_.set(CounterId::loop_sleeps, idle_->sleeps);
    counters_.set(CounterId::pauses, pauses_->late);
    counters_.set(CounterId::pauses_forgiven, pauses_->stood_still);
    counters_.set(CounterId::token_loss, static_cast<std::uint64_t>(token_loss_.count()));
    counters_.raise(CounterId::poll_gap_peak, static_cast<std::uint64_t>(idle_->max_gap.count()));
}

void RingCore::copy_client_counters() {
    const bool is_here = client_core_ == nullptr;
    const client_shm::PlaneCounters plane =
        is_here ? plane_->counters() : client_core_->relay().counters();
    counters_.set(CounterId::sessions,
                  is_here ? plane_->sessions() : client_core_->relay().sessions());
    counters_.set(CounterId::sessions_opened, plane.sessions_opened);
    counters_.set(CounterId::sessions_closed, plane.sessions_closed);
    counters_.set(CounterId::fan_out, plane.deliveries);
    counters_.set(CounterId::fan_out_shared, plane.shared);
    counters_.set(CounterId::log_full, plane.log_full);
    counters_.set(CounterId::operations_illegal, plane.refused);
    counters_.set(CounterId::doorbells_rung, plane.bells);
    counters_.set(CounterId::reader_warnings, plane.warnings);
    counters_.set(CounterId::reader_dropped, plane.dropped_unreliable);
    counters_.set(CounterId::kicked_slow_reader, plane.slow_readers);
    counters_.set(CounterId::kicked_violation, plane.violations);
    counters_.set(CounterId::kicked_administrator, plane.kicked);
    counters_.set(CounterId::kicked_flush_timeout, plane.flush_timeouts);
    if (is_here) return;
    const client_shm::RelayCounters& relay = client_core_->relay().relay_counters();
    counters_.set(CounterId::client_core_waits, relay.waits);
    counters_.set(CounterId::client_core_overruns, relay.overruns);
}

}  // namespace torc::daemon

#include "daemon/ring_core.hpp"

#include <cstdio>
#include <sys/prctl.h>

#include "base/check.hpp"
#include "daemon/black_box.hpp"

namespace torc::daemon {
namespace {

using telemetry::CounterId;

client_shm::PlaneOptions plane_options(const config::NodeSettings& node) {
    client_shm::PlaneOptions options;
    options.slow_reader = node.slow_reader;
    options.unread_max = node.session_messages;
    options.high_water_percent = node.high_water;
    return options;
}

}  // namespace

RingCore::RingCore(const config::ClusterSettings& cluster, const config::NodeSettings& node,
                   const engine::EngineOptions& identity, dataplane::Port& port,
                   client_shm::SessionTable& sessions, dataplane::LoopMailbox& mailbox,
                   telemetry::CounterSet& counters)
    : node_(node),
      token_loss_(cluster.timers.token_loss),
      port_(port),
      mailbox_(mailbox),
      counters_(counters),
      events_(kEventsKept),
      recorder_(events_),
      plane_(sessions, plane_options(node)),
      outlet_(port, plane_, &recorder_),
      engine_(cluster, identity, outlet_.effects(), counters) {}

RingCore::~RingCore() {
    TORC_CHECK(!thread_.joinable());
    forget_black_box();
}

void RingCore::start() {
    set_black_box(recorder_);
    thread_ = std::thread([this] { run(); });
}

void RingCore::join() { thread_.join(); }

void RingCore::run() {
    ::prctl(PR_SET_TIMERSLACK,
            1);  // sleeps are bounded by protocol timers, not by the default 50 us
    if (node_.core >= 0) {
        if (const Result<void> pinned = dataplane::pin_to_core(node_.core); !pinned) {
            std::fprintf(stderr, "torcd: %s; the ring core floats\n",
                         pinned.error().message.c_str());
        }
    }
    const dataplane::CoreBudget budget = dataplane::judge_core(dataplane::read_core_facts());
    dataplane::Clock clock = dataplane::Clock::open();
    std::fprintf(stderr, "torcd: ring core: %s; clock: %s\n", budget.reason.c_str(),
                 clock.describe().c_str());

    dataplane::LoopOptions options;
    options.idle = node_.idle;
    options.idle_yield = node_.idle_yield;
    options.owns_core = budget.is_owned;
    options.token_loss = token_loss_;
    Loop loop({port_, engine_, plane_, outlet_, clock, mailbox_}, options);
    loop_ = &loop;
    loop.run();
    loop_ = nullptr;
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
    static_cast<RingCore*>(core)->plane_.kick_all(client_shm::Reason::shutdown);
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

    const client_shm::PlaneCounters& plane = plane_.counters();
    counters_.set(CounterId::sessions, plane_.sessions());
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
    counters_.set(CounterId::groups, engine_.groups().directory().group_count());
    counters_.set(CounterId::memberships, engine_.groups().directory().membership_count());

    counters_.set(CounterId::flight_records, recorder_.recorded());
    const dataplane::IdleCounters& idle = loop_->idle_counters();
    counters_.set(CounterId::loop_passes, idle.passes);
    counters_.set(CounterId::loop_idle_passes, idle.empty_passes);
    counters_.set(CounterId::loop_sleeps, idle.sleeps);
    const engine::PauseCounters& pauses = loop_->pause_counters();
    counters_.set(CounterId::pauses, pauses.late);
    counters_.set(CounterId::pauses_forgiven, pauses.stood_still);
    counters_.set(CounterId::token_loss, static_cast<std::uint64_t>(token_loss_.count()));
    counters_.raise(CounterId::poll_gap_peak, static_cast<std::uint64_t>(idle.max_gap.count()));
}

}  // namespace torc::daemon

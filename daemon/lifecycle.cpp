#include "daemon/lifecycle.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sys/random.h>
#include <utility>

#include <fmt/format.h>
#include <time.h>

#include "base/check.hpp"
#include "daemon/notify.hpp"

namespace torc::daemon {
namespace {

Instant monotonic_now() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return instant_from_ns(now.tv_sec * 1'000'000'000 + now.tv_nsec);
}

/// From the kernel: incarnations and salts must differ at every boot.
std::uint64_t random_word() {
    std::uint64_t word = 0;
    TORC_CHECK(::getrandom(&word, sizeof word, 0) == sizeof word);
    return word;
}

const config::NodeEntry* entry_of(const config::ClusterSettings& cluster, const std::string& name) {
    const auto at =
        std::find_if(cluster.nodes.begin(), cluster.nodes.end(),
                     [&](const config::NodeEntry& entry) { return entry.name == name; });
    return at == cluster.nodes.end() ? nullptr : &*at;
}

client_shm::TableOptions table_options(const config::ClusterSettings& cluster,
                                       const config::NodeSettings& node) {
    client_shm::TableOptions options;
    options.daemon = node.node;
    options.sessions = node.sessions;
    options.ring_bytes = node.session_ring_bytes;
    options.message_bytes = cluster.message_bytes;
    options.log_sharing = node.delivery_log;
    return options;
}

/// One line on stderr: the journal adds time and unit.
template <typename... T>
void say(fmt::format_string<T...> format, T&&... values) {
    fmt::print(stderr, "torcd: {}\n", fmt::format(format, std::forward<T>(values)...));
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::open(const config::ClusterSettings& cluster,
                                             const config::NodeSettings& node) {
    const config::NodeEntry* const entry = entry_of(cluster, node.node);
    if (entry == nullptr) {
        return failure("no [[node]] is named '" + node.node + "'",
                       "give --node with one of the configured names");
    }
    Result<NameLock> lock = NameLock::take(node.runtime_dir, node.node);
    if (!lock) return tl::unexpected(lock.error());
    std::unique_ptr<Daemon> daemon(new Daemon(cluster, node, entry->index, std::move(*lock)));
    if (const Result<void> opened = daemon->open_parts(); !opened) {
        return tl::unexpected(opened.error());
    }
    return daemon;
}

Daemon::Daemon(config::ClusterSettings cluster, config::NodeSettings node, NodeIndex me,
               NameLock lock)
    : cluster_(std::move(cluster)), node_(std::move(node)), lock_(std::move(lock)) {
    identity_.me = me;
    identity_.incarnation = Incarnation{random_word() | 1};
    identity_.seed = random_word();
}

Result<void> Daemon::open_parts() {
    auto status =
        StatusWriter::open(node_.runtime_dir, cluster_, identity_.me, identity_.incarnation);
    if (!status) return tl::unexpected(status.error());
    status_ = std::move(*status);

    auto port = open_port(cluster_, node_, identity_.me);
    if (!port) return tl::unexpected(port.error());
    port_ = std::move(*port);
    say("{}", port_.port->describe());

    auto sessions = client_shm::SessionTable::make(table_options(cluster_, node_));
    if (!sessions) return tl::unexpected(sessions.error());
    sessions_ = std::move(*sessions);

    auto mailbox = dataplane::LoopMailbox::open();
    if (!mailbox) return tl::unexpected(mailbox.error());
    mailbox_ = std::move(*mailbox);
    if (node_.client_core >= 0) {
        auto clients = ClientCore::make(node_, cluster_.timers.token_loss, *sessions_);
        if (!clients) return tl::unexpected(clients.error());
        client_core_ = std::move(*clients);
    }
    core_ = std::make_unique<RingCore>(cluster_, node_, identity_, *port_.port, *sessions_,
                                       client_core_.get(), *mailbox_, status_->counters());

    client_shm::AcceptorOptions options;
    options.socket_path = node_.runtime_dir + "/" + node_.node + ".sock";
    auto acceptor = client_shm::Acceptor::make(*sessions_, options);
    if (!acceptor) return tl::unexpected(acceptor.error());
    acceptor_ = std::move(*acceptor);
    acceptor_->wake_on(stop_signal_.fd());
    say("clients: {}, watched by {}", options.socket_path, acceptor_->watcher_name());
    return {};
}

Daemon::~Daemon() = default;

int Daemon::run() {
    core_->start();
    while (!stop_signal_.came()) {
        tick();
        if (!left_) continue;
        say("another daemon runs as '{}' in this cluster: this one gives way", node_.node);
        stop_core();
        return EXIT_FAILURE;
    }
    begin_leave();
    const Instant limit = monotonic_now() + kLeaveLimit;
    while (!(left_ && kicked_) && !stop_signal_.came() && monotonic_now() < limit) tick();
    say("{}", left_ ? "left the ring in good order" : "did not leave in good order");
    stop_core();
    return left_ ? EXIT_SUCCESS : EXIT_FAILURE;
}

void Daemon::tick() {
    acceptor_->step(kTick);
    port_.step(monotonic_now());
    hear_reports();
    if (!status_asked_) status_asked_ = send(core_->status_command(kStatusTicket));
}

bool Daemon::send(const dataplane::LoopCommand& command) { return mailbox_->send(command); }

void Daemon::hear_reports() {
    while (const std::optional<dataplane::LoopReport> report = mailbox_->next_report()) {
        on_report(*report);
    }
}

void Daemon::on_report(const dataplane::LoopReport& report) {
    switch (report.kind) {
        case dataplane::LoopReport::Kind::done:
            if (report.ticket == kKickTicket) kicked_ = true;
            if (report.ticket != kStatusTicket) return;
            status_->write(core_->status(), monotonic_now());
            status_->write_sessions(*sessions_, *acceptor_);
            say_state();
            status_asked_ = false;
            return;
        case dataplane::LoopReport::Kind::left:
            left_ = true;
            return;
        case dataplane::LoopReport::Kind::stopped:
            stopped_ = true;
            return;
        case dataplane::LoopReport::Kind::long_gap:
            return say(
                "warning: the ring core stood still for {:.1f} ms; with token_loss = {} ms "
                "such a stall can cost the ring: give it a core of its own, or raise "
                "cluster.timers.token_loss",
                static_cast<double>(report.value) / 1e6,
                cluster_.timers.token_loss / std::chrono::milliseconds(1));
        case dataplane::LoopReport::Kind::stood_still: {
            const Instant now = monotonic_now();
            if (now < say_pause_from_) return;  // the counter tells the rest
            say_pause_from_ = now + kSayPauseEvery;
            return say(
                "warning: stood still for {:.1f} ms; what came meanwhile was read before any "
                "timer, "
                "and nobody is held silent for that time",
                static_cast<double>(report.value) / 1e6);
        }
        case dataplane::LoopReport::Kind::contended:
            return say(
                "warning: others run on the ring core's processor; it yields from now on: set core "
                "in [daemon] to one that nothing else uses");
    }
}

/// One line whenever the ring changed.
void Daemon::say_state() {
    const CoreStatus& status = core_->status();
    if (status.state == said_state_ && status.ring == said_ring_) return;
    said_state_ = status.state;
    said_ring_ = status.ring;
    std::string members;
    for (const Member& member : status.members) {
        members += ' ' + cluster_.nodes[raw(member.index)].name;
    }
    const std::string line =
        fmt::format("{} ({}), ring {}:{}", membership::name_of(status.state),
                    membership::name_of(status.cause), status.ring.epoch >> 24, members);
    say("{}", line);
    const bool ready = status.state == membership::State::operational;
    notify_service_manager((ready ? "READY=1\nSTATUS=" : "STATUS=") + line);
}

void Daemon::begin_leave() {
    notify_service_manager("STOPPING=1");
    acceptor_->stop_listening();
    send(core_->kick_all_command(kKickTicket));
    dataplane::LoopCommand leave;
    leave.kind = dataplane::LoopCommand::Kind::leave;
    send(leave);
}

void Daemon::stop_core() {
    dataplane::LoopCommand stop;
    stop.kind = dataplane::LoopCommand::Kind::stop;
    stop.ticket = kStopTicket;
    while (!send(stop)) hear_reports();
    while (!stopped_) {
        acceptor_->step(kTick);
        hear_reports();
    }
    core_->join();
}

}  // namespace torc::daemon

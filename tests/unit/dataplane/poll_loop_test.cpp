// The loop against stand-ins: order of a pass, urgent frames, deadlines, commands, sleeping.
#include "dataplane/poll_loop.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>

namespace torc::dataplane {
namespace {

using Log = std::vector<std::string>;
using engine::Accept;
using engine::ClientOp;

ClientOp op_of(ClientOp::Kind kind) {
    ClientOp op;
    op.kind = kind;
    return op;
}

class FakePort final : public Port {
public:
    explicit FakePort(Log& log) : log_(log), wake_(eventfd(0, EFD_NONBLOCK)) {}

    std::size_t receive(std::span<FrameRef> frames) override {
        if (armed_ && std::exchange(incoming_during_arm_, false)) arrive();
        std::size_t count = 0;
        for (; waiting_ > 0 && count < frames.size(); --waiting_) {
            frames[count++] = {this, nullptr, 1, 0};
            ++loans_;
        }
        if (count > 0) log_.push_back("receive");
        return count;
    }
    void transmit(const wire::Transmit&) override { ++queued_; }
    void flush() override {
        if (std::exchange(queued_, 0) > 0) log_.push_back("flush");
    }
    FrameRef acquire() override {
        ++loans_;
        return {this, nullptr, 0, 1472};
    }
    void release(void*) override { --loans_; }
    std::size_t loans() const override { return loans_; }
    void maintain(Instant) override { ++maintained_; }
    int wake_fd() const override { return wake_.get(); }
    void arm_wake() override {
        armed_ = true;
        log_.push_back("arm");
    }
    Nanos sleep_max() const override { return Nanos::max(); }
    PortCounters counters() const override { return {.rx_frames = 7}; }
    std::string describe() const override { return {}; }

    void arrive() {
        ++waiting_;
        eventfd_write(wake_.get(), 1);
    }

    Log& log_;
    Fd wake_;
    int waiting_{0};
    int queued_{0};
    std::size_t loans_{0};
    int maintained_{0};
    bool armed_{false};
    bool incoming_during_arm_{false};
};

class FakeClients {
public:
    explicit FakeClients(Log& log) : log_(log), bell_(eventfd(0, EFD_NONBLOCK)) {}

    template <typename F>
    std::size_t poll(Instant, F&& on_op) {
        std::size_t taken = 0;
        while (!ops_.empty()) {
            last_ = on_op(ops_.front());
            if (last_ == Accept::would_block) break;
            ops_.pop_front();
            ++taken;
        }
        return taken;
    }
    void deliver(const engine::Delivery&) { log_.push_back("deliver"); }
    void view(const engine::ViewEvent&) { log_.push_back("view"); }
    void flush(const engine::FlushRequest&) { log_.push_back("flush"); }
    void ordered(SessionId, Service) {}
    void session(SessionId, engine::SessionOutcome) { log_.push_back("session"); }
    void publish() { ++published_; }
    bool arm_sleep() { return ops_.empty(); }
    void disarm_sleep() {
        eventfd_t rung = 0;
        eventfd_read(bell_.get(), &rung);
        ++disarmed_;
    }
    int doorbell_fd() const { return bell_.get(); }

    Log& log_;
    Fd bell_;
    std::deque<ClientOp> ops_;
    Accept last_{};
    int published_{0};
    int disarmed_{0};
};

class FakeEngine {
public:
    FakeEngine(Log& log, const engine::Effects& effects) : log_(log), effects_(effects) {}

    void start(Instant) { log_.push_back("start"); }
    void on_frame(Instant, FrameRef frame) {
        log_.push_back("on_frame");
        if (answer_with_ != wire::Channel{99}) {
            const FrameRef answer = effects_.frames.acquire();
            effects_.frames.transmit({answer, NodeIndex{1}, answer_with_});
            effects_.frames.release(answer);
        }
        if (delivers_) effects_.deliver({});
        if (keep_) {
            kept_.push_back(frame);
        } else {
            effects_.frames.release(frame);
        }
    }
    Accept on_client(Instant, const ClientOp&) {
        log_.push_back("on_client");
        effects_.deliver({});
        return Accept::accepted;
    }
    void on_timer(Instant now) {
        log_.push_back("on_timer");
        fired_at_ = now;
        deadline_ = kNever;
    }
    void on_pause(Instant) { log_.push_back("on_pause"); }
    Instant next_deadline() const { return deadline_; }
    void leave(Instant) { log_.push_back("leave"); }
    bool left() const { return left_; }
    void shutdown() {
        log_.push_back("shutdown");
        for (const FrameRef& frame : kept_) effects_.frames.release(frame);
    }
    bool wants_clients() const { return wants_clients_; }
    bool operational() const { return true; }

    Log& log_;
    engine::Effects effects_;
    wire::Channel answer_with_{99};
    bool keep_{false};
    bool delivers_{false};
    std::vector<FrameRef> kept_;
    Instant deadline_{kNever};
    Instant fired_at_{};
    bool left_{false};
    bool wants_clients_{true};
};

struct FakeTime {
    std::int64_t ns{1'000'000'000};
    std::int64_t step{1000};
    ClockSources sources() {
        return {.read_ns =
                    [](void* self) {
                        auto& time = *static_cast<FakeTime*>(self);
                        return time.ns += time.step;
                    },
                .context = this};
    }
};

struct Rig {
    using Loop = BasicPollLoop<FakeEngine, FakeClients>;

    explicit Rig(LoopOptions options = {.idle = config::IdleStrategy::spin})
        : loop({port, engine, clients, outlet, clock, *mailbox}, options) {}

    Log take_log() { return std::exchange(log, {}); }
    std::vector<LoopReport> reports() {
        std::vector<LoopReport> all;
        while (const auto report = mailbox->next_report()) all.push_back(*report);
        return all;
    }

    Log log;
    FakePort port{log};
    FakeClients clients{log};
    LoopOutlet<FakeClients> outlet{port, clients};
    FakeEngine engine{log, outlet.effects()};
    FakeTime time;
    Clock clock{time.sources(), false};
    std::unique_ptr<LoopMailbox> mailbox{std::move(*LoopMailbox::open())};
    Loop loop;
};

TEST(PollLoop, APassTakesClientsThenFramesThenTimersThenSends) {
    Rig rig;
    rig.port.waiting_ = 2;
    rig.engine.answer_with_ = wire::Channel::data;
    rig.clients.ops_.push_back(op_of(ClientOp::Kind::send));
    rig.engine.deadline_ = instant_from_ns(rig.time.ns);
    EXPECT_TRUE(rig.loop.run_once());
    EXPECT_EQ(rig.take_log(), (Log{"on_client", "deliver", "receive", "on_frame", "on_frame",
                                   "on_timer", "flush"}));
    EXPECT_EQ(rig.clients.published_, 1);
    EXPECT_EQ(rig.port.loans_, 0u);
    EXPECT_TRUE(rig.loop.run_once());
    EXPECT_EQ(rig.take_log(), Log{});
}

TEST(PollLoop, ATokenLeavesBeforeTheRestOfTheBurstIsWorkedThrough) {
    for (const wire::Channel channel : {wire::Channel::token, wire::Channel::control}) {
        Rig rig;
        rig.port.waiting_ = 2;
        rig.engine.answer_with_ = channel;
        rig.loop.run_once();
        EXPECT_EQ(rig.take_log(), (Log{"receive", "on_frame", "flush", "on_frame", "flush"}));
    }
}

TEST(PollLoop, ATokenLeavesBeforeItsVisitDelivers) {
    for (const wire::Channel channel : {wire::Channel::token, wire::Channel::data}) {
        Rig rig;
        rig.port.waiting_ = 1;
        rig.engine.answer_with_ = channel;
        rig.engine.delivers_ = true;
        rig.loop.run_once();
        const Log token{"receive", "on_frame", "flush", "deliver"};
        const Log data{"receive", "on_frame", "deliver", "flush"};
        EXPECT_EQ(rig.take_log(), channel == wire::Channel::token ? token : data);
    }
}

TEST(PollLoop, TimersFireAtTheirDeadlineNotBefore) {
    Rig rig;
    rig.engine.deadline_ = instant_from_ns(rig.time.ns + 2500);
    rig.loop.run_once();
    rig.loop.run_once();
    EXPECT_EQ(rig.take_log(), Log{});
    rig.loop.run_once();
    EXPECT_EQ(rig.take_log(), Log{"on_timer"});
    EXPECT_GE(rig.engine.fired_at_, instant_from_ns(1'000'002'500));
}

TEST(PollLoop, SendsWaitWhileTheEngineWantsNoneButSessionsMayComeAndGo) {
    Rig rig;
    rig.engine.wants_clients_ = false;
    rig.clients.ops_.push_back(op_of(ClientOp::Kind::open));
    rig.clients.ops_.push_back(op_of(ClientOp::Kind::send));
    rig.loop.run_once();
    EXPECT_EQ(rig.take_log(), (Log{"on_client", "deliver"}));
    EXPECT_EQ(rig.clients.last_, Accept::would_block);
    rig.engine.wants_clients_ = true;
    rig.loop.run_once();
    EXPECT_EQ(rig.take_log(), (Log{"on_client", "deliver"}));
}

TEST(PollLoop, CommandsAreObeyedBetweenPassesAndReported) {
    Rig rig;
    LoopSnapshot snapshot;
    int called = 0;
    rig.mailbox->send({.kind = LoopCommand::Kind::snapshot, .ticket = 1, .snapshot = &snapshot});
    rig.mailbox->send({.kind = LoopCommand::Kind::call,
                       .ticket = 2,
                       .function = [](void* context) { ++*static_cast<int*>(context); },
                       .context = &called});
    rig.loop.run_once();
    const auto reports = rig.reports();
    ASSERT_EQ(reports.size(), 2u);
    EXPECT_EQ(reports[0].ticket, 1u);
    EXPECT_EQ(reports[1].ticket, 2u);
    EXPECT_EQ(called, 1);
    EXPECT_EQ(snapshot.port.rx_frames, 7u);
    EXPECT_EQ(snapshot.idle.passes, 1u);
    EXPECT_TRUE(snapshot.operational);
}

TEST(PollLoop, LeavingIsReportedWhenTheRingKnowsIt) {
    Rig rig;
    rig.time.step = 2'000'000;
    rig.mailbox->send({.kind = LoopCommand::Kind::leave, .ticket = 9});
    rig.loop.run_once();
    rig.loop.run_once();
    EXPECT_EQ(rig.take_log(), Log{"leave"});
    auto reports = rig.reports();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].kind, LoopReport::Kind::done);
    rig.engine.left_ = true;
    rig.loop.run_once();
    rig.loop.run_once();
    reports = rig.reports();
    ASSERT_EQ(reports.size(), 1u) << "once";
    EXPECT_EQ(reports[0].kind, LoopReport::Kind::left);
}

TEST(PollLoop, RunStartsTheEngineAndStopsWithAllLoansBack) {
    Rig rig;
    rig.engine.keep_ = true;
    rig.port.waiting_ = 5;
    std::thread ring_core([&] { rig.loop.run(); });
    rig.mailbox->send({.kind = LoopCommand::Kind::stop, .ticket = 4});
    ring_core.join();
    EXPECT_EQ(rig.log.front(), "start");
    EXPECT_EQ(rig.log.back(), "shutdown");
    EXPECT_EQ(rig.port.loans_, 0u);
    const auto reports = rig.reports();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].kind, LoopReport::Kind::stopped);
    EXPECT_EQ(reports[0].ticket, 4u);
}

TEST(PollLoop, AFullMailboxSaysSo) {
    Rig rig;
    for (std::size_t i = 0; i < LoopMailbox::kSlots; ++i) {
        EXPECT_TRUE(rig.mailbox->send({.kind = LoopCommand::Kind::leave}));
    }
    EXPECT_FALSE(rig.mailbox->send({.kind = LoopCommand::Kind::leave}));
    rig.loop.run_once();
    EXPECT_TRUE(rig.mailbox->send({.kind = LoopCommand::Kind::leave}));
}

constexpr LoopOptions kSleepy{.idle = config::IdleStrategy::sleepy};

TEST(PollLoop, ASleeperIsWokenByAFrameAClientACommandOrItsDeadline) {
    Rig rig(kSleepy);
    pollfd none{-1, 0, 0};
    rig.port.arrive();
    rig.port.waiting_ = 0;  // only the descriptor: nothing is there at the look before the sleep
    rig.loop.run_once();
    EXPECT_EQ(rig.loop.idle_counters().sleeps, 1u);
    eventfd_t rung = 0;
    eventfd_read(rig.port.wake_.get(), &rung);
    eventfd_write(rig.clients.bell_.get(), 1);
    rig.loop.run_once();
    EXPECT_EQ(rig.loop.idle_counters().sleeps, 2u);
    EXPECT_EQ(rig.clients.disarmed_, 2);
    rig.engine.deadline_ = instant_from_ns(rig.time.ns + 100'000);
    rig.loop.run_once();
    EXPECT_EQ(rig.loop.idle_counters().sleeps, 3u);
    std::thread control([&] {
        poll(&none, 0, 5);
        rig.mailbox->send({.kind = LoopCommand::Kind::leave});
    });
    rig.engine.deadline_ = kNever;
    for (Log log; std::find(log.begin(), log.end(), "leave") == log.end(); log = rig.take_log()) {
        rig.loop.run_once();
    }
    control.join();
}

TEST(PollLoop, ACommandIsNoReasonToStayAwake) {
    Rig rig(kSleepy);
    rig.mailbox->send({.kind = LoopCommand::Kind::leave});
    rig.engine.deadline_ = instant_from_ns(rig.time.ns + 100'000);
    rig.loop.run_once();
    EXPECT_EQ(rig.loop.idle_counters().sleeps, 1u);
}

TEST(PollLoop, AFrameThatComesWhileArmingPreventsTheSleep) {
    Rig rig(kSleepy);
    rig.port.incoming_during_arm_ = true;
    rig.loop.run_once();
    EXPECT_EQ(rig.take_log(), (Log{"arm", "receive", "on_frame"}));
    EXPECT_EQ(rig.loop.idle_counters().sleeps, 0u);
    EXPECT_EQ(rig.clients.disarmed_, 1);
}

TEST(PollLoop, WaitingClientsAndPastDeadlinesPreventTheSleep) {
    Rig rig(kSleepy);
    rig.engine.wants_clients_ = false;
    rig.clients.ops_.push_back(op_of(ClientOp::Kind::send));
    rig.loop.run_once();
    EXPECT_EQ(rig.loop.idle_counters().sleeps, 0u);
    rig.clients.ops_.clear();
    rig.engine.deadline_ = instant_from_ns(rig.time.ns + 1500);  // past by the look before sleep
    rig.loop.run_once();
    EXPECT_EQ(rig.loop.idle_counters().sleeps, 0u);
}

TEST(PollLoop, AStandstillLongerThanTokenLossAllowsIsReportedOnceForEachNewWorst) {
    Rig rig({.idle = config::IdleStrategy::spin, .token_loss = std::chrono::milliseconds(50)});
    rig.loop.run_once();
    rig.time.ns += 9'000'000;
    rig.loop.run_once();
    EXPECT_TRUE(rig.reports().empty());
    for (const std::int64_t gap : {12'000'000, 11'000'000, 13'000'000}) {
        rig.time.ns += gap;
        rig.loop.run_once();
    }
    const auto reports = rig.reports();
    ASSERT_EQ(reports.size(), 2u);
    EXPECT_EQ(rig.loop.pause_counters().late, 3u);
    EXPECT_EQ(reports[0].kind, LoopReport::Kind::long_gap);
    EXPECT_GE(reports[0].value, 12'000'000);
    EXPECT_GE(reports[1].value, 13'000'000);
}

TEST(PollLoop, ASleeperReadsAllItsFramesBeforeClientsAndTimers) {
    Rig rig({.idle = config::IdleStrategy::spin, .token_loss = std::chrono::milliseconds(50)});
    rig.loop.run_once();
    rig.time.ns += 11'000'000;
    rig.port.waiting_ = static_cast<int>(3 * Rig::Loop::kBurst);
    rig.clients.ops_.push_back(op_of(ClientOp::Kind::open));
    rig.engine.deadline_ = instant_from_ns(1'000'000'001);  // long overdue
    rig.loop.run_once();
    const Log log = rig.take_log();
    const auto place = [&](const char* what) {
        return std::find(log.begin(), log.end(), what) - log.begin();
    };
    EXPECT_EQ(std::count(log.begin(), log.end(), "on_frame"), 3 * Rig::Loop::kBurst);
    EXPECT_EQ(place("on_pause"), static_cast<std::ptrdiff_t>(log.size())) << "not that long";
    EXPECT_EQ(place("on_client"), static_cast<std::ptrdiff_t>(3 + 3 * Rig::Loop::kBurst));
    EXPECT_EQ(log.back(), "on_timer");
    EXPECT_GE(rig.clients.published_, 4) << "clients read while the queue is worked off";
}

TEST(PollLoop, AStandstillOfHalfOfTokenLossIsToldToTheEngineFirst) {
    Rig rig({.idle = config::IdleStrategy::spin, .token_loss = std::chrono::milliseconds(50)});
    rig.loop.run_once();
    rig.time.ns += 25'000'000;
    rig.port.waiting_ = 1;
    rig.engine.deadline_ = instant_from_ns(1'000'000'001);
    rig.loop.run_once();
    EXPECT_EQ(rig.take_log(), (Log{"on_pause", "receive", "on_frame", "on_timer"}));
    const auto reports = rig.reports();
    ASSERT_EQ(reports.size(), 2u);
    EXPECT_EQ(reports[0].kind, LoopReport::Kind::stood_still);
    EXPECT_GE(reports[0].value, 25'000'000);
    rig.time.ns += 25'000'000;
    rig.loop.run_once();
    EXPECT_EQ(rig.take_log(), Log{}) << "not again before it was awake for a while";
}

TEST(PollLoop, CatchingUpIsBounded) {
    Rig rig({.idle = config::IdleStrategy::spin, .token_loss = std::chrono::milliseconds(50)});
    rig.loop.run_once();
    rig.time.ns += 11'000'000;
    rig.port.waiting_ = 1'000'000;
    rig.loop.run_once();
    const Log log = rig.take_log();
    EXPECT_EQ(std::count(log.begin(), log.end(), "receive"), Rig::Loop::kCatchUpBursts + 1);
}

TEST(PollLoop, MaintainsThePortAboutEveryMillisecond) {
    Rig rig;
    rig.time.step = 100'000;
    for (int i = 0; i < 100; ++i) rig.loop.run_once();
    EXPECT_EQ(rig.port.maintained_, 10);
}

}  // namespace
}  // namespace torc::dataplane

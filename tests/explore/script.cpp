#include "tests/explore/script.hpp"

#include <algorithm>

namespace torc::explore {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using StepKind = Step::Kind;

/// Timers in the proportions of protocol.md 3.5 for hops of 0.1 ms, as tight as they may be: a run
/// consists of what happens, not of waiting.
config::Timers tight_timers() {
    config::Timers timers;
    timers.token_retransmit = milliseconds{1};
    timers.token_loss = milliseconds{8};
    timers.join_interval = milliseconds{1};
    timers.consensus = milliseconds{5};
    timers.form_step = milliseconds{5};
    timers.recovery = milliseconds{40};
    timers.merge_probe = milliseconds{6};
    timers.hold_refresh = milliseconds{2};
    timers.hold_after = microseconds{300};
    return timers;
}

config::ClusterSettings cluster_of(std::uint32_t nodes) {
    config::ClusterSettings cluster;
    for (std::uint16_t i = 0; i < nodes; ++i) {
        cluster.nodes.push_back({"n" + std::to_string(i), 0x7F000001u + i, NodeIndex{i}});
    }
    cluster.timers = tight_timers();
    cluster.message_bytes = 16 * 1024;
    cluster.in_flight_frames = 16;
    cluster.burst_frames = 8;
    return cluster;
}

void add(Script& script, Nanos at, StepKind kind, std::uint32_t node) {
    Step& step = script.steps.emplace_back();
    step.at = at;
    step.kind = kind;
    step.node = node;
}

void say(Script& script, Nanos at, std::uint32_t node, Service service, std::size_t bytes) {
    add(script, at, StepKind::say, node);
    script.steps.back().service = service;
    script.steps.back().bytes = bytes;
}

void split(Script& script, Nanos at, std::uint64_t side) {
    add(script, at, StepKind::split, 0);
    script.steps.back().side = side;
}

void boot_all(Script& script) {
    for (std::uint32_t i = 0; i < script.nodes(); ++i) {
        add(script, microseconds{130 * i}, StepKind::boot, i);
    }
}

/// A few messages at once from everybody: every class, one in fragments.
void everybody_speaks(Script& script, Nanos at) {
    const std::uint32_t last = script.nodes() - 1;
    say(script, at, 0, Service::agreed, 60);
    say(script, at, 0, Service::safe, 40);
    say(script, at, last, Service::fifo, 30);
    say(script, at, last, Service::agreed, 2'200);
    say(script, at, last, Service::reliable, 30);
    if (last > 1) say(script, at, 1, Service::causal, 30);
    if (last > 1) say(script, at, 1, Service::safe, 30);
}

/// When a ring of all has formed and exchanged its directories, without faults.
constexpr Nanos kFormed = milliseconds{9};

Script quiet(Script script) {
    boot_all(script);
    everybody_speaks(script, kFormed);
    return script;
}

/// The last one dies with its messages on their way.
Script death(Script script) {
    boot_all(script);
    everybody_speaks(script, kFormed);
    add(script, kFormed + microseconds{450}, StepKind::kill, script.nodes() - 1);
    say(script, kFormed + microseconds{600}, 0, Service::safe, 50);
    return script;
}

/// The last one dies and is back before the others know.
Script rebirth(Script script) {
    boot_all(script);
    everybody_speaks(script, kFormed);
    add(script, kFormed + microseconds{450}, StepKind::kill, script.nodes() - 1);
    add(script, kFormed + milliseconds{2}, StepKind::boot, script.nodes() - 1);
    return script;
}

/// The first one is alone for a while; both sides have messages on their way, and speak on.
Script merge(Script script) {
    boot_all(script);
    everybody_speaks(script, kFormed);
    split(script, kFormed + microseconds{450}, 1);
    say(script, kFormed + milliseconds{1}, 0, Service::agreed, 50);
    say(script, kFormed + milliseconds{1}, 1, Service::safe, 50);
    add(script, kFormed + milliseconds{22}, StepKind::heal, 0);
    return script;
}

/// The same, but the net is whole again while the sides are still forming their rings.
Script flap(Script script) {
    boot_all(script);
    everybody_speaks(script, kFormed);
    split(script, kFormed + microseconds{450}, 1);
    add(script, kFormed + milliseconds{10}, StepKind::heal, 0);
    return script;
}

/// The last one leaves in good order.
Script leave(Script script) {
    boot_all(script);
    everybody_speaks(script, kFormed);
    add(script, kFormed + microseconds{450}, StepKind::leave, script.nodes() - 1);
    say(script, kFormed + microseconds{600}, 0, Service::safe, 50);
    return script;
}

struct Course {
    std::string_view name;
    Script (*make)(Script);
    bool flush{false};
};
constexpr Course kCourses[] = {{"quiet", &quiet},
                               {"death", &death},
                               {"rebirth", &rebirth},
                               {"merge", &merge},
                               {"flap", &flap},
                               {"leave", &leave},
                               {"flush-death", &death, true},
                               {"flush-merge", &merge, true}};

}  // namespace

const std::vector<std::string_view>& script_names() {
    static const std::vector<std::string_view> names = [] {
        std::vector<std::string_view> all;
        for (const Course& course : kCourses) all.push_back(course.name);
        return all;
    }();
    return names;
}

Script make_script(std::string_view name, std::uint32_t nodes) {
    for (const Course& course : kCourses) {
        if (course.name != name || nodes < 2) continue;
        Script script;
        script.name = name;
        script.cluster = cluster_of(nodes);
        script.cluster.flush_deadline = Nanos{0};
        script.flush = course.flush;
        script = course.make(std::move(script));
        std::stable_sort(script.steps.begin(), script.steps.end(),
                         [](const Step& a, const Step& b) { return a.at < b.at; });
        return script;
    }
    return {};
}

}  // namespace torc::explore

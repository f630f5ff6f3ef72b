// The window against a model that is nothing but sets of numbers.
#include "ordering/receive_window.hpp"

#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc::ordering {
namespace {

struct CountingPool {
    std::map<void*, int> lent;
    std::vector<std::unique_ptr<std::byte>> cookies;

    FrameRef lend() {
        cookies.push_back(std::make_unique<std::byte>());
        ++lent[cookies.back().get()];
        return {cookies.back().get(), cookies.back().get(), 1, 0};
    }
    std::size_t out() const {
        std::size_t count = 0;
        for (const auto& [cookie, times] : lent) {
            RC_ASSERT(times == 0 || times == 1);
            count += static_cast<std::size_t>(times);
        }
        return count;
    }
    wire::FrameIo io() {
        wire::FrameIo io;
        io.driver = this;
        io.release_fn = [](void* driver, void* cookie) {
            --static_cast<CountingPool*>(driver)->lent[cookie];
        };
        return io;
    }
};

struct Model {
    std::set<std::uint64_t> held;  ///< not discarded
    std::set<std::uint64_t> holes;
    std::uint64_t high{0};
    std::uint64_t stable{0};
    std::uint64_t discarded{0};

    bool filled(std::uint64_t seq) const {
        return seq <= discarded || held.contains(seq) || holes.contains(seq);
    }
    std::uint64_t aru() const {
        std::uint64_t seq = discarded;
        while (seq < high && filled(seq + 1)) ++seq;
        return seq;
    }
};

void same(const ReceiveWindow& window, const Model& model, const CountingPool& pool) {
    RC_ASSERT(window.high().raw == model.high);
    RC_ASSERT(window.aru().raw == model.aru());
    RC_ASSERT(window.stable().raw == model.stable);
    RC_ASSERT(window.discarded().raw == model.discarded);
    RC_ASSERT(window.loans() == model.held.size());
    RC_ASSERT(pool.out() == model.held.size());
    for (std::uint64_t seq = model.discarded + 1; seq <= model.high + 3; ++seq) {
        RC_ASSERT(window.holds(Seq{seq}) == model.held.contains(seq));
        RC_ASSERT(window.missing(Seq{seq}) == !model.filled(seq));
    }
}

void store(ReceiveWindow& window, Model& model, CountingPool& pool, std::uint64_t seq) {
    if (!window.missing(Seq{seq})) return;
    window.store(Seq{seq}, {pool.lend(), 1, NodeIndex{0}, Service::agreed, SlotState::have});
    model.held.insert(seq);
    model.high = std::max(model.high, seq);
}

RC_GTEST_PROP(ReceiveWindow, BehavesLikeSetsOfNumbers, ()) {
    CountingPool pool;
    const wire::FrameIo io = pool.io();
    ReceiveWindow window(io);
    Model model;
    const int steps = *rc::gen::inRange(0, 200);
    for (int step = 0; step < steps; ++step) {
        const auto offset = *rc::gen::inRange<std::uint64_t>(1, 24);
        switch (*rc::gen::inRange(0, 7)) {
            case 0:
            case 1:
            case 2:
                store(window, model, pool, model.discarded + offset);
                break;
            case 3:  // the lowest gap closes
                store(window, model, pool, model.aru() + 1);
                break;
            case 4:
                window.raise_high(Seq{model.discarded + offset});
                model.high = std::max(model.high, model.discarded + offset);
                break;
            case 5: {
                const std::uint64_t to = model.holes.empty() ? model.aru() : model.stable;
                window.raise_stable(Seq{to});
                model.stable = std::max(model.stable, to);
                window.discard(Seq{model.stable});
                while (model.discarded < model.stable) model.held.erase(++model.discarded);
                break;
            }
            case 6: {
                wire::HaveBitmap holes;
                const std::uint64_t base = model.aru();
                holes.resize(model.high - base);
                for (std::uint64_t seq = base + 1; seq <= model.high; ++seq) {
                    if (model.filled(seq) || seq % 2 != offset % 2) continue;
                    holes.set(seq - base - 1);
                    model.holes.insert(seq);
                }
                window.mark_holes(Seq{base}, holes);
                same(window, model, pool);
                if (offset % 3 == 0) break;
                window.unmark_holes();
                model.holes.clear();
                break;
            }
        }
        same(window, model, pool);
    }
    window.reset();
    RC_ASSERT(pool.out() == 0u);
    RC_ASSERT(window.high() == Seq{0});
}

TEST(ReceiveWindow, ReachIsTheCapacity) {
    CountingPool pool;
    const wire::FrameIo io = pool.io();
    ReceiveWindow window(io);
    EXPECT_FALSE(window.in_reach(Seq{0}));
    EXPECT_TRUE(window.in_reach(Seq{kWindowFrames}));
    EXPECT_FALSE(window.in_reach(Seq{kWindowFrames + 1}));
    EXPECT_FALSE(window.holds(Seq{~std::uint64_t{0}}));
}

TEST(ReceiveWindow, GoesAroundManyTimes) {
    CountingPool pool;
    const wire::FrameIo io = pool.io();
    ReceiveWindow window(io);
    for (std::uint64_t seq = 1; seq <= 3 * kWindowFrames + 5; ++seq) {
        window.store(Seq{seq}, {pool.lend(), 1, NodeIndex{0}, Service::agreed, SlotState::have});
        if (seq < 100) continue;
        window.raise_stable(Seq{seq - 50});
        window.discard(Seq{seq - 50});
        ASSERT_EQ(window.loans(), 50u);
    }
    window.reset();
    EXPECT_EQ(window.loans(), 0u);
}

}  // namespace
}  // namespace torc::ordering

// One run along the path that a report named, told point by point.
#include <cstdio>
#include <memory>

#include "tests/explore/explorer.hpp"
#include "tests/explore/world.hpp"

namespace torc::explore {
namespace {

unsigned long long printable(std::uint64_t number) { return number; }

class Replayer : public Chooser {
public:
    Replayer(std::vector<Placed> placed, std::vector<Move> moves, std::uint32_t from, bool verbose)
        : placed_(std::move(placed)), moves_(std::move(moves)), from_(from), verbose_(verbose) {}

    Fault choose(const Point& point) override {
        Fault fault = Fault::none;
        for (const Placed& one : placed_) {
            if (one.point == point.number) fault = one.fault;
        }
        if (verbose_ || fault != Fault::none) tell(point, fault);
        return fault;
    }

    void steer(World& world) override {
        if (moves_.empty() || !world.is_start(from_)) return;
        for (const Move& move : moves_) {
            std::printf("%9.3f ms  move %s\n", milliseconds(world), to_text(move).c_str());
            world.make(move);
        }
        moves_.clear();
    }

    bool is_known(const World&) override { return false; }
    void rested(const World& world) override {
        std::printf("at rest after %.3f ms, %llu events, %llu points%s\n", milliseconds(world),
                    printable(world.events()), printable(world.points()), world.picture().c_str());
    }
    void attach(const World& world) { world_ = &world; }

private:
    static double milliseconds(const World& world) {
        return std::chrono::duration<double, std::milli>(world.virtual_time()).count();
    }

    void tell(const Point& point, Fault fault) const {
        std::printf("%9.3f ms  point %llu: ", milliseconds(*world_), printable(point.number));
        if (point.kind == Point::Kind::timer) {
            std::printf("timer of n%u", point.from);
        } else {
            std::printf("%s from n%u to n%u", name_of_frame(point.frame), point.from, point.to);
        }
        if (point.forming) std::printf(", forming");
        if (fault != Fault::none) std::printf("  <== %s", std::string(name_of(fault)).c_str());
        std::printf("\n");
    }

    std::vector<Placed> placed_;
    std::vector<Move> moves_;
    std::uint32_t from_;
    bool verbose_;
    const World* world_{nullptr};
};

}  // namespace

bool replay(const Exploration& exploration, const std::string& path, bool verbose) {
    std::vector<Placed> placed;
    std::vector<Move> moves;
    const std::string_view text = path == "none" ? std::string_view{} : path;
    if (exploration.moves != 0 ? !parse(text, moves) : !parse(text, placed)) {
        std::printf("not a path: %s\n", path.c_str());
        return false;
    }
    Replayer replayer(std::move(placed), std::move(moves), exploration.from, verbose);
    auto world = std::make_unique<World>(exploration.script, replayer);
    replayer.attach(*world);
    try {
        world->run();
    } catch (const std::exception& violation) {
        std::printf("VIOLATION: %s\n", violation.what());
        static_cast<void>(world.release());  // left in the middle of a step
        return false;
    }
    return true;
}

}  // namespace torc::explore

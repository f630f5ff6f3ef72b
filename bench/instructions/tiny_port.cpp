#include "bench/instructions/tiny_port.hpp"

#include <algorithm>

namespace torc::bench {
namespace {

class TinyPort final : public dataplane::Port {
public:
    TinyPort(TinyWire& wire, std::size_t node, Inbox& inbox)
        : io_(wire.end(node)), wire_(wire), inbox_(inbox) {}

    std::size_t receive(std::span<FrameRef> frames) override {
        const std::size_t urgent = take(inbox_.urgent, frames);
        return urgent + take(inbox_.data, frames.subspan(urgent));
    }
    void transmit(const wire::Transmit& transmit) override { io_.transmit(transmit); }
    void flush() override {}
    FrameRef acquire() override { return io_.acquire(); }
    void release(void* cookie) override { io_.release_fn(io_.driver, cookie); }
    std::size_t loans() const override { return wire_.lent(); }
    void maintain(Instant) override {}
    int wake_fd() const override { return -1; }
    void arm_wake() override {}
    Nanos sleep_max() const override { return Nanos{0}; }
    dataplane::PortCounters counters() const override { return {}; }
    std::string describe() const override { return "tiny"; }

private:
    static std::size_t take(std::vector<Packet>& from, std::span<FrameRef> to) {
        const std::size_t count = std::min(from.size(), to.size());
        for (std::size_t i = 0; i < count; ++i) to[i] = from[i].frame;
        from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    }

    wire::FrameIo io_;
    TinyWire& wire_;
    Inbox& inbox_;
};

}  // namespace

std::unique_ptr<dataplane::Port> make_tiny_port(TinyWire& wire, std::size_t node, Inbox& inbox) {
    return std::make_unique<TinyPort>(wire, node, inbox);
}

}  // namespace torc::bench

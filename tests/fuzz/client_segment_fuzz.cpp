// A client that does anything to the memory it shares with the daemon, at any moment between two
// passes of the poll loop. An input is a series of steps (see `Step`). Beyond "no crash": whatever
// the plane offers the engine is well-formed and lies in memory that the record covers, the client
// never gets more than a ring's worth of room, and at the end the session's slot is free again.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <sys/mman.h>

#include "base/check.hpp"
#include "client_shm/layout.hpp"
#include "client_shm/server/client_plane.hpp"

namespace {

using namespace torc;
using namespace torc::client_shm;
using engine::Accept;
using engine::ClientOp;

enum class Step : std::uint8_t {
    tail,     ///< u64: the submit tail becomes this
    forward,  ///< u16: the submit tail moves on by 16 times this
    bytes,    ///< u16 place (times 16), u8 n, n bytes: written into the ring
    head,     ///< u64: the deliver head becomes this
    tickets,  ///< u8: both tickets become this
    pass,     ///< u8: what the engine answers, two bits an operation
    deliver,  ///< u16 size, u8 service: a message for the session
    hang_up,
    count,
};

/// Takes numbers from the input; zeros when it is used up.
class Input {
public:
    explicit Input(std::span<const std::uint8_t> bytes) : left_{bytes} {}
    bool empty() const { return left_.empty(); }
    template <typename T>
    T take() {
        T value{};
        const std::size_t size = std::min(sizeof value, left_.size());
        if (size > 0) std::memcpy(&value, left_.data(), size);
        left_ = left_.subspan(size);
        return value;
    }
    std::span<const std::uint8_t> take_bytes(std::size_t count) {
        const auto taken = left_.first(std::min(count, left_.size()));
        left_ = left_.subspan(taken.size());
        return taken;
    }

private:
    std::span<const std::uint8_t> left_;
};

/// The client's writable mapping of its segment.
class ClientHands {
public:
    explicit ClientHands(const Segment& submit) {
        base_ = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, submit.fd(), 0);
        TORC_CHECK(base_ != MAP_FAILED);
    }
    ~ClientHands() { munmap(base_, kBytes); }
    ClientHands(const ClientHands&) = delete;
    ClientHands& operator=(const ClientHands&) = delete;
    SubmitHeader* header() const { return static_cast<SubmitHeader*>(base_); }
    std::byte* data() const { return static_cast<std::byte*>(base_) + kSegmentHeaderBytes; }

private:
    static constexpr std::size_t kBytes = kSegmentHeaderBytes + kCapacityMin;
    void* base_{nullptr};
};

std::size_t sum(std::span<const std::byte> bytes) {
    std::size_t total = 0;
    for (const std::byte byte : bytes) total += static_cast<std::size_t>(byte);
    return total;
}

/// What an engine may rely on.
void check_op(const ClientOp& op, const SessionSlot& slot) {
    TORC_CHECK(op.session == slot.id);
    TORC_CHECK(op.name.size() <= 255 && op.groups.size() <= kGroupsPerMessageMax);
    for (const std::string_view group : op.groups) {
        TORC_CHECK(sum(std::as_bytes(std::span(group))) <= 255 * group.size());
    }
    TORC_CHECK(sum(std::as_bytes(std::span(op.name))) <= 255 * op.name.size());
    TORC_CHECK(op.service <= Service::safe);
    if (op.kind != ClientOp::Kind::send) return;
    const std::byte* const ring = slot.submit.data();
    TORC_CHECK(!op.groups.empty());
    TORC_CHECK(op.payload.data() >= ring && op.payload.size() <= kCapacityMin / 2 &&
               op.payload.data() + op.payload.size() <= ring + 2 * kCapacityMin);
    TORC_CHECK(sum(op.payload) <= 255 * op.payload.size());
}

class Run {
public:
    Run(SessionTable& table, ClientPlane& plane, SessionSlot& slot)
        : table_{table}, plane_{plane}, slot_{slot}, hands_{slot.submit} {}

    void step(Input& input) {
        switch (static_cast<Step>(input.take<std::uint8_t>() %
                                  static_cast<std::uint8_t>(Step::count))) {
            case Step::tail:
                hands_.header()->submit_tail.store(input.take<std::uint64_t>());
                break;
            case Step::forward:
                hands_.header()->submit_tail.fetch_add(16u * input.take<std::uint16_t>());
                break;
            case Step::bytes: {
                const std::size_t place = 16u * input.take<std::uint16_t>() % kCapacityMin;
                const auto bytes = input.take_bytes(input.take<std::uint8_t>());
                const std::size_t size = std::min(bytes.size(), kCapacityMin - place);
                if (size > 0) std::memcpy(hands_.data() + place, bytes.data(), size);
                break;
            }
            case Step::head:
                hands_.header()->deliver_head.store(input.take<std::uint64_t>());
                break;
            case Step::tickets: {
                const std::uint32_t ticket = input.take<std::uint8_t>();
                hands_.header()->receive_ticket.store(ticket);
                hands_.header()->send_ticket.store(ticket);
                break;
            }
            case Step::pass:
                pass(input.take<std::uint8_t>());
                break;
            case Step::deliver:
                deliver(input.take<std::uint16_t>(), input.take<std::uint8_t>());
                break;
            case Step::hang_up:
                if (!hung_up_) table_.hang_up(slot_.id);
                hung_up_ = true;
                break;
            case Step::count:
                break;
        }
    }

    void pass(unsigned answers) {
        plane_.poll(Instant{}, [&](const ClientOp& op) {
            check_op(op, slot_);
            const unsigned answer = answers & 3;
            answers >>= 2;
            if (op.kind == ClientOp::Kind::open) return Accept::accepted;
            if (answer == 1) return Accept::would_block;
            return answer == 2 ? Accept::illegal : Accept::accepted;
        });
        plane_.publish();
    }

    /// Whatever happened: the client dies, the engine takes everything, and the slot comes back.
    void finish() {
        if (!hung_up_) table_.hang_up(slot_.id);
        for (int i = 0; i < 4096 && plane_.sessions() > 0; ++i) pass(0);
        TORC_CHECK(plane_.sessions() == 0);
        while (table_.take()) {
        }
        TORC_CHECK(table_.in_use() == 0);
    }

private:
    void deliver(std::size_t size, unsigned service) {
        static const std::array<std::byte, 65536> payload{};
        const std::array<SessionId, 1> sessions{slot_.id};
        const std::array<std::string_view, 1> groups{"g"};
        engine::Delivery delivery;
        delivery.sessions = sessions;
        delivery.sender = "#a#b";
        delivery.groups = groups;
        delivery.service = static_cast<Service>(service % 6);
        delivery.payload = std::span(payload).first(size / 4);
        plane_.deliver(delivery);
    }

    SessionTable& table_;
    ClientPlane& plane_;
    SessionSlot& slot_;
    ClientHands hands_;
    bool hung_up_{false};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::unique_ptr<SessionTable> table =
        std::move(*SessionTable::make({"n1", 1, kCapacityMin, 1024}));
    Input input({data, size});
    PlaneOptions options;
    options.slow_reader = static_cast<config::SlowReaderPolicy>(input.take<std::uint8_t>() % 3);
    ClientPlane plane(*table, options);
    Reason reason{};
    SessionSlot* slot = table->open("", reason);
    TORC_CHECK(slot != nullptr);
    Run run(*table, plane, *slot);
    run.pass(0);
    while (!input.empty()) run.step(input);
    run.finish();
    return 0;
}

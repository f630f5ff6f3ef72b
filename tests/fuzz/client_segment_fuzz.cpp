// A client that does anything to the memory it shares with the daemon, at any moment between two
// passes of the poll loop. An input is a series of steps (see `Step`). Beyond "no crash": whatever
// the plane offers the engine is well-formed and lies in memory that the record covers, the client
// never gets more than a ring's worth of room, and at the end the session's slot is free again. An
// honest neighbour reads from the same delivery log: whatever the other does, it finds there what
// was said, in order.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <sys/mman.h>

#include "base/check.hpp"
#include "client_shm/client/run_walk.hpp"
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
    log_released,  ///< u64: the bytes given back in the log become this
    say_to_both,   ///< u16 size, its top bit: repeats; a message for the session and its neighbour
    neighbour,     ///< u8: the neighbour reads so many records
    let_go,        ///< the client says that it is done, and reads on
    origin,        ///< u64: the submit ring's origin becomes this
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

/// A message that follows has no head, and another before it with one.
std::span<const std::byte> text_of(const RecordView& record, bool& may_follow) {
    if (record.header.flags == kSameHead) {
        TORC_CHECK(may_follow);
        return {record.body, record.header.body_bytes};
    }
    TORC_CHECK(record.header.flags == 0);
    may_follow = true;
    MessageBody body;
    std::memcpy(&body, record.body, sizeof body);
    const std::size_t at = align_up(sizeof body + body.names_bytes, kPayloadAlign);
    return {record.body + at, record.header.body_bytes - at};
}

/// A session that does as libtorc does.
class Neighbour {
public:
    explicit Neighbour(SessionSlot& slot)
        : id_{slot.id},
          hands_{slot.submit},
          header_{slot.deliver.header<DeliverHeader>()},
          ring_{slot.deliver.data(), slot.deliver.capacity(), &hands_.header()->deliver_head,
                &header_->deliver_tail, &header_->deliver_origin} {
        TORC_CHECK(slot.log != nullptr);
        walk_.set_log(slot.log->data(), slot.log->blocks() * kLogBlockBytes);
    }
    SessionId id() const { return id_; }
    /// It is to hear so many bytes of that value.
    void expect(std::size_t size, std::byte value) {
        expected_.push_back({size, value});
        waiting_bytes_ += size;
    }
    std::size_t waiting_bytes() const { return waiting_bytes_; }
    void read(std::size_t records) {
        RecordView record;
        for (std::size_t i = 0; i < records && next(record); ++i) {
            hear(text_of(record, may_follow_));
            if (walk_.is_inside()) {
                log_bytes_ += walk_.advance(record);
                if (!walk_.is_inside()) {
                    ring_.advance(walk_.run());
                    may_follow_ = false;
                }
            } else {
                ring_.advance(record);
            }
            ++records_;
        }
        hands_.header()->released.store(records_);
        hands_.header()->log_released.store(log_bytes_);
        ring_.publish();
    }
    void check_content() const {
        TORC_CHECK(expected_.empty());
        TORC_CHECK(header_->state.load() == static_cast<std::uint32_t>(SessionState::open));
    }

private:
    struct Text {
        std::size_t size;
        std::byte value;
    };

    bool next(RecordView& record) {
        if (!walk_.is_inside()) {
            const RingStatus status = ring_.peek(record);
            TORC_CHECK(status != RingStatus::corrupt);
            if (status != RingStatus::ok) return false;
            if (record.header.type != RecordType::run) return true;
            TORC_CHECK(walk_.enter(record));
            may_follow_ = false;
        }
        TORC_CHECK(walk_.peek(record));
        return true;
    }
    void hear(std::span<const std::byte> text) {
        TORC_CHECK(!expected_.empty() && text.size() == expected_.front().size);
        const std::byte value = expected_.front().value;
        TORC_CHECK(
            std::all_of(text.begin(), text.end(), [&](std::byte at) { return at == value; }));
        waiting_bytes_ -= text.size();
        expected_.pop_front();
    }

    SessionId id_;
    ClientHands hands_;
    DeliverHeader* header_;
    RingConsumer ring_;
    RunWalk walk_;
    bool may_follow_{false};  ///< the record before in the ring or run has a head to share
    std::deque<Text> expected_;
    std::size_t waiting_bytes_{0};
    std::uint64_t records_{0};
    std::uint64_t log_bytes_{0};
};

class Run {
public:
    Run(SessionTable& table, ClientPlane& plane, SessionSlot& slot, SessionSlot& neighbour)
        : table_{table}, plane_{plane}, slot_{slot}, hands_{slot.submit}, neighbour_{neighbour} {}

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
            case Step::log_released:
                hands_.header()->log_released.store(input.take<std::uint64_t>());
                break;
            case Step::say_to_both:
                say_to_both(input.take<std::uint16_t>());
                break;
            case Step::neighbour:
                neighbour_.read(input.take<std::uint8_t>());
                break;
            case Step::let_go:
                if (!let_go_ && !hung_up_) table_.let_go(slot_.id);
                let_go_ = true;
                break;
            case Step::origin:
                hands_.header()->submit_origin.store(input.take<std::uint64_t>());
                break;
            case Step::count:
                break;
        }
    }

    void pass(unsigned answers) {
        plane_.poll(Instant{}, [&](const ClientOp& op) {
            if (op.session == neighbour_.id()) return Accept::accepted;
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
        plane_.publish();
        neighbour_.read(SIZE_MAX);
        neighbour_.check_content();
        table_.hang_up(neighbour_.id());
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
        say(sessions, std::span(payload).first(size / 4), service);
    }
    void say_to_both(std::uint16_t what) {
        const std::size_t size = what % 0x8000 / 4;
        const bool repeats = said_to_both_ && what >= 0x8000;
        // The neighbour keeps up: nobody ends it for being slow.
        if (neighbour_.waiting_bytes() + size > kCapacityMin / 4) {
            plane_.publish();
            neighbour_.read(SIZE_MAX);
        }
        static std::array<std::byte, kCapacityMin / 4> payload;
        const auto value = static_cast<std::byte>(++said_);
        const std::span text = std::span(payload).first(size);
        std::fill(text.begin(), text.end(), value);
        neighbour_.expect(size, value);
        const std::array<SessionId, 2> sessions{slot_.id, neighbour_.id()};
        say(sessions, text, static_cast<unsigned>(Service::agreed), repeats);
        said_to_both_ = true;
    }
    void say(std::span<const SessionId> sessions, std::span<const std::byte> payload,
             unsigned service, bool repeats = false) {
        static constexpr std::array<std::string_view, 1> groups{"g"};
        said_to_both_ = false;
        engine::Delivery delivery;
        delivery.repeats = repeats;
        delivery.sessions = sessions;
        delivery.sender = "#a#b";
        delivery.groups = groups;
        delivery.service = static_cast<Service>(service % 6);
        delivery.payload = payload;
        plane_.deliver(delivery);
    }

    SessionTable& table_;
    ClientPlane& plane_;
    SessionSlot& slot_;
    ClientHands hands_;
    Neighbour neighbour_;
    unsigned said_{0};
    bool said_to_both_{false};  ///< by the last message
    bool hung_up_{false};
    bool let_go_{false};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::unique_ptr<SessionTable> table =
        std::move(*SessionTable::make({"n1", 2, kCapacityMin, 1024}));
    Input input({data, size});
    PlaneOptions options;
    options.slow_reader = static_cast<config::SlowReaderPolicy>(input.take<std::uint8_t>() % 3);
    ClientPlane plane(*table, options);
    Reason reason{};
    SessionSlot* slot = table->open("", reason, {true, 0});
    SessionSlot* neighbour = table->open("", reason, {true, 0});
    TORC_CHECK(slot != nullptr && neighbour != nullptr);
    Run run(*table, plane, *slot, *neighbour);
    run.pass(0);
    while (!input.empty()) run.step(input);
    run.finish();
    return 0;
}

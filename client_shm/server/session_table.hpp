// The daemon's sessions as both kinds of thread see them. The control thread makes a session's
// memory and, much later, unmaps it; in between it is lent to the ring core. A segment is unmapped
// only after the core has said that it let go, so a client's death never pulls memory from under
// the core.
//
//   control: open() ---- opened ---->  core: opens it in the engine
//   control: tells the client <- opened - core: serves the session from now on
//   control: hang_up() - hung_up --->  core: drains what was committed, closes it in the engine
//   control: let_go() -- let_go ---->  core: the same; `hang_up` comes when nobody reads any more
//   control: end() ------- end ----->  core: ends the session for that reason, then as below
//   control: drops the socket <- kick - core: ends the session for a reason, then as above
//   control: frees the name <- lingers - core: closed it; the client may still read from the log
//   control: reclaims, unmaps <- released - core: has let go
//
// Each side's ring has room for everything that can be under way, so a push cannot fail: of one
// slot at most {end, let_go, hung_up of the last life, opened, end, let_go, hung_up} and {opened,
// kick, lingers, released}.
//
// Sessions of one user share a delivery log (config::LogSharing says whether, and which). It is
// made with the first session that takes one and goes with the last.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "base/spsc_ring.hpp"
#include "client_shm/server/delivery_log.hpp"
#include "client_shm/server/fd.hpp"
#include "client_shm/server/segment.hpp"
#include "config/settings.hpp"

namespace torc::client_shm {

/// Logs of one daemon. Sessions of further users get copies.
inline constexpr std::size_t kLogsMax = 16;

/// What the kernel calls every user that has no number in the daemon's user namespace: these are
/// not one user, and share nothing.
inline constexpr uid_t kOverflowUid = 65534;

/// Who asks for a session, and whether its library can read from a log.
struct LogReader {
    bool takes_runs{false};
    uid_t uid{0};
};

struct TableOptions {
    std::string daemon;  ///< name of this node, the last part of private names
    std::uint32_t sessions{256};
    std::uint64_t ring_bytes{std::size_t{4} << 20};  ///< each direction; raised if messages need it
    std::uint64_t message_bytes{kMessageBytesDefault};
    config::LogSharing log_sharing{config::LogSharing::user};
};

/// What the control thread lends to the core.
struct SessionSlot {
    SessionId id;
    std::string name;
    Segment submit;
    Segment deliver;
    Fd receive_bell;            ///< wakes the client's receiver
    Fd space_bell;              ///< wakes the client's sender
    DeliveryLog* log{nullptr};  ///< that the client maps too; nullptr: it gets copies
    bool in_use{false};
    bool end_asked{false};  ///< of this life
    bool lingers{false};    ///< over, but its client may still read; the name is free
};

struct ToCore {
    enum class Kind : std::uint8_t {
        opened,
        let_go,   ///< the client ended it but may still read what it has
        hung_up,  ///< the client is gone
        end,
    };
    Kind kind{};
    SessionId session;
    Reason reason{};
};
struct ToControl {
    enum class Kind : std::uint8_t {
        opened,
        kick,
        lingers,  ///< over for others, and its name free; its client may still read from the log
        released,
    };
    Kind kind{};
    SessionId session;
    Reason reason{};
    bool lingers{false};  ///< kick: the socket stays until the client closes it, or `released`
};

class SessionTable {
public:
    /// Fails: no memory or descriptors, options out of bounds.
    static Result<std::unique_ptr<SessionTable>> make(const TableOptions& options);

    // --- control thread ---

    /// Reserves a slot, makes its memory and tells the core; an empty name gets one. The client
    /// hears of it when the core has answered, so that what others send it from then on arrives.
    /// Gives: the slot, or nullptr and why not.
    SessionSlot* open(std::string_view name, Reason& reason, const LogReader& reader = {});
    SessionSlot& slot(SessionId session) { return slots_[session.slot]; }
    void hang_up(SessionId session);
    /// The client is done but may still read; `hang_up` follows when it is gone.
    void let_go(SessionId session);
    /// Asks the core to end the session, once; its client learns the reason.
    void end(SessionId session, Reason reason);
    /// The open session of that name, or nullptr. Cost: walks the slots.
    const SessionSlot* find(std::string_view name) const;
    /// Next message of the core. `released` has already freed the slot, `lingers` the name.
    std::optional<ToControl> take();
    /// Polls readable when `take` has something.
    int control_bell() const { return control_bell_.get(); }
    void clear_control_bell() const;

    // --- ring core ---

    std::optional<ToCore> take_for_core() { return to_core_.pop(); }
    bool core_has_news() const { return !to_core_.empty(); }
    const SessionSlot& slot(SessionId session) const { return slots_[session.slot]; }
    void opened(SessionId session);
    void kick(SessionId session, Reason reason, bool lingers = false);
    void linger(SessionId session);
    void release(SessionId session);
    /// Wakes the control thread if anything was pushed. Cost: at most one system call.
    void flush_to_control();

    // --- either ---

    /// Clients and the control thread ring it when the core sleeps.
    int core_bell() const { return core_bell_.get(); }
    const Segment& daemon_page() const { return daemon_page_; }
    const TableOptions& options() const { return options_; }
    std::size_t in_use() const { return in_use_; }  ///< control thread
    /// `visit(place, slot)` for every slot, open or not. Control thread.
    template <typename F>
    void for_each_slot(F&& visit) const {
        for (std::size_t place = 0; place < slots_.size(); ++place) visit(place, slots_[place]);
    }

private:
    static constexpr std::size_t kMessagesMax = 32768;
    static_assert(kMessagesMax >= 7 * kSessionsMax);

    struct SharedLog {
        uid_t uid;
        std::uint32_t sessions;
        std::unique_ptr<DeliveryLog> log;
    };

    explicit SessionTable(const TableOptions& options) : options_{options} {}
    bool name_in_use(std::string_view name) const { return find(name) != nullptr; }
    bool make_memory(SessionSlot& slot);
    DeliveryLog* join_log(const LogReader& reader);
    void leave_log(DeliveryLog* log);
    void reset(SessionSlot& slot);

    TableOptions options_;
    std::vector<SharedLog> logs_;  ///< before the slots, which point into it
    std::vector<SessionSlot> slots_;
    std::size_t in_use_{0};
    std::size_t next_slot_{0};  ///< where to look for a free one: slots are reused late
    std::uint64_t names_picked_{0};
    Segment daemon_page_;
    Fd core_bell_;
    Fd control_bell_;
    bool news_for_control_{false};  ///< core only
    SpscRing<ToCore, kMessagesMax> to_core_;
    SpscRing<ToControl, kMessagesMax> to_control_;
};

/// Adds one to an eventfd. A full counter is fine: it is readable already.
void ring_bell(int eventfd);
/// Takes everything from an eventfd.
void clear_bell(int eventfd);

}  // namespace torc::client_shm

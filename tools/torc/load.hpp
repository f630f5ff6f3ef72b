// Clients under load: each thread is one client that sends, receives, measures, and folds what it
// received into a hash, so that "all saw the same order" is one comparison.
//
// Latency is taken from the *intended* send time, so that a stall is charged to every message that
// should have gone out during it (no coordinated omission). The messages that count are those that
// were due in the measured time, however late they come; one that was due and could not be sent at
// all counts with the time that it had waited.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "telemetry/histogram.hpp"
#include "tools/torc/clock.hpp"
#include "tools/torc/latency_tally.hpp"
#include "tools/torc/send_schedule.hpp"
#include "tools/torc/session.hpp"

namespace torc::tool {

/// How long clients look, offering their processor to others, before they sleep. At a rate: beyond
/// the next message, so that the latency seen is the daemons'. In a flood: briefly, so that
/// daemons need not share their processors with lookers.
inline constexpr std::int64_t kSpinAtRateNs = 5'000'000;
inline constexpr std::int64_t kSpinInFloodNs = 50'000;

struct LoadPlan {
    std::string group{"load"};
    unsigned service{TORC_AGREED};
    std::uint32_t safe_every{0};    ///< of each sender every so manieth message is SAFE; 0: none
    std::size_t payload_bytes{64};  ///< at least kStampBytes
    double messages_per_second{0};  ///< of each sender, open loop; 0: as fast as it goes, a flood
    Arrivals arrivals{Arrivals::even};
    std::uint64_t seed{1};    ///< of the arrivals; each sender adds its number
    std::uint32_t window{0};  ///< closed loop: own messages under way; 0: no limit but a flood's
    double warm_up_seconds{0.5};  ///< not measured
    std::int64_t spin_ns{kSpinAtRateNs};
    double seconds{3};
};

/// Bytes of its own that a sender who floods keeps under way at the most: more would wait in memory
/// and only make it colder.
inline constexpr std::size_t kFloodBytes = 1024 * 1024;

/// What goes in front of every payload.
struct Stamp {
    std::uint64_t sender;      ///< number of the sender in the run
    std::uint64_t counter;     ///< from 0
    std::int64_t intended_ns;  ///< CLOCK_MONOTONIC
};
inline constexpr std::size_t kStampBytes = sizeof(Stamp);

struct ClientReport {
    std::string name;
    std::uint64_t sent{0};
    std::uint64_t unsent{0};      ///< open loop: due, but there was no room until the end
    std::uint64_t received{0};    ///< of the run, warm-up included
    std::uint64_t order_hash{0};  ///< over all received, in order
    std::uint64_t measured{0};    ///< received between warm-up and end
    double measured_seconds{0};
    std::uint64_t gaps{0};  ///< counters of a sender that were skipped
    std::uint64_t views{0};
    telemetry::Histogram<> own_latency;       ///< of own messages, ns
    telemetry::Histogram<> own_safe_latency;  ///< of those that `safe_every` made SAFE; not above
    telemetry::Histogram<> others_latency;    ///< of others' messages, ns (one clock: one machine)
    std::string error;                        ///< why the client ended early; empty: it did not
    int error_code{0};
};

/// One client on its own thread.
class LoadClient {
public:
    /// `sender`: its number, or -1 to only receive. `senders`: how many end markers to wait for.
    LoadClient(const Target& target, const LoadPlan& plan, int sender, std::uint32_t senders);
    ~LoadClient();
    LoadClient(const LoadClient&) = delete;
    LoadClient& operator=(const LoadClient&) = delete;

    /// Receives what is there, so that nobody waits for room; before `start`.
    void take_what_came();
    /// Receives until a view of the group has `members` members; before `start`.
    void wait_for_members(std::size_t members);
    void start();
    /// Ends sending; the client then waits for the others' end markers.
    void stop_sending() { sending_.store(false, std::memory_order_relaxed); }
    /// How many senders' end markers to wait for, should one have died.
    void expect_senders(std::uint32_t senders) {
        senders_.store(senders, std::memory_order_relaxed);
    }
    /// Ends the client as it is, whatever has not come yet.
    void give_up() { given_up_.store(true, std::memory_order_relaxed); }
    bool finished() const { return finished_.load(std::memory_order_acquire); }
    /// Joins the thread; gives what it saw.
    ClientReport finish();

    std::uint64_t received() const { return received_.load(std::memory_order_relaxed); }
    /// Members of the newest view of the group, and how many views came.
    std::size_t members() const { return members_.load(std::memory_order_acquire); }
    std::uint64_t views() const { return views_.load(std::memory_order_relaxed); }
    /// When the newest view came, CLOCK_MONOTONIC; read `members` first.
    std::int64_t view_at_ns() const { return view_at_ns_.load(std::memory_order_relaxed); }
    /// Longest time between two messages received since the last call (or so far).
    std::int64_t take_silence_ns() { return silence_ns_.exchange(0, std::memory_order_relaxed); }
    bool failed() const { return failed_.load(std::memory_order_acquire); }

private:
    void run();
    void loop();
    /// Sends what is due, in the end the marker; true if anything went out.
    bool send_due(std::int64_t now);
    /// Sends what is due by `horizon`, kBatch messages at most; gives how many.
    int send_batch(std::int64_t horizon);
    /// Writes the next messages, as long as they are due by `horizon` and of one service, `most` at
    /// the most. Nothing changes but what is written.
    std::size_t prepare(std::int64_t horizon, std::size_t most);
    std::size_t window_left() const;
    bool send_end_marker();
    void give_up_unsent(std::int64_t now);
    void take(const torc_message& message, std::int64_t now);
    void take_stamped(const Stamp& stamp, std::int64_t now);
    bool is_made_safe(std::uint64_t counter) const {
        return plan_.safe_every != 0 && counter % plan_.safe_every == plan_.safe_every - 1;
    }
    bool is_measured(std::int64_t instant_ns) const {
        return instant_ns >= measure_from_ns_ && instant_ns < measure_to_ns_;
    }
    bool everything_came() const;
    std::int64_t wait_ns(std::int64_t now) const;

    static constexpr std::uint16_t kEndMarker = 0xFFFF;
    /// Messages sent, or received, before the other has its turn.
    static constexpr int kBatch = 64;
    static_assert(kBatch <= TORC_HELD_MAX);
    /// Of messages that are sent with one call.
    static constexpr std::size_t kBatchBytes = 32 * 1024;

    LoadPlan plan_;
    int sender_;
    SendSchedule schedule_;
    Session session_;
    std::vector<std::byte> payloads_;  ///< of messages that are sent together
    std::vector<iovec> messages_;      ///< the same
    unsigned service_of_messages_{0};
    std::array<const char*, 1> groups_;
    std::thread thread_;
    ClientReport report_;
    LatencyTally tally_;

    std::int64_t start_ns_{0};
    std::int64_t measure_from_ns_{0};
    std::int64_t measure_to_ns_{0};
    std::int64_t stopped_ns_{0};  ///< what is due from here on is not sent; 0: not yet known
    std::int64_t last_measured_ns_{0};
    std::int64_t last_message_ns_{0};
    std::uint64_t own_received_{0};
    bool end_sent_{false};
    std::uint32_t ends_seen_{0};
    std::vector<std::uint64_t> next_of_;  ///< counter that comes next, by sender; 0: none came

    std::atomic<bool> sending_{true};
    std::atomic<std::uint32_t> senders_;
    std::atomic<std::uint64_t> received_{0};
    std::atomic<std::size_t> members_{0};
    std::atomic<std::uint64_t> views_{0};
    std::atomic<std::int64_t> view_at_ns_{0};
    std::atomic<std::int64_t> silence_ns_{0};
    std::atomic<bool> failed_{false};
    std::atomic<bool> given_up_{false};
    std::atomic<bool> finished_{false};
};

}  // namespace torc::tool

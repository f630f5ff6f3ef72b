// The table itself. Defaults are text, as in the example file; a test holds them against the
// initialisers of settings.hpp.
#include "config/schema.hpp"

#include <array>
#include <limits>
#include <type_traits>

#include "config/mtu.hpp"

namespace torc::config {

namespace {

using std::string_view;

constexpr std::int64_t kMicrosecond = 1'000;
constexpr std::int64_t kMillisecond = 1'000 * kMicrosecond;
constexpr std::int64_t kSecond = 1'000 * kMillisecond;
constexpr std::int64_t kHour = 3'600 * kSecond;
constexpr std::int64_t kKiB = 1 << 10;
constexpr std::int64_t kMiB = 1 << 20;
/// A loan each for the window's frames, the receive and send queues of a port, and a reserve.
constexpr std::int64_t kFramePoolMin = 1024;
constexpr std::int64_t kFramePoolMax = std::int64_t{1} << 22;
constexpr std::int64_t kCoreMax = 1023;
constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kSessionRingMin = 64 * kKiB;
constexpr std::int64_t kSessionRingMax = 64 * kMiB;
/// More than a session's largest memory holds of the smallest records.
constexpr std::int64_t kSessionMessagesMax = kSessionRingMax / 16;
constexpr std::int64_t kHighWaterMin = 10;
constexpr std::int64_t kHighWaterMax = 95;

constexpr std::array<string_view, 3> kDisseminations{"multicast", "unicast", "mesh"};
constexpr std::array<string_view, 2> kInFlight{"fixed", "adaptive"};
constexpr std::array<string_view, 4> kProfiles{"lan", "dpdk", "aggressive", "tight"};
constexpr std::array<string_view, 2> kPorts{"udp", "dpdk"};
constexpr string_view kAuto{"auto"};
constexpr std::array<string_view, 3> kIdles{"spin", "adaptive", "sleepy"};
constexpr std::array<string_view, 3> kSlowReaders{"disconnect", "block", "drop_unreliable"};
constexpr std::array<string_view, 3> kLogSharing{"off", "user", "all"};

/// From a member's type to the internal form and back.
template <typename T>
Value to_value(const T& member) {
    if constexpr (std::is_same_v<T, Nanos>) {
        return member.count();
    } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string> ||
                         std::is_same_v<T, std::vector<std::string>>) {
        return member;
    } else {
        return static_cast<std::int64_t>(member);
    }
}

template <typename T>
void from_value(T& member, const Value& value) {
    if constexpr (std::is_same_v<T, Nanos>) {
        member = Nanos{std::get<std::int64_t>(value)};
    } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string> ||
                         std::is_same_v<T, std::vector<std::string>>) {
        member = std::get<T>(value);
    } else {
        member = static_cast<T>(std::get<std::int64_t>(value));
    }
}

template <auto Member>
struct InCluster {
    static Value get(const Settings& all) { return to_value(all.cluster.*Member); }
    static void set(Settings& all, const Value& value) { from_value(all.cluster.*Member, value); }
};
template <auto Member>
struct InTimers {
    static Value get(const Settings& all) { return to_value(all.cluster.timers.*Member); }
    static void set(Settings& all, const Value& value) {
        from_value(all.cluster.timers.*Member, value);
    }
};
template <auto Member>
struct InNode {
    static Value get(const Settings& all) { return to_value(all.node.*Member); }
    static void set(Settings& all, const Value& value) { from_value(all.node.*Member, value); }
};

template <auto Member>
struct InLossy {
    static Value get(const Settings& all) { return to_value(all.node.lossy.*Member); }
    static void set(Settings& all, const Value& value) {
        from_value(all.node.lossy.*Member, value);
    }
};

/// Operators know their MTU; frames are counted without the headers below ours. As a value, 0 is
/// "auto", too.
struct Mtu {
    static Value get(const Settings& all) {
        return all.cluster.frame_bytes == kFrameBytesAuto
                   ? std::int64_t{0}
                   : std::int64_t{all.cluster.frame_bytes} + kIpUdpBytes;
    }
    static void set(Settings& all, const Value& value) {
        const std::int64_t mtu = std::get<std::int64_t>(value);
        all.cluster.frame_bytes =
            mtu == 0 ? kFrameBytesAuto : static_cast<std::uint32_t>(mtu - kIpUdpBytes);
    }
};

/// A row with its member behind it. The rows below read as a table.
template <typename Access>
constexpr Key with(Key key) {
    key.get = Access::get;
    key.set = Access::set;
    return key;
}

constexpr Key cluster(string_view name, ValueType type, string_view fallback) {
    return {.section = "cluster",
            .name = name,
            .scope = Scope::cluster,
            .type = type,
            .fallback = fallback};
}
constexpr Key timer(string_view name, string_view fallback, string_view text,
                    string_view spread = {}, string_view corosync = {}) {
    return {.section = "cluster.timers",
            .name = name,
            .scope = Scope::cluster,
            .type = ValueType::duration,
            .fallback = fallback,
            .least = 10 * kMicrosecond,
            .most = kHour,
            .text = text,
            .spread = spread,
            .corosync = corosync};
}
constexpr Key local(string_view name, ValueType type, string_view fallback, string_view text) {
    return {.section = "daemon",
            .name = name,
            .scope = Scope::node,
            .type = type,
            .fallback = fallback,
            .text = text};
}
constexpr Key lossy(string_view name, ValueType type, string_view fallback, string_view text) {
    return {.section = "lossy",
            .name = name,
            .scope = Scope::node,
            .type = type,
            .fallback = fallback,
            .text = text};
}
constexpr Key described(Key key, string_view text, string_view spread = {},
                        string_view corosync = {}) {
    key.text = text;
    key.spread = spread;
    key.corosync = corosync;
    return key;
}
constexpr Key within(Key key, std::int64_t least, std::int64_t most) {
    key.least = least;
    key.most = most;
    return key;
}
constexpr Key or_word(Key key, string_view zero_word) {
    key.zero_word = zero_word;
    return key;
}
constexpr Key one_of(Key key, std::span<const string_view> choices) {
    key.choices = choices;
    return key;
}

using C = ClusterSettings;
using N = NodeSettings;
using L = LossySettings;

constexpr std::array kSchema{
    with<InCluster<&C::name>>(described(
        cluster("name", ValueType::name, "\"torc\""),
        "Name of the cluster. Daemons of another name are strangers even on the same group.", {},
        "totem.cluster_name")),
    with<InCluster<&C::dissemination>>(one_of(
        described(
            cluster("dissemination", ValueType::choice, "\"multicast\""),
            "How one frame reaches all daemons: one IP multicast that the switch copies, a copy to "
            "each daemon (clouds without multicast), or a mesh of point-to-point ports (DPDK "
            "only).",
            "Spread_Segment with a multicast, broadcast or unicast address", "totem.transport"),
        kDisseminations)),
    with<InCluster<&C::multicast_group>>(described(
        cluster("multicast_group", ValueType::group, "\"239.84.0.1\""),
        "IPv4 group of the cluster, for dissemination = \"multicast\". Not 224.0.0.x, which "
        "switches flood.",
        "the address of Spread_Segment", "interface.mcastaddr")),
    with<InCluster<&C::data_port>>(
        within(described(cluster("data_port", ValueType::integer, "4803"),
                         "UDP port of data. Tokens and control frames use the next one.",
                         "the port of Spread_Segment", "interface.mcastport"),
               1, 65534)),
    with<Mtu>(or_word(
        within(
            described(
                cluster("mtu", ValueType::bytes, "\"1500B\""),
                "MTU of the ring network on every daemon and switch; frames are as large as fit in "
                "it, after 28 bytes of IPv4 and UDP. \"auto\": that of this daemon's interface, "
                "which then must be the same at all daemons.",
                "MAX_PACKET_SIZE, at compile time", "totem.netmtu"),
            std::int64_t{kFrameBytesMin} + kIpUdpBytes, std::int64_t{kFrameBytesMax} + kIpUdpBytes),
        kAuto)),
    with<InCluster<&C::message_bytes>>(
        within(described(cluster("message_bytes", ValueType::bytes, "\"1MiB\""),
                         "Largest payload of one message; larger sends are refused. Each daemon "
                         "keeps a buffer of "
                         "this size for every daemon that sends large messages.",
                         "MAX_MESSAGE_BODY_LEN (about 140 kB), at compile time"),
               64 * kKiB, std::int64_t{kMessageBytesMax})),
    with<InCluster<&C::in_flight_frames>>(
        within(described(cluster("in_flight_frames", ValueType::integer, "768"),
                         "Frames that may be on the way, not yet known to be everywhere. Keep it "
                         "at or below three "
                         "quarters of the receive descriptors of the smallest NIC: then a stalled "
                         "receiver loses "
                         "nothing.",
                         "Window", "totem.window_size"),
               1, std::int64_t{kInFlightMax})),
    with<InCluster<&C::in_flight>>(one_of(
        described(cluster("in_flight", ValueType::choice, "\"fixed\""),
                  "Whether in_flight_frames is how many may be on the way, or the most: adaptive "
                  "tries, while more waits to be sent, how much the network carries without a "
                  "standing queue or loss, and goes no higher than that."),
        kInFlight)),
    with<InCluster<&C::burst_frames>>(
        within(described(cluster("burst_frames", ValueType::integer, "64"),
                         "New frames that one daemon sends while it has the token.",
                         "PersonalWindow and AcceleratedWindow", "totem.max_messages"),
               1, std::int64_t{kBurstMax})),
    with<InCluster<&C::status_frames>>(described(
        cluster("status_frames", ValueType::boolean, "true"),
        "Small multicasts of what each daemon holds and misses: safe messages are delivered when "
        "all have said that they hold them, and lost frames are sent again at once. Else the token "
        "says both, a rotation or two later.")),
    with<InCluster<&C::groups>>(
        within(described(cluster("groups", ValueType::integer, "16384"),
                         "Process groups that may exist at once. Memory is taken as they come.",
                         "(no limit)"),
               1, std::int64_t{kGroupsMax})),
    with<InCluster<&C::memberships>>(within(
        described(cluster("memberships", ValueType::integer, "131072"),
                  "Memberships of all groups: a session counts once for each group it is in. Joins "
                  "beyond it are refused. Each takes about 60 bytes on every daemon.",
                  "(no limit)"),
        1, std::int64_t{kMembershipsMax})),
    with<InCluster<&C::flush_deadline>>(
        within(described(cluster("flush_deadline", ValueType::duration, "\"10s\""),
                         "A session that does not answer a flush request within this time, and so "
                         "keeps a group from its next view, is disconnected. 0 lets it.",
                         "(none: one silent member blocks a Flush group for good)"),
               0, kHour)),

    one_of(
        described(
            Key{.section = "cluster.timers",
                .name = "profile",
                .scope = Scope::cluster,
                .type = ValueType::choice,
                .fallback = "\"lan\""},
            "Preset of all timers below: lan (any port, shared cores), tight (shared cores whose "
            "stalls you have measured), dpdk (a pinned core each), aggressive (isolated cores that "
            "spin, measured stalls). A timer that is given wins over it. The defaults shown are "
            "those of lan."),
        kProfiles),
    with<InTimers<&Timers::token_retransmit>>(timer(
        "token_retransmit", "\"2ms\"",
        "A token is sent again to a silent successor after this time, then at growing intervals.",
        "HurryTimeout", "totem.token_retransmit")),
    with<InTimers<&Timers::token_loss>>(timer(
        "token_loss", "\"300ms\"",
        "The ring is given up after this time without progress. Must exceed the longest harmless "
        "stall of any daemon five times over: see the counter poll_gap_peak.",
        "TokenTimeout", "totem.token")),
    with<InTimers<&Timers::join_interval>>(
        timer("join_interval", "\"20ms\"",
              "While a ring forms, what is unanswered is said again after this time.",
              "JoinTimeout", "totem.join")),
    with<InTimers<&Timers::consensus>>(
        timer("consensus", "\"150ms\"",
              "Daemons that stay silent for this time while a ring forms are left out.",
              "GatherTimeout", "totem.consensus")),
    with<InTimers<&Timers::form_step>>(timer(
        "form_step", "\"150ms\"",
        "An agreed attempt to form a ring starts over when its plan does not come in this time.",
        "FormTimeout")),
    with<InTimers<&Timers::recovery>>(
        timer("recovery", "\"2s\"",
              "The exchange of old messages between members of a new ring may take this long.")),
    with<InTimers<&Timers::merge_probe>>(
        timer("merge_probe", "\"1s\"",
              "While configured daemons are missing, the ring calls for them at this interval.",
              "LookupTimeout", "totem.merge")),
    with<InTimers<&Timers::hold_refresh>>(
        timer("hold_refresh", "\"50ms\"",
              "A held token still goes round once in this time, to prove that everybody lives.", {},
              "totem.hold")),
    with<InTimers<&Timers::hold_after>>(
        timer("hold_after", "\"100us\"",
              "A token that finds no work for this long is held instead of passed at full speed.")),

    Key{.section = "node",
        .name = "name",
        .scope = Scope::cluster,
        .type = ValueType::name,
        .text = "Name of one daemon, unique. One [[node]] each; their order is the same in every "
                "copy of the file and is kept for the cluster's life: new daemons go to the end.",
        .spread = "the host name in Spread_Segment",
        .corosync = "nodelist.node.name"},
    Key{.section = "node",
        .name = "address",
        .scope = Scope::cluster,
        .type = ValueType::address,
        .text = "IPv4 address of that daemon on the ring network, unique.",
        .spread = "the address in Spread_Segment",
        .corosync = "nodelist.node.ring0_addr"},

    with<InNode<&N::node>>(
        local("node", ValueType::name, "\"\"",
              "Which [[node]] this daemon is. Leave it out of a file that all hosts share and say "
              "`torcd --node NAME`.")),
    with<InNode<&N::runtime_dir>>(
        local("runtime_dir", ValueType::path, "\"/run/torc\"",
              "Folder of the client socket, the counters file and the lock.")),
    with<InNode<&N::port>>(
        one_of(local("port", ValueType::choice, "\"udp\"",
                     "udp: sockets of the kernel, no privileges. dpdk: a poll-mode driver."),
               kPorts)),
    with<InNode<&N::interface>>(local(
        "interface", ValueType::text, "\"\"",
        "Kernel interface of port = \"udp\"; empty: the one that has this daemon's address.")),
    with<InNode<&N::eal>>(local("eal", ValueType::texts, "[]",
                                "Arguments of DPDK's EAL, one string each, such as \"--no-huge\", "
                                "\"--vdev=net_af_packet0,iface=eth1\".")),
    with<InNode<&N::device>>(local(
        "device", ValueType::text, "\"\"",
        "Port of port = \"dpdk\": a device name as the EAL knows it, or \"vhost-mesh\" for pairs "
        "of shared-memory ports between daemons of one host.")),
    with<InNode<&N::mesh_dir>>(local("mesh_dir", ValueType::path, "\"\"",
                                     "Folder of the pair sockets, for device = \"vhost-mesh\".")),
    with<InNode<&N::idle>>(one_of(
        local(
            "idle", ValueType::choice, "\"adaptive\"",
            "What the ring core does without work. spin: looks again; needs a core of its own. "
            "adaptive: yields for idle_yield, then sleeps until something comes. sleepy: sleeps at "
            "once, for more daemons than cores."),
        kIdles)),
    with<InNode<&N::idle_yield>>(
        within(local("idle_yield", ValueType::duration, "\"2ms\"",
                     "How long idle = \"adaptive\" yields before it sleeps."),
               0, kSecond)),
    with<InNode<&N::core>>(
        within(local("core", ValueType::integer, "-1",
                     "CPU that the ring core is pinned to, or -1 to let the kernel move it."),
               -1, kCoreMax)),
    with<InNode<&N::client_core>>(within(
        local("client_core", ValueType::integer, "-1",
              "CPU of a second thread that takes over all clients, or -1 to serve them on the ring "
              "core. Not the same as core; for machines with a core to spare."),
        -1, kCoreMax)),
    with<InNode<&N::session_ring_bytes>>(
        within(local("session_ring_bytes", ValueType::bytes, "\"4MiB\"",
                     "Shared memory of a client session, each direction; a power of two."),
               kSessionRingMin, kSessionRingMax)),
    with<InNode<&N::session_messages>>(within(
        described(local("session_messages", ValueType::integer, "0", {}),
                  "Records that may wait unread for one client; 0: as many as session_ring_bytes "
                  "holds. A client at either limit is treated as slow_reader says.",
                  "MaxSessionMessages"),
        0, kSessionMessagesMax)),
    with<InNode<&N::high_water>>(
        within(local("high_water", ValueType::integer, "75",
                     "A client is warned when so many per cent of either limit wait for it."),
               kHighWaterMin, kHighWaterMax)),
    with<InNode<&N::sessions>>(within(
        local("sessions", ValueType::integer, "256", "Client sessions that may be open at once."),
        1, std::int64_t{kSessionsMax})),
    with<InNode<&N::slow_reader>>(
        one_of(described(local("slow_reader", ValueType::choice, "\"disconnect\"", {}),
                         "What happens to a client whose receive memory is full. disconnect: its "
                         "session ends with "
                         "a reason. block: this daemon's sends wait for it. drop_unreliable: it "
                         "misses unreliable "
                         "messages, and is disconnected for the others.",
                         "MaxSessionMessages"),
               kSlowReaders)),
    with<InNode<&N::delivery_log>>(one_of(
        local("delivery_log", ValueType::choice, "\"user\"",
              "Whose sessions read a message that several of them get from one memory. user: "
              "those of one user. all: every session of this daemon. off: each gets a copy."),
        kLogSharing)),
    with<InNode<&N::frame_pool>>(within(
        local(
            "frame_pool", ValueType::integer,
            "16384",
            "Frames that the port owns: those on the way, those kept for retransmission, and those "
            "waiting in its queues. At least 4 * in_flight_frames + 1024."),
        kFramePoolMin, kFramePoolMax)),

    with<InLossy<&L::enabled>>(
        lossy("enabled", ValueType::boolean, "false",
              "Puts a port that loses frames on purpose in front of the real one. Never where it "
              "matters.")),
    with<InLossy<&L::loss_ppm>>(within(lossy("loss_ppm", ValueType::integer, "0",
                                             "Of a million received frames, so many are lost."),
                                       0, kMillion)),
    with<InLossy<&L::duplicate_ppm>>(
        within(lossy("duplicate_ppm", ValueType::integer, "0",
                     "Of a million received frames, so many come twice."),
               0, kMillion)),
    with<InLossy<&L::delay_ppm>>(
        within(lossy("delay_ppm", ValueType::integer, "0",
                     "Of a million received frames, so many come late, after others."),
               0, kMillion)),
    with<InLossy<&L::delay>>(within(lossy("delay", ValueType::duration, "\"1ms\"",
                                          "Longest delay of a frame that comes late or twice."),
                                    0, kSecond)),
    with<InLossy<&L::seed>>(
        within(lossy("seed", ValueType::integer, "0",
                     "Chooses which frames; 0 is another choice at each start. The daemon's place "
                     "in the list of nodes is added, so that all may have the same."),
               0, std::int64_t{std::numeric_limits<std::int32_t>::max()})),
};

constexpr std::array<string_view, 5> kSections{"cluster", "cluster.timers", "node", "daemon",
                                               "lossy"};

}  // namespace

std::span<const Key> schema() { return kSchema; }
std::span<const string_view> sections() { return kSections; }

const Key* find_key(string_view section, string_view name) {
    for (const Key& key : kSchema) {
        if (key.section == section && key.name == name) return &key;
    }
    return nullptr;
}

}  // namespace torc::config

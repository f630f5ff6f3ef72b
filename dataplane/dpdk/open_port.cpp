// See open_port.hpp.
#include "dataplane/dpdk/open_port.hpp"

#include <algorithm>

#include "config/mtu.hpp"
#include "dataplane/dpdk/device_string.hpp"
#include "dataplane/dpdk/eal.hpp"
#include "dataplane/dpdk/ether_port.hpp"
#include "dataplane/dpdk/kernel_interface.hpp"
#include "dataplane/dpdk/mesh_healer.hpp"
#include "dataplane/dpdk/mesh_port.hpp"
#include "dataplane/dpdk/mesh_socket.hpp"
#include "dataplane/network_interface.hpp"

namespace torc::dataplane::dpdk {

namespace {

constexpr std::uint16_t kDescriptors = 1024;
/// Below this a burst of one token visit does not fit.
constexpr std::uint16_t kDescriptorsLeast = 256;

PoolDemand demand_of(std::uint32_t descriptors, std::uint32_t links) {
    return {descriptors * links, descriptors * links, static_cast<std::uint32_t>(kWindowFrames),
            static_cast<std::uint32_t>(kReceiveBurst + links * TxBuffer::kFramesMax),
            kPoolCacheMost};
}

Result<NodeIndex> find_self(const config::ClusterSettings& cluster, const std::string& name) {
    for (const config::NodeEntry& entry : cluster.nodes) {
        if (entry.name == name) return entry.index;
    }
    return failure("node \"" + name + "\" is not one of the cluster's nodes",
                   "check `node` against the [[node]] entries");
}

Result<std::string> start_memory(const config::NodeSettings& node, const DeviceString* device,
                                 std::uint32_t room) {
    EalRequest request;
    request.extra = node.eal;
    request.device = device;
    request.bytes_needed = pool_bytes(node.frame_pool, room);
    request.huge_bytes_free = huge_bytes_free();
    request.cpus = allowed_cpus();
    request.ring_core = node.core;
    const auto plan = plan_eal(request);
    if (!plan) return tl::unexpected(plan.error());
    if (auto started = start_eal(*plan); !started) return tl::unexpected(started.error());
    return plan->reason;
}

bool is_on_kernel_interface(const DeviceString& device) {
    return device.is_driver("net_af_packet") || device.is_driver("eth_af_packet") ||
           device.is_driver("net_af_xdp");
}

/// The socket that appeared while the device was probed and started.
int new_socket(const std::vector<int>& before) {
    for (const int fd : packet_sockets()) {
        if (std::find(before.begin(), before.end(), fd) == before.end()) return fd;
    }
    return -1;
}

Result<OpenedPort> open_ether(const config::ClusterSettings& cluster,
                              const config::NodeSettings& node, NodeIndex self) {
    auto device = parse_device(node.device);
    if (!device) return tl::unexpected(device.error());
    const bool on_kernel = is_on_kernel_interface(*device);
    if (on_kernel) {
        const auto name = device->argument("iface").value_or("");
        if (auto fit = check_interface(name, cluster.frame_bytes); !fit) {
            return tl::unexpected(fit.error());
        }
    }
    std::uint32_t slot_bytes = 0;
    if (on_kernel && !device->is_driver("net_af_xdp")) {
        *device = complete_af_packet(*device, cluster.frame_bytes);
        slot_bytes = af_packet_slot_bytes(*device);
    }
    if (auto fits = check_pool(node.frame_pool, demand_of(kDescriptors, 1)); !fits) {
        return tl::unexpected(fits.error());
    }
    const std::uint32_t room = buffer_room(cluster.frame_bytes, slot_bytes);
    const auto memory = start_memory(node, &*device, room);
    if (!memory) return tl::unexpected(memory.error());
    EtherPort::Parts parts;
    parts.memory = *memory;
    parts.device = device->to_text();
    parts.unverified = on_kernel ? RxChecksum::verify_partial : RxChecksum::verify;
    const std::vector<int> sockets_before = packet_sockets();
    const auto port = probe_device(*device);
    if (!port) return tl::unexpected(port.error());
    parts.port = *port;
    auto pool = MbufPool::create(node.frame_pool, room, cluster.frame_bytes);
    if (!pool) {
        close_device(*port);
        return tl::unexpected(pool.error());
    }
    parts.pool = std::move(*pool);
    DeviceRequest request;
    request.port = *port;
    request.pool = parts.pool->mempool();
    request.frame_bytes = cluster.frame_bytes;
    request.receive_descriptors = request.transmit_descriptors = kDescriptors;
    request.group =
        cluster.dissemination == config::Dissemination::multicast ? cluster.multicast_group : 0;
    request.ignore_driver_limit = slot_bytes != 0;
    request.offload_checksum = true;
    // net_vhost's descriptor is an epoll that only the mesh knows how to empty.
    request.receive_interrupt = !on_kernel && !device->is_driver("net_vhost");
    auto facts = start_device(request);
    if (!facts) {
        close_device(*port);
        return tl::unexpected(facts.error());
    }
    parts.facts = *facts;
    if (on_kernel) parts.wake_socket = new_socket(sockets_before);
    OpenedPort opened;
    opened.port = std::make_unique<EtherPort>(cluster, self, std::move(parts));
    return opened;
}

/// Starts this daemon's half of a link that it owns; it waits for the peer by itself.
Result<void> start_owned(MeshLink& link, const DeviceRequest& settings) {
    if (auto clear = clear_socket(link.socket); !clear) return clear;
    DeviceString device;
    device.name = "net_vhost" + std::to_string(raw(link.peer));
    device.arguments = "iface=" + link.socket + ",queues=1";
    const auto port = probe_device(device);
    if (!port) return tl::unexpected(port.error());
    DeviceRequest request = settings;
    request.port = *port;
    if (const auto facts = start_device(request); !facts) {
        close_device(*port);
        return tl::unexpected(facts.error());
    }
    link.port = *port;
    link.attachments.store(1, std::memory_order_relaxed);
    link.phase.store(LinkPhase::offered, std::memory_order_release);
    return {};
}

/// The most descriptors, down to kDescriptorsLeast, that frame_pool allows for these links.
Result<std::uint16_t> choose_descriptors(std::uint32_t frame_pool, std::uint32_t links) {
    std::uint16_t descriptors = kDescriptors;
    while (descriptors > kDescriptorsLeast && demand_of(descriptors, links).total() > frame_pool) {
        descriptors = static_cast<std::uint16_t>(descriptors / 2);
    }
    auto fits = check_pool(frame_pool, demand_of(descriptors, links));
    if (!fits) return tl::unexpected(fits.error());
    return descriptors;
}

MeshPort::Parts lay_out_mesh(const config::ClusterSettings& cluster,
                             const config::NodeSettings& node, NodeIndex self) {
    MeshPort::Parts parts;
    parts.folder = node.mesh_dir;
    for (const config::NodeEntry& entry : cluster.nodes) {
        if (entry.index == self) continue;
        auto link = std::make_unique<MeshLink>();
        link->peer = entry.index;
        link->role = raw(self) < raw(entry.index) ? LinkRole::owner : LinkRole::attacher;
        link->socket = mesh_socket_path(node.mesh_dir, self, entry.index);
        parts.links.push_back(std::move(link));
    }
    return parts;
}

Result<OpenedPort> open_mesh(const config::ClusterSettings& cluster,
                             const config::NodeSettings& node, NodeIndex self) {
    if (auto ready = prepare_mesh_dir(node.mesh_dir); !ready) return tl::unexpected(ready.error());
    MeshPort::Parts parts = lay_out_mesh(cluster, node, self);
    const auto descriptors =
        choose_descriptors(node.frame_pool, static_cast<std::uint32_t>(parts.links.size()));
    if (!descriptors) return tl::unexpected(descriptors.error());
    parts.descriptors = *descriptors;
    const std::uint32_t room = buffer_room(cluster.frame_bytes);
    const auto memory = start_memory(node, nullptr, room);
    if (!memory) return tl::unexpected(memory.error());
    parts.memory = *memory;
    auto pool = MbufPool::create(node.frame_pool, room, cluster.frame_bytes);
    if (!pool) return tl::unexpected(pool.error());
    parts.pool = std::move(*pool);

    DeviceRequest request;
    request.pool = parts.pool->mempool();
    request.frame_bytes = cluster.frame_bytes;
    request.receive_descriptors = request.transmit_descriptors = *descriptors;
    request.receive_interrupt = true;
    OpenedPort opened;
    auto port = std::make_unique<MeshPort>(cluster, self, std::move(parts));
    for (const auto& link : port->links()) {
        if (link->role != LinkRole::owner) continue;
        // The port closes what was started before the one that failed.
        if (auto done = start_owned(*link, request); !done) return tl::unexpected(done.error());
    }
    opened.healer = std::make_unique<MeshHealer>(*port, mesh_mac(cluster.nodes[raw(self)].address),
                                                 cluster.frame_bytes, *descriptors);
    opened.port = std::move(port);
    return opened;
}

}  // namespace

Result<std::uint32_t> device_mtu(const config::NodeSettings& node) {
    if (node.device == kVhostMesh) {
        return static_cast<std::uint32_t>(kFrameBytesMax + config::kIpUdpBytes);
    }
    const auto device = parse_device(node.device);
    if (!device) return tl::unexpected(device.error());
    if (!is_on_kernel_interface(*device)) {
        return failure("the MTU of " + node.device + " is not known before it is opened",
                       "set mtu in [cluster] to what its network carries, such as \"9000B\"");
    }
    const std::string name = device->argument("iface").value_or("");
    if (const auto named = interface_named(name)) return static_cast<std::uint32_t>(named->mtu);
    return failure("no network interface \"" + name + "\"", "`ip link` lists what there is");
}

Result<OpenedPort> open_port(const config::ClusterSettings& cluster,
                             const config::NodeSettings& node) {
    const auto self = find_self(cluster, node.node);
    if (!self) return tl::unexpected(self.error());
    if (node.device == kVhostMesh) return open_mesh(cluster, node, *self);
    return open_ether(cluster, node, *self);
}

}  // namespace torc::dataplane::dpdk

// See device.hpp.
#include "dataplane/dpdk/device.hpp"

#include <algorithm>
#include <cstring>
#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

namespace torc::dataplane::dpdk {

namespace {

constexpr std::uint64_t kTransmitChecksum =
    RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
constexpr std::uint64_t kReceiveChecksum =
    RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;

std::string reason_of(int result) {
    return result == -1 ? "refused by its driver" : std::string(std::strerror(std::abs(result)));
}

tl::unexpected<Error> device_failure(const DeviceFacts& facts, const char* step, int result) {
    std::string remedy = "the driver's own message stands above";
    if (result == -ENOMEM) remedy = "raise -m in `eal`, or lower frame_pool";
    if (result == -EPERM || result == -EACCES) {
        remedy =
            "torcd lacks a right: drivers on kernel interfaces need CAP_NET_RAW and "
            "CAP_NET_ADMIN";
    }
    return failure("device " + facts.name + " (" + facts.driver + "): " + step +
                       " failed: " + reason_of(result),
                   remedy);
}

/// The least of what the driver says about packets and about frames, which may disagree.
std::uint32_t largest_mtu(const rte_eth_dev_info& info) {
    std::uint32_t most = info.max_mtu != 0 ? info.max_mtu : std::uint32_t{UINT16_MAX};
    constexpr std::uint32_t kOverhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
    if (info.max_rx_pktlen > kOverhead) most = std::min(most, info.max_rx_pktlen - kOverhead);
    return most;
}

Result<void> configure(const DeviceRequest& request, DeviceFacts& facts) {
    rte_eth_dev_info info{};
    if (const int result = rte_eth_dev_info_get(request.port, &info); result != 0) {
        return device_failure(facts, "reading its capabilities", result);
    }
    facts.driver = info.driver_name == nullptr ? "?" : info.driver_name;
    facts.mtu = static_cast<std::uint32_t>(request.frame_bytes + kIpUdpBytes);
    const std::uint32_t most = largest_mtu(info);
    if (facts.mtu > most && !request.ignore_driver_limit) {
        return failure("device " + facts.name + " (" + facts.driver + ") carries at most " +
                           std::to_string(most) +
                           " bytes of IP, frame_bytes = " + std::to_string(request.frame_bytes) +
                           " needs " + std::to_string(facts.mtu),
                       "lower mtu in [cluster] to \"" + std::to_string(most) + "B\"");
    }
    rte_eth_conf conf{};
    conf.rxmode.mtu = std::min(std::max<std::uint32_t>(facts.mtu, RTE_ETHER_MTU), most);
    if (request.offload_checksum) {
        facts.transmit_checksum = (info.tx_offload_capa & kTransmitChecksum) == kTransmitChecksum;
        facts.receive_checksum = (info.rx_offload_capa & kReceiveChecksum) == kReceiveChecksum;
    }
    if (facts.transmit_checksum) conf.txmode.offloads |= kTransmitChecksum;
    if (facts.receive_checksum) conf.rxmode.offloads |= kReceiveChecksum;
    conf.intr_conf.rxq = request.receive_interrupt ? 1 : 0;
    int result = rte_eth_dev_configure(request.port, 1, 1, &conf);
    if (result != 0 && conf.intr_conf.rxq == 1) {
        conf.intr_conf.rxq = 0;
        result = rte_eth_dev_configure(request.port, 1, 1, &conf);
    }
    facts.receive_interrupt = conf.intr_conf.rxq == 1;
    if (result != 0) return device_failure(facts, "configuration", result);
    return {};
}

Result<void> set_up_queues(const DeviceRequest& request, DeviceFacts& facts) {
    facts.receive_descriptors = request.receive_descriptors;
    facts.transmit_descriptors = request.transmit_descriptors;
    int result = rte_eth_dev_adjust_nb_rx_tx_desc(request.port, &facts.receive_descriptors,
                                                  &facts.transmit_descriptors);
    if (result != 0) return device_failure(facts, "choosing queue sizes", result);
    const auto socket = static_cast<unsigned>(SOCKET_ID_ANY);
    // No fast free: frames are shared by reference counts.
    result = rte_eth_tx_queue_setup(request.port, 0, facts.transmit_descriptors, socket, nullptr);
    if (result != 0) return device_failure(facts, "transmit queue set-up", result);
    result = rte_eth_rx_queue_setup(request.port, 0, facts.receive_descriptors, socket, nullptr,
                                    request.pool);
    if (result != 0) return device_failure(facts, "receive queue set-up", result);
    return {};
}

/// The narrowest filter that lets the group in and that the driver can set.
MulticastFilter admit_group(std::uint16_t port, std::uint32_t group) {
    if (group == 0) return MulticastFilter::none;
    const MacAddress mac = multicast_mac(group);
    rte_ether_addr address;
    std::memcpy(address.addr_bytes, mac.bytes.data(), mac.bytes.size());
    if (rte_eth_dev_set_mc_addr_list(port, &address, 1) == 0) return MulticastFilter::filter;
    if (rte_eth_allmulticast_enable(port) == 0) return MulticastFilter::all_multicast;
    if (rte_eth_promiscuous_enable(port) == 0) return MulticastFilter::promiscuous;
    return MulticastFilter::none;
}

}  // namespace

const char* to_text(MulticastFilter filter) {
    switch (filter) {
        case MulticastFilter::none:
            return "none";
        case MulticastFilter::filter:
            return "filter on our group";
        case MulticastFilter::all_multicast:
            return "all multicast (no filter list)";
        case MulticastFilter::promiscuous:
            return "promiscuous (neither filter list nor all-multicast)";
    }
    return "?";
}

Result<std::uint16_t> probe_device(const DeviceString& device) {
    std::uint16_t port = 0;
    if (rte_eth_dev_get_port_by_name(device.name.c_str(), &port) == 0) return port;
    if (device.bus == DeviceBus::pci) {
        return failure("no DPDK device " + device.name,
                       "check the address with `lspci -D`, and that the device is bound to "
                       "vfio-pci (`dpdk-devbind.py --status`)");
    }
    const int result = rte_eal_hotplug_add("vdev", device.name.c_str(), device.arguments.c_str());
    if (result != 0) {
        std::string remedy = "the driver's own message stands above; check the name and arguments";
        if (device.is_driver("net_af_packet")) {
            remedy +=
                "; if it names PACKET_FANOUT, start torcd again: the driver makes that id of "
                "the process id, and another process here has the same";
        }
        return failure("device \"" + device.to_text() + "\" did not probe: " + reason_of(result),
                       remedy);
    }
    if (rte_eth_dev_get_port_by_name(device.name.c_str(), &port) != 0) {
        return failure("device \"" + device.to_text() + "\" probed but gave no port",
                       "is it an Ethernet device?");
    }
    return port;
}

void stop_device(std::uint16_t port) { static_cast<void>(rte_eth_dev_stop(port)); }

void settle() { rte_delay_us_sleep(static_cast<unsigned>(kSettle / std::chrono::microseconds{1})); }

void close_device(std::uint16_t port) {
    rte_eth_dev_info info{};
    const bool known = rte_eth_dev_info_get(port, &info) == 0;
    static_cast<void>(rte_eth_dev_close(port));
    if (known && info.device != nullptr) static_cast<void>(rte_dev_remove(info.device));
}

Result<DeviceFacts> start_device(const DeviceRequest& request) {
    DeviceFacts facts;
    std::array<char, RTE_ETH_NAME_MAX_LEN> name{};
    if (rte_eth_dev_get_name_by_port(request.port, name.data()) == 0) facts.name = name.data();
    if (auto done = configure(request, facts); !done) return tl::unexpected(done.error());
    if (auto done = set_up_queues(request, facts); !done) return tl::unexpected(done.error());
    int result = rte_eth_dev_start(request.port);
    const bool is_virtio = facts.driver.starts_with("net_virtio");  // see the header
    if (result != 0 && facts.receive_interrupt && !is_virtio) {
        DeviceRequest polled = request;  // some drivers accept interrupts and fail to start
        polled.receive_interrupt = false;
        return start_device(polled);
    }
    if (result != 0) return device_failure(facts, "start", result);
    rte_ether_addr address{};
    result = rte_eth_macaddr_get(request.port, &address);
    if (result != 0) return device_failure(facts, "reading its MAC address", result);
    std::memcpy(facts.mac.bytes.data(), address.addr_bytes, facts.mac.bytes.size());
    facts.multicast = admit_group(request.port, request.group);
    if (request.group != 0 && facts.multicast == MulticastFilter::none) {
        static_cast<void>(rte_eth_dev_stop(request.port));
        return failure("device " + facts.name + " (" + facts.driver +
                           ") can neither filter for a multicast group nor let all frames in",
                       "use dissemination = \"unicast\", or another device");
    }
    return facts;
}

bool link_is_up(std::uint16_t port) {
    rte_eth_link link{};
    return rte_eth_link_get_nowait(port, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

}  // namespace torc::dataplane::dpdk

// See mesh_healer.hpp.
#include "dataplane/dpdk/mesh_healer.hpp"

#include "dataplane/dpdk/mesh_socket.hpp"

namespace torc::dataplane::dpdk {

namespace {

/// After a failed set-up: an owner that is just starting, or just dying, needs a moment.
constexpr Nanos kAttachAgainAfter{std::chrono::milliseconds{200}};
/// On a lost peer virtio_user leaves work to an alarm of the EAL's interrupt thread and does not
/// cancel it when the device is closed (DPDK 22.11): the alarm, due after a microsecond, must have
/// run before the device's memory goes.
constexpr Nanos kSettle{std::chrono::milliseconds{100}};

}  // namespace

void MeshHealer::step(Instant now) {
    for (const auto& link : port_.links()) {
        if (link->role != LinkRole::attacher) continue;
        switch (link->phase.load(std::memory_order_acquire)) {  // pairs with MeshPort::maintain
            case LinkPhase::absent: attach(*link, now); break;
            case LinkPhase::active: check(*link, now); break;
            case LinkPhase::released: close(*link, now); break;
            case LinkPhase::offered:
            case LinkPhase::leaving: break;  // the ring core's turn
        }
    }
}

void MeshHealer::attach(MeshLink& link, Instant now) {
    if (now < attach_again_[raw(link.peer)]) return;
    if (probe_socket(link.socket) != SocketState::answers) return;
    attach_again_[raw(link.peer)] = now + kAttachAgainAfter;
    DeviceString device;
    device.name = "net_virtio_user" + std::to_string(raw(link.peer));
    device.arguments = "path=" + link.socket + ",queue_size=" + std::to_string(descriptors_) +
                       ",mrg_rxbuf=1,packed_vq=1,mac=" + to_text(own_mac_);
    const auto port = probe_device(device);
    if (!port) {
        ++attach_failures_;
        return;
    }
    DeviceRequest request;
    request.port = *port;
    request.pool = port_.pool().mempool();
    request.frame_bytes = frame_bytes_;
    request.receive_descriptors = descriptors_;
    request.transmit_descriptors = descriptors_;
    request.receive_interrupt = true;
    if (!start_device(request)) {
        ++attach_failures_;
        remove_device(*port);
        return;
    }
    link.port = *port;
    link.is_up.store(link_is_up(*port), std::memory_order_relaxed);
    link.attachments.fetch_add(1, std::memory_order_relaxed);
    link.phase.store(LinkPhase::offered, std::memory_order_release);  // pairs with maintain
}

void MeshHealer::check(MeshLink& link, Instant now) {
    const bool is_up = link_is_up(link.port);
    link.is_up.store(is_up, std::memory_order_relaxed);
    if (is_up) return;
    close_after_[raw(link.peer)] = now + kSettle;
    link.phase.store(LinkPhase::leaving, std::memory_order_release);  // pairs with maintain
}

void MeshHealer::close(MeshLink& link, Instant now) {
    if (now < close_after_[raw(link.peer)]) return;
    remove_device(link.port);
    link.phase.store(LinkPhase::absent, std::memory_order_relaxed);  // read by this thread only
}

}  // namespace torc::dataplane::dpdk

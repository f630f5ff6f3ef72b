// See mesh_healer.hpp.
#include "dataplane/dpdk/mesh_healer.hpp"

#include "dataplane/dpdk/mesh_socket.hpp"

namespace torc::dataplane::dpdk {

namespace {

/// After a failed set-up: an owner that is just starting, or just dying, needs a moment.
constexpr Nanos kAttachAgainAfter{std::chrono::milliseconds{200}};
/// An owner answers in microseconds; one that is stopped, never.
constexpr Nanos kOwnerPatience{std::chrono::milliseconds{20}};

}  // namespace

void MeshHealer::step(Instant now) {
    for (const auto& link : port_.links()) {
        if (link->role != LinkRole::attacher) continue;
        switch (link->phase.load(std::memory_order_acquire)) {  // pairs with MeshPort::maintain
            case LinkPhase::absent:
                attach(*link, now);
                break;
            case LinkPhase::active:
                check(*link);
                break;
            case LinkPhase::released:
                close(*link, now);
                break;
            case LinkPhase::offered:
            case LinkPhase::leaving:
                break;  // the ring core's turn
        }
    }
}

void MeshHealer::attach(MeshLink& link, Instant now) {
    if (now < attach_again_[raw(link.peer)]) return;
    if (probe_socket(link.socket) != SocketState::answers) return;
    attach_again_[raw(link.peer)] = now + kAttachAgainAfter;
    if (!owner_answers(link.socket, kOwnerPatience)) return;
    DeviceString device;
    // A name of its own each time: an abandoned device keeps the old one.
    device.name =
        "net_virtio_user" + std::to_string(raw(link.peer)) + "n" + std::to_string(attempts_++);
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
    request.receive_interrupt = abandoned_ < kAbandonedMax;
    if (!start_device(request)) {
        ++attach_failures_;
        if (request.receive_interrupt) {
            ++abandoned_;
        } else {
            close_device(*port);
        }
        return;
    }
    link.port = *port;
    link.is_up.store(link_is_up(*port), std::memory_order_relaxed);
    link.attachments.fetch_add(1, std::memory_order_relaxed);
    link.phase.store(LinkPhase::offered, std::memory_order_release);  // pairs with maintain
}

void MeshHealer::check(MeshLink& link) {
    const bool is_up = link_is_up(link.port);
    link.is_up.store(is_up, std::memory_order_relaxed);
    if (!is_up) link.phase.store(LinkPhase::leaving, std::memory_order_release);  // with maintain
}

void MeshHealer::close(MeshLink& link, Instant now) {
    Instant& close_after = close_after_[raw(link.peer)];
    if (close_after == kNever) {
        stop_device(link.port);
        close_after = now + kSettle;
    } else if (now >= close_after) {
        close_device(link.port);
        close_after = kNever;
        link.phase.store(LinkPhase::absent, std::memory_order_relaxed);  // ours alone from here
    }
}

}  // namespace torc::dataplane::dpdk

// Where the engine's effects go: frames to the port, messages and views to the clients. It is the
// `driver` behind engine::Effects, made before the engine because the engine keeps the table.
#pragma once

#include <utility>

#include "dataplane/port.hpp"
#include "engine/effects.hpp"
#include "telemetry/flight_recorder.hpp"
#include "wire/frame_io.hpp"

namespace torc::dataplane {

/// `Clients` is client_shm::ClientPlane or ClientRelay, or a test's stand-in with the same calls.
/// **Threads**: the ring core.
template <typename Clients>
class LoopOutlet {
public:
    /// Without a recorder the engine traces nothing.
    LoopOutlet(Port& port, Clients& clients, telemetry::FlightRecorder* recorder = nullptr)
        : port_(port), clients_(clients), recorder_(recorder) {}
    LoopOutlet(const LoopOutlet&) = delete;
    LoopOutlet& operator=(const LoopOutlet&) = delete;

    /// The table for the engine; valid as long as this object.
    engine::Effects effects() {
        engine::Effects effects;
        effects.frames = {this, &acquire, &transmit, &release};
        effects.driver = this;
        effects.deliver_fn = [](void* self, const engine::Delivery& delivery) {
            of(self).let_urgent_go();
            of(self).clients_.deliver(delivery);
        };
        effects.view_fn = [](void* self, const engine::ViewEvent& event) {
            of(self).clients_.view(event);
        };
        effects.flush_fn = [](void* self, const engine::FlushRequest& request) {
            of(self).clients_.flush(request);
        };
        effects.ordered_fn = [](void* self, SessionId id, Service service) {
            of(self).clients_.ordered(id, service);
        };
        effects.session_fn = [](void* self, SessionId id, engine::SessionOutcome outcome) {
            of(self).clients_.session(id, outcome);
        };
        effects.recorder = recorder_;
        return effects;
    }

    /// Whether a token or a membership frame was queued since the last call. It must leave before
    /// the rest of a burst is worked through: the whole ring waits for it.
    bool take_urgent() { return std::exchange(urgent_, false); }

private:
    /// A visit queues the token and its burst, then delivers what became stable. The ring must not
    /// wait for that: each member would pass on a rotation's deliveries later than it could.
    void let_urgent_go() {
        if (take_urgent()) port_.flush();
    }
    static LoopOutlet& of(void* self) { return *static_cast<LoopOutlet*>(self); }
    static FrameRef acquire(void* self) { return of(self).port_.acquire(); }
    static void transmit(void* self, const wire::Transmit& transmit) {
        if (transmit.channel != wire::Channel::data) of(self).urgent_ = true;
        of(self).port_.transmit(transmit);
    }
    static void release(void* self, void* cookie) { of(self).port_.release(cookie); }

    Port& port_;
    Clients& clients_;
    telemetry::FlightRecorder* recorder_;
    bool urgent_{false};
};

}  // namespace torc::dataplane

// A device's receive interrupt as a descriptor to sleep on: armed only around a sleep, so that a
// polling core never pays for it.
#pragma once

#include <cstdint>

namespace torc::dataplane::dpdk {

class RxWake {
public:
    /// Asks the driver for the descriptor of queue 0; fd() stays -1 where it has none.
    void open(std::uint16_t port);
    void forget() { *this = RxWake{}; }
    int fd() const { return fd_; }

    /// Makes the next frame ring. False if the driver refuses (the other side is away).
    bool arm();
    /// Around each poll; nothing when not armed. The descriptor is emptied before the look, so a
    /// frame that comes after the look rings again, and disarmed once a look found something.
    void before_poll() {
        if (armed_) drain();
    }
    void after_poll(bool found) {
        if (armed_ && found) disarm();
    }

private:
    void drain();
    void disarm();

    std::uint16_t port_{0};
    int fd_{-1};
    bool armed_{false};
};

}  // namespace torc::dataplane::dpdk

// A port that loses, repeats and delays frames on purpose, in front of any other: for tests, and
// for everybody who wants to see what loss does to a ring without tools of the kernel. Off by
// default, and then it is not there at all.
//
// It works on what is received: a frame lost here was sent, and others may have it, which is the
// kind of loss that a ring must repair. A delayed frame comes after later ones, so delay is
// reordering as well. Rates may be changed while the daemon runs (dataplane/lossy_page.hpp).
#pragma once

#include <memory>
#include <string>

#include "base/fixed_vec.hpp"
#include "base/prng.hpp"
#include "dataplane/lossy_page.hpp"
#include "dataplane/port.hpp"

namespace torc::dataplane {

class LossyPort final : public Port {
public:
    /// Frames that wait for their time; when so many do, further ones are not delayed or repeated.
    static constexpr std::size_t kHeldMax = 256;
    using Now = Instant (*)();

    /// `seed` makes the choices; daemons of one cluster should have different ones.
    LossyPort(std::unique_ptr<Port> inner, LossyPage page, std::uint64_t seed, Now now = nullptr);
    ~LossyPort() override;

    std::size_t receive(std::span<FrameRef> frames) override;
    void transmit(const wire::Transmit& transmit) override { inner_->transmit(transmit); }
    void flush() override { inner_->flush(); }
    FrameRef acquire() override { return inner_->acquire(); }
    void release(void* cookie) override { inner_->release(cookie); }
    /// Without the frames held here: nobody else has those.
    std::size_t loans() const override { return inner_->loans() - held_.size(); }
    void maintain(Instant now) override { inner_->maintain(now); }
    int wake_fd() const override { return inner_->wake_fd(); }
    void arm_wake() override { inner_->arm_wake(); }
    /// No descriptor tells when a held frame's time comes, so sleeps are short where there are any.
    Nanos sleep_max() const override;
    PortCounters counters() const override;
    std::string describe() const override;

private:
    struct Held {
        Instant due;
        FrameRef frame;
    };

    std::size_t take_due(std::span<FrameRef> frames);
    std::size_t take_fresh(std::span<FrameRef> frames);
    /// True if the frame is to be handed on now.
    bool passes(const FrameRef& frame, const LossyRates& rates);
    bool is_lost(const FrameRef& frame, const LossyRates& rates);
    void repeat(const FrameRef& frame, const LossyRates& rates);
    Instant later(const LossyRates& rates);

    std::unique_ptr<Port> inner_;
    LossyPage page_;
    Prng prng_;
    Now now_;
    FixedVec<Held, kHeldMax> held_;
    std::uint64_t lost_{0};
    std::uint64_t duplicated_{0};
    std::uint64_t delayed_{0};
};

}  // namespace torc::dataplane

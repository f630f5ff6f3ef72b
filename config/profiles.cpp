// Timer presets: the three columns of protocol.md 3.5, and one between them for processors that are
// shared but measured.
#include <chrono>

#include "config/schema.hpp"

namespace torc::config {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kDpdk = 1;
constexpr std::size_t kAggressive = 2;
constexpr std::size_t kTight = 3;

}  // namespace

Timers timers_of_profile(std::size_t profile) {
    if (profile == kDpdk) {
        return {.token_retransmit = 50us,
                .token_loss = 10ms,
                .join_interval = 500us,
                .consensus = 5ms,
                .form_step = 5ms,
                .recovery = 100ms,
                .merge_probe = 100ms,
                .hold_refresh = 1ms,
                .hold_after = 100us};
    }
    if (profile == kAggressive) {
        return {.token_retransmit = 20us,
                .token_loss = 1ms,
                .join_interval = 100us,
                .consensus = 1ms,
                .form_step = 1ms,
                .recovery = 20ms,
                .merge_probe = 100ms,
                .hold_refresh = 200us,
                .hold_after = 100us};
    }
    if (profile == kTight) {
        return {.token_retransmit = 2ms,
                .token_loss = 100ms,
                .join_interval = 5ms,
                .consensus = 50ms,
                .form_step = 50ms,
                .recovery = 500ms,
                .merge_probe = 100ms,
                .hold_refresh = 20ms,
                .hold_after = 100us};
    }
    return {};  // lan: the initialisers of Timers
}

}  // namespace torc::config

// Body of STATE: what a member holds of its old ring.
#include "wire/control_fields.hpp"
#include "wire/membership.hpp"

namespace torc::wire {

std::size_t encode_body(const State& state, std::span<std::byte> room) {
    Writer writer(room);
    put_attempt(writer, state.attempt);
    writer.u64(state.lease_wait_ns);
    writer.u64(state.group_digest);
    put_ring(writer, state.old_ring.ring);
    writer.u64(state.old_ring.stable.raw);
    writer.u64(state.old_ring.aru.raw);
    writer.u64(state.old_ring.high.raw);
    put_bitmap(writer, state.old_ring.have);
    put_members(writer, state.old_ring.obligations);
    return writer.finish();
}

std::optional<State> decode_state(const Control& control, std::span<const std::byte> body) {
    std::optional<State> state(std::in_place);
    Reader reader(body);
    state->control = control;
    state->attempt = get_attempt(reader);
    state->lease_wait_ns = reader.u64();
    state->group_digest = reader.u64();
    OldRingState& old_ring = state->old_ring;
    old_ring.ring = get_ring(reader);
    old_ring.stable = Seq{reader.u64()};
    old_ring.aru = Seq{reader.u64()};
    old_ring.high = Seq{reader.u64()};
    reader.require(old_ring.stable <= old_ring.aru && old_ring.aru <= old_ring.high);
    get_bitmap(reader, distance(old_ring.aru, old_ring.high), old_ring.have);
    get_members(reader, old_ring.obligations);
    if (!reader.finished()) state.reset();
    return state;
}

}  // namespace torc::wire

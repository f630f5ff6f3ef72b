// Body of PROPOSE.
#include "wire/control_fields.hpp"
#include "wire/membership.hpp"

namespace torc::wire {

std::size_t encode_body(const Propose& propose, std::span<std::byte> room) {
    Writer writer(room);
    put_attempt(writer, propose.attempt);
    put_members(writer, propose.proc_set);
    put_members(writer, propose.fail_set);
    return writer.finish();
}

std::optional<Propose> decode_propose(const Control& control, std::span<const std::byte> body) {
    std::optional<Propose> propose(std::in_place);
    Reader reader(body);
    propose->control = control;
    propose->attempt = get_attempt(reader);
    get_members(reader, propose->proc_set);
    get_members(reader, propose->fail_set);
    if (!reader.finished()) propose.reset();
    return propose;
}

}  // namespace torc::wire

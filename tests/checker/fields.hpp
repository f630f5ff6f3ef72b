// Names of the record kinds and of their fields in the text form, once for reading and writing.
// An archive has: number, hex, process, ring, session, service, cause, name, names, numbers, flag;
// each takes the key and the field. A flag that is false is not written.
#pragma once

#include <array>
#include <string_view>

#include "tests/checker/record.hpp"

namespace torc::check {

/// In the order of the alternatives of Record.
constexpr std::array<std::string_view, std::variant_size_v<Record>> kKinds{
    "boot", "fail",  "sent",    "delivered", "transitional", "regular", "opened", "closed", "lost",
    "said", "heard", "refused", "asked",     "flushed",      "signal",  "view",   "rest"};

constexpr std::array<std::string_view, 6> kServices{"unreliable", "reliable", "fifo",
                                                    "causal",     "agreed",   "safe"};
constexpr std::array<std::string_view, 5> kCauses{"join", "leave", "disconnect", "network",
                                                  "self_leave"};

template <typename Archive>
void fields(Archive& archive, Boot& record) {
    archive.process("at", record.at);
}

template <typename Archive>
void fields(Archive& archive, Fail& record) {
    archive.process("at", record.at);
}

template <typename Archive>
void fields(Archive& archive, Sent& record) {
    archive.process("at", record.at);
    archive.ring("ring", record.ring);
    archive.number("seq", record.seq);
    archive.number("index", record.index);
    archive.service("service", record.service);
    archive.hex("hash", record.hash);
}

template <typename Archive>
void fields(Archive& archive, Delivered& record) {
    archive.process("at", record.at);
    archive.ring("ring", record.ring);
    archive.number("seq", record.seq);
    archive.number("index", record.index);
    archive.number("sender", record.sender);
    archive.service("service", record.service);
    archive.hex("hash", record.hash);
}

template <typename Archive>
void fields(Archive& archive, Transitional& record) {
    archive.process("at", record.at);
    archive.ring("ring", record.ring);
    archive.numbers("members", record.members);
}

template <typename Archive>
void fields(Archive& archive, Regular& record) {
    archive.process("at", record.at);
    archive.ring("ring", record.ring);
    archive.numbers("members", record.members);
}

template <typename Archive>
void fields(Archive& archive, Opened& record) {
    archive.process("at", record.at);
    archive.session("session", record.session);
}

template <typename Archive>
void fields(Archive& archive, Closed& record) {
    archive.process("at", record.at);
    archive.session("session", record.session);
}

template <typename Archive>
void fields(Archive& archive, Lost& record) {
    archive.process("at", record.at);
    archive.session("session", record.session);
}

template <typename Archive>
void fields(Archive& archive, Said& record) {
    archive.process("at", record.at);
    archive.session("session", record.session);
    archive.number("message", record.message);
    archive.service("service", record.service);
    archive.names("groups", record.groups);
    archive.flag("subgroup", record.subgroup);
}

template <typename Archive>
void fields(Archive& archive, Heard& record) {
    archive.process("at", record.at);
    archive.session("session", record.session);
    archive.number("message", record.message);
    archive.service("service", record.service);
    archive.names("groups", record.groups);
}

template <typename Archive>
void fields(Archive& archive, Refused& record) {
    archive.process("at", record.at);
    archive.session("session", record.session);
    archive.number("message", record.message);
}

template <typename Archive>
void fields(Archive& archive, Asked& record) {
    archive.process("at", record.at);
    archive.session("session", record.session);
    archive.name("group", record.group);
}

template <typename Archive>
void fields(Archive& archive, Flushed& record) {
    archive.process("at", record.at);
    archive.session("session", record.session);
    archive.name("group", record.group);
}

template <typename Archive>
void fields(Archive& archive, Signal& record) {
    archive.process("at", record.at);
    archive.session("session", record.session);
    archive.name("group", record.group);
}

template <typename Archive>
void fields(Archive& archive, View& record) {
    archive.process("at", record.at);
    archive.session("session", record.session);
    archive.name("group", record.group);
    archive.ring("ring", record.ring);
    archive.number("index", record.index);
    archive.cause("cause", record.cause);
    archive.names("members", record.members);
    archive.numbers("sets", record.sets);
    archive.number("mine", record.mine);
    archive.flag("flush", record.flush);
}

template <typename Archive>
void fields(Archive& archive, Rest& record) {
    archive.process("at", record.at);
}

}  // namespace torc::check

// Sends that begin like the one before them: their records have a payload alone, and the plane
// takes nobody's word for what stood in front of it.
#include "tests/unit/client_shm/plane_fixture.hpp"

namespace torc::client_shm::test {
namespace {

using engine::Accept;
using engine::ClientOp;

TEST_F(PlaneTest, WhatBeginsLikeTheOneBeforeIsSentLikeIt) {
    start();
    auto client = open();
    std::vector<std::string> offered;
    answer = [&](const ClientOp& op) {
        std::string line = op.repeats ? "again " : "";
        for (const std::string_view group : op.groups) line.append(group).append(" ");
        line.append(reinterpret_cast<const char*>(op.payload.data()), op.payload.size());
        if (op.kind == ClientOp::Kind::send)
            offered.push_back(line + " " + std::to_string(op.type));
        return Accept::accepted;
    };
    client->send("g", "one");
    client->write(RecordType::send, bytes_of("two"), kSameHead);
    client->write(RecordType::send, {}, kSameHead);
    client->send("h", "three");
    client->write(RecordType::send, bytes_of("four"), kSameHead);
    pass();
    EXPECT_EQ(offered, (std::vector<std::string>{"g one 77", "again g two 77", "again g  77",
                                                 "h three 77", "again h four 77"}));
    EXPECT_FALSE(client->ended());
}

TEST_F(PlaneTest, ABeginningThatNobodyWroteIsAViolation) {
    const auto lie = [&](const auto& write) {
        start();
        auto client = open();
        write(*client);
        pass();
        EXPECT_EQ(client->reason(), Reason::violation);
    };
    const auto again = [](RawClient& client, RecordType type = RecordType::send) {
        client.write(type, bytes_of("payload"), kSameHead);
    };
    lie([&](RawClient& client) { again(client); });
    lie([&](RawClient& client) {
        client.send("g", "one");
        client.join("g");
        again(client);
    });
    lie([&](RawClient& client) {
        client.join("g");
        again(client, RecordType::join);
    });
    lie([&](RawClient& client) {
        client.send("g", "one");
        client.write(RecordType::send, bytes_of("two"), kSameHead | 2);
    });
}

}  // namespace
}  // namespace torc::client_shm::test

// Names as types: order and packing.
#include "base/ids.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc {
namespace {

TEST(Ids, ring_ids_are_ordered_by_epoch_before_representative) {
    const RingId older{1, NodeIndex{9}};
    const RingId newer{2, NodeIndex{0}};
    EXPECT_LT(older, newer);
    EXPECT_LT((RingId{2, NodeIndex{0}}), (RingId{2, NodeIndex{1}}));
    EXPECT_NE((Member{NodeIndex{1}, Incarnation{1}}), (Member{NodeIndex{1}, Incarnation{2}}));
}

TEST(Ids, seqs_step_and_measure) {
    EXPECT_EQ(Seq{7}.next(), Seq{8});
    EXPECT_EQ(Seq{7}.prev(), Seq{6});
    EXPECT_EQ(Seq{7} + 3, Seq{10});
    EXPECT_EQ(distance(Seq{7}, Seq{10}), 3u);
}

TEST(Ids, services_climb_as_their_promises_do) {
    EXPECT_LT(Service::unreliable, Service::reliable);
    EXPECT_LT(Service::reliable, Service::fifo);
    EXPECT_LT(Service::fifo, Service::causal);
    EXPECT_LT(Service::causal, Service::agreed);
    EXPECT_LT(Service::agreed, Service::safe);
}

RC_GTEST_PROP(Ids, a_session_id_survives_its_raw_form,
              (std::uint16_t slot, std::uint16_t generation)) {
    const SessionId id{slot, generation};
    RC_ASSERT(session_id(raw(id)) == id);
}

}  // namespace
}  // namespace torc

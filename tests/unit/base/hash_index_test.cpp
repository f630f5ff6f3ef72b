// The growing index against std::map, and that it takes no memory before there are items.
#include "base/hash_index.hpp"

#include <map>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc {
namespace {

constexpr std::size_t kCapacity = 256;

/// Items are numbers; `bits` of the number are its hash, so that hashes collide.
struct Hashed {
    std::uint64_t bits;
    std::uint64_t operator()(HashIndex::Id id) const { return id & bits; }
};

HashIndex::Id find(const HashIndex& index, const Hashed& hash, HashIndex::Id id) {
    return index.find(hash(id), [&](HashIndex::Id found) { return found == id; });
}

RC_GTEST_PROP(HashIndex, FindsWhatIsIn, ()) {
    const Hashed hash{*rc::gen::element<std::uint64_t>(0, 7, 63, ~0ull)};
    HashIndex index(kCapacity);
    std::vector<bool> in(kCapacity);
    const auto steps = *rc::gen::inRange(0, 500);
    for (int i = 0; i < steps; ++i) {
        const auto id = *rc::gen::inRange<HashIndex::Id>(0, kCapacity);
        if (in[id]) {
            index.erase(id);
        } else {
            index.insert(id, hash(id));
        }
        in[id] = !in[id];
    }
    std::size_t count = 0;
    for (HashIndex::Id id = 0; id < kCapacity; ++id) {
        RC_ASSERT(find(index, hash, id) == (in[id] ? id : HashIndex::kNone));
        count += in[id] ? 1 : 0;
    }
    RC_ASSERT(index.count() == count);
}

TEST(HashIndex, HoldsItsCapacityAndIsEmptyWhenCleared) {
    const Hashed hash{~0ull};
    HashIndex index(kCapacity);
    for (int round = 0; round < 2; ++round) {
        for (HashIndex::Id id = 0; id < kCapacity; ++id) index.insert(id, hash(id));
        for (HashIndex::Id id = 0; id < kCapacity; ++id) EXPECT_EQ(find(index, hash, id), id);
        index.clear();
        for (HashIndex::Id id = 0; id < kCapacity; ++id) {
            EXPECT_EQ(find(index, hash, id), HashIndex::kNone);
        }
    }
}

/// Reserving more than any machine has works only if it is not touched.
TEST(HashIndex, TouchesWhatIsUsed) {
    HashIndex index(std::size_t{1} << 31);
    index.insert(5, 17);
    EXPECT_EQ(index.find(17, [](HashIndex::Id) { return true; }), 5u);
}

}  // namespace
}  // namespace torc

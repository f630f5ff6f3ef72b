// Sessions of several users come and go, read and stand still, at random: everybody gets its own
// order, whatever is shared.
#include <algorithm>
#include <random>

#include "tests/unit/client_shm/plane_log_fixture.hpp"

namespace torc::client_shm::test {
namespace {

class LifeTest : public PlaneLogTest, public ::testing::WithParamInterface<std::uint32_t> {
protected:
    struct Life {
        Reader* reader;
        Texts expected;
        bool dead{false};
    };
    std::string text_of(std::mt19937& random, int number) {
        static constexpr std::size_t kSizes[] = {0, 20, 64, 64, 64, 1350, 1350, 9000, 70'000};
        return std::to_string(number) + ":" +
               std::string(kSizes[random() % std::size(kSizes)],
                           static_cast<char>('a' + number % 26));
    }
};

TEST_P(LifeTest, EveryReaderGetsItsOwnOrder) {
    std::mt19937 random{GetParam()};
    start({}, 1 << 20);
    static constexpr LogReader kKinds[] = {kShares,          kShares,          kShares,
                                           kSharesElsewhere, kSharesElsewhere, LogReader{}};
    std::deque<Life> lives;
    std::vector<SessionId> to;
    bool repeats = false;  // nothing has come since the last message, and it is to the same
    const auto alive = [&] {
        std::vector<Life*> found;
        for (Life& life : lives) {
            if (!life.dead) found.push_back(&life);
        }
        return found;
    };
    for (int step = 0; step < 6000; ++step) {
        const std::vector<Life*> living = alive();
        const auto what = random() % 100;
        repeats &= what >= 12 && what < 80;
        if ((what < 3 && living.size() < 8) || living.size() < 3) {
            repeats = false;
            plane->publish();
            heard();
            lives.push_back({&add(kKinds[random() % std::size(kKinds)]), {}, false});
            heard();
        } else if (what < 4) {
            Life& life = *living[random() % living.size()];
            life.dead = true;
            table->hang_up(life.reader->id());
            pass();
            pass();
            heard();
        } else if (what < 10) {
            to.clear();
            for (const Life* life : living) {
                if (random() % 4 != 0) to.push_back(life->reader->id());
            }
        } else if (what < 12) {
            Life& life = *living[random() % living.size()];
            view(life.reader->id());
            life.expected.push_back("view");
        } else if (what < 80) {
            const std::string text = text_of(random, step);
            say(to, text, repeats && random() % 4 != 0);
            repeats = true;
            for (Life* life : living) {
                if (std::find(to.begin(), to.end(), life->reader->id()) != to.end()) {
                    life->expected.push_back(text);
                }
                // Nobody here may become a slow reader: that has tests of its own.
                if (life->expected.size() - life->reader->got.size() > 8) {
                    plane->publish();
                    life->reader->read();
                }
            }
        } else if (what < 85) {
            pass();
        } else {
            Life& life = *living[random() % living.size()];
            life.reader->read(random() % 2 == 0 ? SIZE_MAX : random() % 10);
        }
    }
    plane->publish();
    for (Life* life : alive()) {
        life->reader->read();
        EXPECT_FALSE(life->reader->raw->ended());
        EXPECT_EQ(life->reader->got, life->expected);
    }
    for (const Life& life : lives) {
        ASSERT_LE(life.reader->got.size(), life.expected.size());
        EXPECT_TRUE(
            std::equal(life.reader->got.begin(), life.reader->got.end(), life.expected.begin()));
    }
    EXPECT_GT(plane->counters().shared, 1000u);
    std::size_t followers = 0;
    for (const Reader& reader : readers) followers += reader.followers;
    EXPECT_GT(followers, 100u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, LifeTest, ::testing::Range(1u, 7u));

}  // namespace
}  // namespace torc::client_shm::test

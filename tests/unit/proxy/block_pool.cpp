// Blocks keep what is in them, in whatever order they are taken and given back, and slabs without a
// block in use are given back.
#include "proxy/block_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <vector>

using amba::proxy::BlockPool;

namespace {

constexpr std::size_t kSize = 440;

struct Block {
    unsigned char* memory;
    unsigned char mark;
    bool holds() const {
        return std::all_of(memory, memory + kSize, [this](auto byte) { return byte == mark; });
    }
};

class Blocks {
  public:
    explicit Blocks(unsigned seed) : random_(seed) {}

    void take() {
        Block block{static_cast<unsigned char*>(pool.take()),
                    static_cast<unsigned char>(random_() % 256)};
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.memory) % alignof(std::max_align_t), 0u);
        std::memset(block.memory, block.mark, kSize);
        taken.push_back(block);
    }
    void give_back() {
        std::swap(taken[random_() % taken.size()], taken.back());
        EXPECT_TRUE(taken.back().holds());
        pool.give_back(taken.back().memory);
        taken.pop_back();
    }
    void step(std::size_t wanted) {
        if (taken.size() < wanted || (taken.size() == wanted && random_() % 2 == 0))
            take();
        else if (!taken.empty())
            give_back();
    }

    BlockPool pool{kSize};
    std::vector<Block> taken;

  private:
    std::mt19937 random_;
};

}  // namespace

TEST(BlockPool, KeepsWhatIsInItsBlocks) {
    for (unsigned seed = 0; seed < 20; ++seed) {
        SCOPED_TRACE(seed);
        Blocks blocks(seed);
        std::mt19937 random(seed);
        for (int burst = 0; burst < 10; ++burst) {
            const std::size_t wanted = random() % 1000;
            for (int i = 0; i < 1500; ++i)
                blocks.step(wanted);
        }
        while (!blocks.taken.empty())
            blocks.give_back();
        EXPECT_LE(blocks.pool.slabs(), 1u);
        blocks.pool.trim();
        EXPECT_EQ(blocks.pool.slabs(), 0u);
    }
}

TEST(BlockPool, GivesABurstBack) {
    Blocks blocks(1);
    for (int i = 0; i < 5000; ++i)
        blocks.take();
#ifndef AMBA_SANITIZED
    EXPECT_GE(blocks.pool.slabs(), 30u);
#endif
    while (blocks.taken.size() > 3)
        blocks.give_back();
    EXPECT_LE(blocks.pool.slabs(), 4u) << "a slab for each that is in use, and one";
    std::set<void*> different;
    for (int i = 0; i < 100; ++i) {
        blocks.take();
        different.insert(blocks.taken.back().memory);
    }
    EXPECT_EQ(different.size(), 100u);
    while (!blocks.taken.empty())
        blocks.give_back();
    EXPECT_LE(blocks.pool.slabs(), 1u);
}

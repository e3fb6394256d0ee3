// The order of rows on a device is the processor's, whatever fits in a block's shared memory.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/stream_name.hpp"
#include "engine/device/block.hpp"
#include "engine/device/kernels/random.hpp"
#include "engine/math/shuffle.hpp"

namespace engine::device {
namespace {

std::vector<int64_t> OnDevice(int64_t rows, const math::DrawKeys& keys, int32_t in_shared, bool backwards) {
  const std::array<uint32_t, 4> name =
      base::StreamName(keys.seed, keys.stream, base::Purpose::kShuffle, keys.iteration, keys.epoch, keys.location);
  std::vector<int32_t> order(static_cast<size_t>(rows), -1);
  std::vector<char> shared(RowOrderKernel::Bytes(rows, in_shared) + 1);
  GroupView group;
  ModelEntry model;
  model.order_keys = name.data();
  model.order = order.data();
  model.epochs = 1;
  group.entries = &model;
  group.buffer_rows = rows;
  RowOrderKernel::Run(FakeBlock({0, 0, 0}, shared.data(), backwards), {&group, in_shared});
  return {order.begin(), order.end()};
}

TEST(RowOrder, IsTheProcessors) {
  for (const int64_t rows : {1, 2, 3, 4, 57, 1000, 1001}) {
    const math::DrawKeys keys{7, 3, 2, 1, static_cast<uint64_t>(rows)};
    std::vector<int64_t> here;
    math::RowOrder(rows, true, keys, &here);
    for (const int32_t in_shared :
         {RowOrderKernel::kNothing, RowOrderKernel::kOrder, RowOrderKernel::kOrderAndDraws}) {
      EXPECT_EQ(OnDevice(rows, keys, in_shared, false), here);
      EXPECT_EQ(OnDevice(rows, keys, in_shared, true), here);
    }
  }
}

TEST(RowOrder, ANumberThatMayBeDrawnAgainIsNotTaken) {
  uint64_t below = 0;
  EXPECT_FALSE(Draws::BelowAtOnce(0, 3, &below));  // the product's lower half is below 3
  EXPECT_TRUE(Draws::BelowAtOnce(~uint64_t{0}, 3, &below));
  EXPECT_EQ(below, 2u);
}

}  // namespace
}  // namespace engine::device

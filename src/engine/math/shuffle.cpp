#include "engine/math/shuffle.hpp"

#include <cstddef>
#include <numeric>
#include <utility>

#include "base/philox.hpp"

namespace engine::math {

void RowOrder(int64_t rows, bool shuffled, const DrawKeys& keys, std::vector<int64_t>* order) {
  order->resize(static_cast<size_t>(rows));
  std::iota(order->begin(), order->end(), int64_t{0});
  if (!shuffled) return;
  base::Stream stream(keys.seed, keys.stream, base::Purpose::kShuffle, keys.iteration, keys.epoch, keys.location);
  for (size_t i = order->size(); i > 1; --i) std::swap((*order)[i - 1], (*order)[stream.Below(i)]);
}

}  // namespace engine::math

// Random numbers on devices: the streams of base/philox.hpp, whose names are hashed on the host.
#pragma once

#include "engine/device/kernels/common.hpp"

namespace engine::device {

/// Block n of a stream: base::Stream::Block. keys: kKeyWords words.
CEREBRO_KERNEL void RandomBlock(const uint32_t* keys, uint64_t n, uint32_t* words) {
  uint32_t c0 = static_cast<uint32_t>(n), c1 = static_cast<uint32_t>(n >> 32), c2 = keys[2], c3 = keys[3];
  uint32_t k0 = keys[0], k1 = keys[1];
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = static_cast<uint64_t>(0xD2511F53u) * c0;
    const uint64_t p1 = static_cast<uint64_t>(0xCD9E8D57u) * c2;
    const uint32_t next0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0, next2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    c0 = next0;
    c2 = next2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

/// Element i of a dropout mask: math::FillDropoutMask.
CEREBRO_KERNEL float DropoutFactor(const uint32_t* keys, double rate, int64_t i) {
  uint32_t words[4];
  RandomBlock(keys, static_cast<uint64_t>(i) >> 2, words);
  const uint64_t below = static_cast<uint64_t>(rate * 4294967296.0);
  return words[i & 3] < below ? 0.0f : static_cast<float>(1.0 / (1.0 - rate));
}

/// A stream in sequential use: base::Stream::Next64 and Below.
class Draws {
 public:
  CEREBRO_KERNEL explicit Draws(const uint32_t* keys) : keys_(keys) {}

  CEREBRO_KERNEL uint64_t Below(uint64_t n) {
    uint64_t low, high = Product(Next64(), n, &low);
    if (low < n) {
      const uint64_t threshold = (0 - n) % n;
      while (low < threshold) high = Product(Next64(), n, &low);
    }
    return high;
  }

  /// The same of a number of the stream; false: it may have to be drawn again.
  static CEREBRO_KERNEL bool BelowAtOnce(uint64_t random, uint64_t n, uint64_t* below) {
    uint64_t low;
    *below = Product(random, n, &low);
    return low >= n;
  }

 private:
  CEREBRO_KERNEL uint64_t Next64() {
    if ((position_ & 3) == 0) RandomBlock(keys_, position_ >> 2, words_);
    const uint64_t low = words_[position_ & 3], high = words_[(position_ & 3) + 1];
    position_ += 2;
    return high << 32 | low;
  }
  static CEREBRO_KERNEL uint64_t Product(uint64_t random, uint64_t n, uint64_t* low) {
    *low = random * n;
#if defined(__CUDA_ARCH__)
    return __umul64hi(random, n);
#else
    return static_cast<uint64_t>(static_cast<unsigned __int128>(random) * n >> 64);
#endif
  }

  const uint32_t* keys_;
  uint64_t position_ = 0;
  uint32_t words_[4] = {};
};

/// The order of a buffer's rows in an epoch: math::RowOrder. Rows are exchanged by one thread, because each exchange
/// reads what the last one wrote; what it is exchanged with is drawn by all, where there is room for it. Grid: epochs,
/// models.
struct RowOrderKernel {
  /// What fits in the block's shared memory.
  static constexpr int32_t kNothing = 0, kOrder = 1, kOrderAndDraws = 2;
  struct Arguments {
    const GroupView* group = nullptr;
    int32_t in_shared = kNothing;
  };
  static constexpr int kThreads = 128;
  /// Of shared memory.
  static constexpr size_t Bytes(int64_t rows, int32_t in_shared) {
    return sizeof(int32_t) *
           static_cast<size_t>(in_shared == kNothing ? 0 : in_shared == kOrder ? rows : 2 * rows + 1);
  }

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const ModelEntry& model = group.entries[block.y()];
    if (model.order_keys == nullptr || block.x() >= model.epochs) return;
    const int64_t rows = group.buffer_rows;
    int32_t* result = model.order + block.x() * rows;
    auto* const shared = reinterpret_cast<int32_t*>(block.shared());
    int32_t* order = a.in_shared != kNothing ? shared : result;
    int32_t* others = a.in_shared == kOrderAndDraws ? shared + rows : nullptr;
    const uint32_t* keys = model.order_keys + block.x() * kKeyWords;
    block.ForEach(rows, [&](int64_t i) { order[i] = static_cast<int32_t>(i); });
    if (others != nullptr) {
      block.ForEach(1, [&](int64_t) { others[rows] = 0; });
      block.Sync();
      block.ForEach((rows + 1) / 2, [&](int64_t pair) { Draw(keys, rows, pair, others); });
      block.Sync();
    }
    block.Sync();
    block.ForEach(1, [&](int64_t) { Exchange(keys, rows, others, order); });
    block.Sync();
    if (order == result) return;
    block.ForEach(rows, [&](int64_t i) { result[i] = order[i]; });
  }

 private:
  // Numbers 2 * pair and 2 * pair + 1 of the stream. others[i - 1]: what row i - 1 is exchanged with; others[rows]: whether
  // a number may have to be drawn again, which moves all that follow.
  static CEREBRO_KERNEL void Draw(const uint32_t* keys, int64_t rows, int64_t pair, int32_t* others) {
    uint32_t words[4];
    RandomBlock(keys, static_cast<uint64_t>(pair), words);
    for (int half = 0; half < 2; ++half) {
      const int64_t i = rows - (2 * pair + half);
      if (i <= 1) return;
      uint64_t other;
      const uint64_t random = static_cast<uint64_t>(words[2 * half + 1]) << 32 | words[2 * half];
      if (!Draws::BelowAtOnce(random, static_cast<uint64_t>(i), &other)) others[rows] = 1;
      others[i - 1] = static_cast<int32_t>(other);
    }
  }

  static CEREBRO_KERNEL void Exchange(const uint32_t* keys, int64_t rows, const int32_t* others, int32_t* order) {
    const bool drawn = others != nullptr && others[rows] == 0;
    Draws draws(keys);
    for (int64_t i = rows; i > 1; --i) {
      const int64_t other = drawn ? others[i - 1] : static_cast<int64_t>(draws.Below(static_cast<uint64_t>(i)));
      const int32_t kept = order[i - 1];
      order[i - 1] = order[other];
      order[other] = kept;
    }
  }
};

}  // namespace engine::device

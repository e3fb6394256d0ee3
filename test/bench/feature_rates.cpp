// Speed of stored features' bytes on one core: encoding and decoding of buffers of 4 MB of float32, and gathering rows
// of them into mini-batches. Prints a line a figure; see test/bench/transfer.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "data/buffer_memory.hpp"
#include "data/feature_codec.hpp"

namespace {

constexpr int64_t kElements = 1024, kRows = 1024, kBuffers = 64, kBatch = 32;
constexpr int kTimes = 9;

template <typename F>
double LeastSeconds(const F& work) {
  double least = 1e30;
  for (int i = 0; i < kTimes; ++i) {
    const auto started = std::chrono::steady_clock::now();
    work();
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  }
  return least;
}

}  // namespace

int main() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(kRows * kElements);
  for (float& v : values) v = std::max(0.0F, normal(random));  // a ReLU's
  const double bytes = static_cast<double>(values.size()) * sizeof(float);
  for (const char* precision : {"float32", "float32 sparse", "bfloat16", "float16", "uint8"}) {
    const data::FeatureEncoding encoding = data::FeatureEncodingFromName(precision);
    std::string encoded;
    std::vector<float> decoded;
    const double encode =
        LeastSeconds([&] { encoded = data::EncodeFeatures(encoding, values.data(), kRows, kElements, kElements); });
    const base::Bytes view = {reinterpret_cast<const uint8_t*>(encoded.data()), encoded.size()};
    const double decode = LeastSeconds([&] { data::DecodeFeatures(encoding, view, kRows, kElements, &decoded); });
    std::printf("%-15s %6.2f bytes a value, encodes %6.2f GB/s, decodes %6.2f GB/s of stored bytes, %6.2f of float32\n",
                precision, static_cast<double>(encoded.size()) / static_cast<double>(values.size()),
                bytes / encode / 1e9, static_cast<double>(encoded.size()) / decode / 1e9, bytes / decode / 1e9);
  }
  // kept, a buffer behind the other, in memory that the process has not touched before; and as the allocator gives it
  const double kept = LeastSeconds([&] {
    data::BufferMemory memory;
    for (int64_t i = 0; i < kBuffers; ++i) std::memcpy(memory.Take(values.size() * sizeof(float)), values.data(), values.size() * sizeof(float));
  });
  const double fresh = LeastSeconds([&] {
    std::vector<std::vector<float>> memory;
    for (int64_t i = 0; i < kBuffers; ++i) memory.push_back(values);
  });
  std::printf("keeping values of 4 MB: %.3f ns a byte; in the allocator's memory: %.3f\n", 1e9 * kept / (bytes * kBuffers), 1e9 * fresh / (bytes * kBuffers));
  // rows in a shuffled order, out of more memory than the processor caches
  std::vector<std::vector<float>> buffers(kBuffers, values);
  std::vector<float> batch(kBatch * kElements);
  std::vector<int64_t> order(kRows);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  const double gather = LeastSeconds([&] {
    for (const std::vector<float>& buffer : buffers) {
      for (int64_t i = 0; i < kRows; ++i) {
        std::memcpy(batch.data() + i % kBatch * kElements, buffer.data() + order[static_cast<size_t>(i)] * kElements,
                    kElements * sizeof(float));
      }
    }
  });
  std::printf("gathering rows of 4 kB: %.3f ns a byte\n", 1e9 * gather / (bytes * kBuffers));
  return 0;
}

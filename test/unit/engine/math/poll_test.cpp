// Looks for interrupts inside long work: whose function is called, and that work which is cut stays what it was.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/graph.hpp"
#include "base/literal.hpp"
#include "engine/math/gemm_blocks.hpp"
#include "engine/math/initializer.hpp"
#include "engine/math/poll.hpp"

namespace {

using engine::math::PollInterrupts;
using engine::math::PollScope;

TEST(Poll, TheInnermostScopeIsAsked) {
  int outer = 0, inner = 0;
  const std::function<void()> count_outer = [&] { outer++; }, count_inner = [&] { inner++; }, none;
  PollInterrupts();
  {
    const PollScope scope(count_outer);
    PollInterrupts();
    {
      const PollScope nested(count_inner);
      PollInterrupts();
    }
    {
      const PollScope nested(none);
      PollInterrupts();
    }
    PollInterrupts();
  }
  PollInterrupts();
  EXPECT_EQ(outer, 2);
  EXPECT_EQ(inner, 1);
}

base::WeightSpec Weight(const std::string& initializer, base::Shape shape) {
  base::WeightSpec weight;
  weight.name = "kernel";
  weight.shape = std::move(shape);
  weight.initializer = base::ParseLiteral("{'class_name': '" + initializer + "', 'config': {}}");
  return weight;
}

TEST(Poll, InitialValuesStopWhenAsked) {
  const std::function<void()> stop = [] { throw std::runtime_error("stop"); };
  for (const char* name : {"Zeros", "GlorotUniform", "HeNormal", "Orthogonal", "Identity"}) {
    const PollScope scope(stop);
    EXPECT_THROW(engine::math::FillInitialValues(Weight(name, {300, 300}), "layer", 1, 1, 0, [](const double*, size_t) {}), std::runtime_error) << name;
  }
}

TEST(Poll, InitialValuesComeInPartsOfLimitedSize) {
  size_t count = 0, largest = 0;
  engine::math::FillInitialValues(Weight("GlorotUniform", {1000, 700}), "layer", 1, 1, 0, [&](const double*, size_t n) {
    count += n;
    largest = std::max(largest, n);
  });
  EXPECT_EQ(count, 700000u);
  EXPECT_LE(largest, 100000u);
}

// A long product is made in blocks, with looks for interrupts in between: elements are checked at its corners and along a
// diagonal.
TEST(Poll, ALongProductPollsAndIsRight) {
  const int64_t m = 300, k = 900, n = 2050;
  std::vector<float> x(static_cast<size_t>(m * k)), w(static_cast<size_t>(k * n)), y(static_cast<size_t>(m * n));
  for (size_t i = 0; i < x.size(); i++) x[i] = static_cast<float>(static_cast<int>(i * 7 % 23) - 11);
  for (size_t i = 0; i < w.size(); i++) w[i] = static_cast<float>(static_cast<int>(i * 5 % 19) - 9);
  int polls = 0;
  const std::function<void()> count = [&] { polls++; };
  {
    const PollScope scope(count);
    engine::math::MultiplyBlocks<float>({{x.data(), k, 1}, {w.data(), n, 1}, m, n, k, nullptr, false, false, y.data(), n});
  }
  EXPECT_GE(polls, 16);
  for (int64_t j = 0; j < n; j += j < 2000 ? 1 : 97) {
    const int64_t i = j * 31 % m;
    double sum = 0;  // of integers: exact
    for (int64_t t = 0; t < k; t++) sum += static_cast<double>(x[static_cast<size_t>(i * k + t)]) * static_cast<double>(w[static_cast<size_t>(t * n + j)]);
    ASSERT_EQ(static_cast<double>(y[static_cast<size_t>(i * n + j)]), sum) << i << " " << j;
  }
}

}  // namespace

// The update rules against trajectories of Keras's rules (data/optimizer.py), and the promise that a value's bits do
// not depend on its position in the tensor.

#include "engine/math/optimizer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <stdexcept>

#include "base/philox.hpp"
#include "definitions/optimizer.hpp"
#include "engine/math/learning_rate.hpp"
#include "../golden.hpp"

namespace engine::math {
namespace {

using base::OptimizerConfig;
using base::OptimizerKind;

base::ScheduleConfig ReadSchedule(const base::Value& value) {
  base::ScheduleConfig schedule;
  if (value.is_null()) return schedule;
  const std::string& kind = golden::Get(value, "kind").string();
  schedule.kind = kind == "step"          ? base::ScheduleKind::kStep
                  : kind == "exponential" ? base::ScheduleKind::kExponential
                                          : base::ScheduleKind::kCosine;
  golden::Take(value, "decay_steps", &schedule.decay_steps);
  golden::Take(value, "rate", &schedule.rate);
  golden::Take(value, "alpha", &schedule.alpha);
  return schedule;
}

OptimizerConfig ReadConfig(const base::Value& entry) {
  const std::string& optimizer = golden::Get(entry, "optimizer").string();
  const definitions::OptimizerDefinition* definition = definitions::FindOptimizer(optimizer);
  if (definition == nullptr) throw std::runtime_error("unknown optimizer " + optimizer);
  OptimizerConfig c = definitions::DefaultConfig(*definition);
  const base::Value& given = golden::Get(entry, "config");
  golden::Take(given, "learning_rate", &c.learning_rate);
  golden::Take(given, "decay", &c.decay);
  golden::Take(given, "momentum", &c.momentum);
  golden::Take(given, "nesterov", &c.nesterov);
  golden::Take(given, "rho", &c.rho);
  golden::Take(given, "centered", &c.centered);
  golden::Take(given, "beta_1", &c.beta_1);
  golden::Take(given, "beta_2", &c.beta_2);
  golden::Take(given, "epsilon", &c.epsilon);
  golden::Take(given, "amsgrad", &c.amsgrad);
  golden::Take(given, "weight_decay", &c.weight_decay);
  golden::Take(given, "initial_accumulator_value", &c.initial_accumulator_value);
  golden::Take(given, "learning_rate_power", &c.learning_rate_power);
  golden::Take(given, "l1_regularization_strength", &c.l1_regularization_strength);
  golden::Take(given, "l2_regularization_strength", &c.l2_regularization_strength);
  golden::Take(given, "l2_shrinkage_regularization_strength", &c.l2_shrinkage_regularization_strength);
  golden::Take(given, "beta", &c.beta);
  if (const base::Value* parts = given.Find("exclude_from_weight_decay")) {
    for (const base::Value& part : parts->list()) c.exclude_from_weight_decay.push_back(part.string());
  }
  golden::Take(given, "clipnorm", &c.clipnorm);
  golden::Take(given, "clipvalue", &c.clipvalue);
  golden::Take(given, "global_clipnorm", &c.global_clipnorm);
  if (const base::Value* schedule = given.Find("schedule")) c.schedule = ReadSchedule(*schedule);
  return c;
}

/// Relative, but for values that pass through zero: weights start at the order of one.
void ExpectNear(double expected, double actual, double tolerance, double floor, const std::string& where) {
  EXPECT_LE(std::abs(actual - expected), tolerance * std::max(std::abs(expected), floor)) << where << ": " << expected << " " << actual;
}

template <typename T>
void FollowTrajectories(double tolerance, double floor) {
  const base::List cases = golden::Read("optimizer.json");
  ASSERT_GE(cases.size(), 41u);
  for (const base::Value& entry : cases) {
    const std::string& name = golden::Get(entry, "name").string();
    SCOPED_TRACE(name);
    const OptimizerConfig config = ReadConfig(entry);
    // differences of powers, which are no roots here, lose digits
    const double bound = config.learning_rate_power == -0.5 ? tolerance : 4 * tolerance;
    std::vector<std::string> slot_names;
    for (const base::Value& slot : golden::Get(entry, "slot_names").list()) slot_names.push_back(slot.string());
    ASSERT_EQ(SlotNames(config), slot_names);

    std::vector<std::vector<T>> weights;
    std::vector<std::vector<std::vector<T>>> slots;
    for (const base::Value& tensor : golden::Get(entry, "start").list()) {
      weights.push_back(golden::Numbers<T>(tensor));
      slots.emplace_back();
      for (size_t s = 0; s < slot_names.size(); s++) {
        slots.back().emplace_back(weights.back().size(), static_cast<T>(SlotInitialValue(config, s)));
      }
    }
    const base::List& trajectory = golden::Get(entry, "weights").list();
    const base::List& gradients = golden::Get(entry, "gradients").list();
    for (size_t t = 0; t < trajectory.size(); t++) {
      const double rate = LearningRate(config, t);
      ExpectNear(golden::Get(entry, "learning_rates").list()[t].number(), rate, 1e-15, 0, "learning rate");
      std::vector<std::vector<T>> grads;
      for (const base::Value& tensor : gradients[t].list()) grads.push_back(golden::Numbers<T>(tensor));
      std::vector<GradientView<T>> views;
      for (auto& g : grads) views.push_back({g.data(), static_cast<int64_t>(g.size())});
      if (ClipsGradients(config)) ClipGradients(config, views);
      for (size_t i = 0; i < weights.size(); i++) {
        T* pointers[kMaxSlots] = {};
        for (size_t s = 0; s < slot_names.size(); s++) pointers[s] = slots[i][s].data();
        const std::string& weight = golden::Get(entry, "names").list()[i].string();
        ApplyUpdate(config, rate, t, weights[i].data(), grads[i].data(), pointers, static_cast<int64_t>(weights[i].size()),
                    Decays(config, weight));
        const std::vector<double> expected = golden::Numbers<double>(trajectory[t].list()[i]);
        for (size_t j = 0; j < expected.size(); j++) {
          ExpectNear(expected[j], static_cast<double>(weights[i][j]), bound, floor, "step " + std::to_string(t));
        }
      }
    }
    const base::List& last = golden::Get(entry, "slots").list();
    for (size_t i = 0; i < slots.size(); i++) {
      for (size_t s = 0; s < slot_names.size(); s++) {
        const std::vector<double> expected = golden::Numbers<double>(last[i].list()[s]);
        for (size_t j = 0; j < expected.size(); j++) {
          ExpectNear(expected[j], static_cast<double>(slots[i][s][j]), bound, floor, slot_names[s]);
        }
      }
    }
  }
}

// Nadam has a test of its own below.
TEST(Optimizer, EveryOptimizerHasATrajectory) {
  std::set<OptimizerKind> seen{OptimizerKind::kNadam};
  for (const base::Value& entry : golden::Read("optimizer.json")) seen.insert(ReadConfig(entry).kind);
  for (const definitions::OptimizerDefinition* optimizer : definitions::Optimizers()) {
    EXPECT_EQ(seen.count(optimizer->kind), 1u) << optimizer->name;
  }
}

TEST(Optimizer, DoubleFollowsKerasTrajectories) { FollowTrajectories<double>(1e-14, 0.1); }
TEST(Optimizer, FloatFollowsKerasTrajectories) { FollowTrajectories<float>(1e-6, 1.0); }

// keras.optimizers.optimizer_v2.nadam line by line, with its running product of momenta.
TEST(Optimizer, NadamFollowsKeras) {
  for (const double beta_1 : {0.9, 0.99, 0.0}) {
    OptimizerConfig config;
    config.kind = OptimizerKind::kNadam;
    config.beta_1 = beta_1;
    double w = 0.7, m = 0, v = 0, m_cache = 1;
    double got = w;
    float single = 0.7f;
    double slots[2] = {};
    float single_slots[2] = {};
    for (uint64_t t = 0; t < 300; t++) {
      const double g = std::sin(0.37 * static_cast<double>(t)) + 0.2, rate = 0.01;
      const double local_t = static_cast<double>(t) + 1;
      const double m_t = beta_1 * (1.0 - 0.5 * std::pow(0.96, 0.004 * local_t));
      const double m_t_1 = beta_1 * (1.0 - 0.5 * std::pow(0.96, 0.004 * (local_t + 1)));
      m_cache *= m_t;
      const double g_prime = g / (1.0 - m_cache);
      m = beta_1 * m + (1.0 - beta_1) * g;
      const double m_t_prime = m / (1.0 - m_cache * m_t_1);
      v = config.beta_2 * v + (1.0 - config.beta_2) * g * g;
      const double v_t_prime = v / (1.0 - std::pow(config.beta_2, local_t));
      const double m_t_bar = (1.0 - m_t) * g_prime + m_t_1 * m_t_prime;
      w -= rate * m_t_bar / (std::sqrt(v_t_prime) + config.epsilon);

      double* pointers[] = {&slots[0], &slots[1]};
      float* single_pointers[] = {&single_slots[0], &single_slots[1]};
      const float single_g = static_cast<float>(g);
      ApplyUpdate(config, rate, t, &got, &g, pointers, 1);
      ApplyUpdate(config, rate, t, &single, &single_g, single_pointers, 1);
      ASSERT_NEAR(got, w, 1e-12) << "step " << t << ", beta_1 " << beta_1;
      ASSERT_NEAR(single, w, 1e-5) << "step " << t << ", beta_1 " << beta_1;
    }
    EXPECT_NEAR(slots[0], m, 1e-13);
    EXPECT_NEAR(slots[1], v, 1e-13);
  }
}

std::vector<OptimizerConfig> AllRules() {
  std::vector<OptimizerConfig> rules;
  for (const base::Value& entry : golden::Read("optimizer.json")) rules.push_back(ReadConfig(entry));
  rules.emplace_back().kind = OptimizerKind::kNadam;
  return rules;
}

template <typename T>
std::vector<T> Random(uint64_t stream, size_t n, bool positive) {
  base::Stream draw(7, stream, base::Purpose::kSearch);
  std::vector<T> values(n);
  for (T& v : values) v = static_cast<T>(positive ? std::abs(draw.Normal()) + 0.01 : draw.Normal());
  return values;
}

/// Elements updated one by one (scalar code) against the same elements in one call (vector body and tail), from every
/// offset.
template <typename T>
void SameBitsAnywhere() {
  constexpr size_t kRoom = 160;
  for (const OptimizerConfig& config : AllRules()) {
    if (UpdateRule<T>(config, 0.01, 3).whole()) continue;
    const size_t slot_count = SlotNames(config).size();
    const std::vector<T> w0 = Random<T>(1, kRoom, false), g = Random<T>(2, kRoom, false);
    std::vector<std::vector<T>> s0;
    for (size_t s = 0; s < slot_count; s++) s0.push_back(Random<T>(3 + s, kRoom, true));

    std::vector<T> w1 = w0;
    auto s1 = s0;
    for (size_t i = 0; i < kRoom; i++) {
      T* pointers[kMaxSlots] = {};
      for (size_t s = 0; s < slot_count; s++) pointers[s] = s1[s].data() + i;
      ApplyUpdate(config, 0.01, 3, w1.data() + i, g.data() + i, pointers, 1);
    }
    for (size_t offset = 0; offset <= 40; offset++) {
      for (size_t n : {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{17}, size_t{63}, kRoom - offset}) {
        std::vector<T> w = w0;
        auto slots = s0;
        T* pointers[kMaxSlots] = {};
        for (size_t s = 0; s < slot_count; s++) pointers[s] = slots[s].data() + offset;
        ApplyUpdate(config, 0.01, 3, w.data() + offset, g.data() + offset, pointers, static_cast<int64_t>(n));
        const size_t begin = offset * sizeof(T), bytes = n * sizeof(T);
        const auto same = [&](const std::vector<T>& a, const std::vector<T>& updated, const std::vector<T>& before) {
          return std::memcmp(a.data(), before.data(), begin) == 0 && std::memcmp(a.data() + offset, updated.data() + offset, bytes) == 0 &&
                 std::memcmp(a.data() + offset + n, before.data() + offset + n, (kRoom - offset - n) * sizeof(T)) == 0;
        };
        ASSERT_TRUE(same(w, w1, w0)) << config.name << " offset " << offset << " n " << n;
        for (size_t s = 0; s < slot_count; s++) ASSERT_TRUE(same(slots[s], s1[s], s0[s])) << config.name << " slot " << s;
      }
    }
  }
}

TEST(Optimizer, FloatBitsDoNotDependOnThePosition) { SameBitsAnywhere<float>(); }
TEST(Optimizer, DoubleBitsDoNotDependOnThePosition) { SameBitsAnywhere<double>(); }

TEST(Optimizer, StateGoesOnWhereItWas) {
  // 8 steps are 3 steps, then 5 more with the slots kept and the count continued
  for (const OptimizerConfig& config : AllRules()) {
    const size_t n = 33, slot_count = SlotNames(config).size();
    const std::vector<float> g = Random<float>(11, n, false);
    const auto train = [&](std::vector<float>* w, std::vector<std::vector<float>>* slots, uint64_t from, uint64_t to) {
      for (uint64_t t = from; t < to; t++) {
        float* pointers[kMaxSlots] = {};
        for (size_t s = 0; s < slot_count; s++) pointers[s] = (*slots)[s].data();
        ApplyUpdate(config, LearningRate(config, t), t, w->data(), g.data(), pointers, static_cast<int64_t>(n));
      }
    };
    std::vector<float> once = Random<float>(12, n, false), twice = once;
    std::vector<std::vector<float>> a;
    for (size_t s = 0; s < slot_count; s++) a.emplace_back(n, static_cast<float>(SlotInitialValue(config, s)));
    std::vector<std::vector<float>> b = a;
    train(&once, &a, 0, 8);
    train(&twice, &b, 0, 3);
    train(&twice, &b, 3, 8);
    EXPECT_EQ(once, twice) << config.name;
    EXPECT_EQ(a, b) << config.name;
  }
}

TEST(Optimizer, CenteredVarianceIsNeverNegative) {
  // a constant gradient brings rms - mg^2 to 0, give or take rounding
  OptimizerConfig config;
  config.centered = true;
  std::vector<float> w(64, 1.0f), rms(64), mg(64), g(64);
  for (size_t i = 0; i < g.size(); i++) g[i] = 0.1f + 0.013f * static_cast<float>(i);
  float* slots[kMaxSlots] = {rms.data(), mg.data()};
  for (uint64_t t = 0; t < 2000; t++) ApplyUpdate(config, 1e-9, t, w.data(), g.data(), slots, 64);
  for (float x : w) EXPECT_TRUE(std::isfinite(x));
}

TEST(Optimizer, OnlyLambWantsWholeTensors) {
  for (const OptimizerConfig& config : AllRules()) {
    EXPECT_EQ(UpdateRule<float>(config, 0.01, 0).whole(), config.kind == OptimizerKind::kLAMB) << config.name;
  }
}

// More elements than are moved between two polls for interrupts, against the rule written out.
TEST(Optimizer, LambOfALargeTensor) {
  const OptimizerConfig config = definitions::DefaultConfig(definitions::kLAMBOptimizer);
  const size_t n = (1 << 20) + 37;
  std::vector<double> w = Random<double>(41, n, false), m(n), v(n);
  const std::vector<double> g = Random<double>(42, n, false), before = w;
  double* slots[] = {m.data(), v.data()};
  ApplyUpdate(config, 0.01, 0, w.data(), g.data(), slots, static_cast<int64_t>(n));
  double weight = 0, move = 0;
  const auto direction = [&](size_t i) { return g[i] / (std::abs(g[i]) + config.epsilon); };  // the first step's
  for (size_t i = 0; i < n; i++) {
    weight += before[i] * before[i];
    move += direction(i) * direction(i);
  }
  for (size_t i = 0; i < n; i += 997) ASSERT_NEAR(w[i], before[i] - 0.01 * std::sqrt(weight / move) * direction(i), 1e-10) << i;
}

// The end of a schedule.
TEST(Optimizer, ARateOfZeroMovesNothing) {
  for (const OptimizerConfig& config : AllRules()) {
    std::vector<double> w = Random<double>(51, 20, false);
    const std::vector<double> g = Random<double>(52, 20, false), before = w;
    std::vector<std::vector<double>> slots(SlotNames(config).size(), std::vector<double>(20, 0.5));
    double* pointers[kMaxSlots] = {};
    for (size_t s = 0; s < slots.size(); s++) pointers[s] = slots[s].data();
    if (config.momentum > 0 && config.kind == OptimizerKind::kSGD) continue;  // goes on by its momentum
    if (config.momentum > 0 && config.kind == OptimizerKind::kRMSprop) continue;
    ApplyUpdate(config, 0, 3, w.data(), g.data(), pointers, 20);
    EXPECT_EQ(w, before) << config.name;
  }
}

TEST(Optimizer, FtrlWithoutAnyGradientYet) {
  OptimizerConfig config = definitions::DefaultConfig(*definitions::FindOptimizer("Ftrl"));
  config.initial_accumulator_value = 0;
  for (const double shrinkage : {0.0, 0.1}) {
    config.l2_shrinkage_regularization_strength = shrinkage;
    std::vector<double> w = {0.5, -0.5, 0}, accumulator(3), linear(3);
    double* slots[kMaxSlots] = {accumulator.data(), linear.data()};
    const std::vector<double> none(3), some = {0, 1, 1};
    ApplyUpdate(config, 0.1, 0, w.data(), none.data(), slots, 3);
    EXPECT_EQ(w, none);
    ApplyUpdate(config, 0.1, 1, w.data(), some.data(), slots, 3);
    EXPECT_EQ(w[0], 0);
    EXPECT_LT(w[2], 0);
    for (const double x : w) EXPECT_TRUE(std::isfinite(x));
  }
}

TEST(Optimizer, WeightsAreExcludedFromDecayByPartsOfTheirNames) {
  OptimizerConfig config;
  EXPECT_TRUE(Decays(config, "dense/bias"));
  config.exclude_from_weight_decay = {"bias", "norm/"};
  EXPECT_FALSE(Decays(config, "dense/bias"));
  EXPECT_FALSE(Decays(config, "layer_norm/gamma"));
  EXPECT_TRUE(Decays(config, "dense/kernel"));
}

TEST(Clipping, SumOfSquaresIsOrderedByPositionInTheTensor) {
  for (int64_t n : {0, 1, 15, 16, 17, 100, 1001}) {
    const std::vector<double> values = Random<double>(21, static_cast<size_t>(n), false);
    double lanes[16] = {};
    for (int64_t i = 0; i < n; i++) lanes[i % 16] += values[static_cast<size_t>(i)] * values[static_cast<size_t>(i)];
    for (int width = 8; width > 0; width /= 2) {
      for (int j = 0; j < width; j++) lanes[j] += lanes[j + width];
    }
    EXPECT_EQ(SumOfSquares(values.data(), n), lanes[0]) << n;
  }
}

TEST(Clipping, NotANumberIsNotHidden) {
  OptimizerConfig config;
  for (double* limit : {&config.clipnorm, &config.global_clipnorm}) {
    config = OptimizerConfig();
    *limit = 1.0;
    std::vector<float> a{1, 2, 3}, b{4, std::numeric_limits<float>::infinity()};
    ClipGradients<float>(config, {{a.data(), 3}, {b.data(), 2}});
    EXPECT_TRUE(std::isnan(b[0]) && std::isnan(b[1]));
    EXPECT_EQ(std::isnan(a[0]), limit == &config.global_clipnorm);
  }
  config = OptimizerConfig();
  config.clipvalue = 1.5;
  std::vector<double> c{-7, std::numeric_limits<double>::quiet_NaN(), 9, 0.25};
  ClipGradients<double>(config, {{c.data(), 4}});
  EXPECT_EQ(c[0], -1.5);
  EXPECT_TRUE(std::isnan(c[1]));
  EXPECT_EQ(c[2], 1.5);
  EXPECT_EQ(c[3], 0.25);
}

TEST(Clipping, GradientsUnderTheLimitKeepTheirBits) {
  OptimizerConfig config;
  config.clipnorm = 100;
  config.global_clipnorm = 100;
  std::vector<float> g = Random<float>(31, 50, false);
  const std::vector<float> before = g;
  ClipGradients<float>(config, {{g.data(), 50}});
  EXPECT_EQ(g, before);
}

}  // namespace
}  // namespace engine::math

// Prints a digest of everything that the element-wise kernels compute over fixed data. Built once with the clones and
// once for each instruction set by itself: the script `compare` wants the same line of all of them.

#include <cmath>
#include <cstdio>
#include <vector>

#include "base/hash.hpp"
#include "base/philox.hpp"
#include "engine/math/row_decoder.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/losses.hpp"
#include "engine/math/normalize.hpp"
#include "engine/math/pointwise.hpp"
#include "engine/math/recurrent.hpp"
#include "engine/math/optimizer.hpp"

namespace {

constexpr int64_t kElements = 1003;  // odd: every kernel has a tail

template <typename T>
std::vector<T> Random(uint64_t stream, bool positive) {
  base::Stream draw(5, stream, base::Purpose::kSearch);
  std::vector<T> values(kElements);
  for (T& v : values) v = static_cast<T>(positive ? std::abs(draw.Normal()) : draw.Normal());
  return values;
}

template <typename T>
void HashUpdates(base::Hasher* hasher) {
  std::vector<base::OptimizerConfig> rules;
  for (const base::OptimizerKind kind : {
#define CEREBRO_OPTIMIZER(name, number) base::OptimizerKind::k##name,
#include "base/kinds.inc"
       }) {
    for (int variant = 0; variant < 8; variant++) {
      base::OptimizerConfig config;
      config.kind = kind;
      config.weight_decay = 0.004;
      config.l1_regularization_strength = 0.1;
      config.learning_rate_power = (variant & 1) != 0 ? -0.7 : -0.5;
      config.momentum = (variant & 1) != 0 ? 0.9 : 0;
      config.nesterov = config.centered = config.amsgrad = (variant & 2) != 0;
      config.clipvalue = (variant & 4) != 0 ? 0.8 : 0;
      config.clipnorm = (variant & 4) != 0 ? 3.0 : 0;
      rules.push_back(config);
    }
  }
  for (const base::OptimizerConfig& config : rules) {
    std::vector<T> w = Random<T>(1, false), g = Random<T>(2, false);
    std::vector<std::vector<T>> slots;
    T* pointers[engine::math::kMaxSlots] = {};
    for (size_t s = 0; s < engine::math::SlotNames(config).size(); s++) slots.push_back(Random<T>(3 + s, true));
    for (size_t s = 0; s < slots.size(); s++) pointers[s] = slots[s].data();
    engine::math::ClipGradients<T>(config, {{g.data(), kElements}});
    for (uint64_t t = 0; t < 3; t++) engine::math::ApplyUpdate(config, 0.01, t, w.data(), g.data(), pointers, kElements);
    hasher->Update(w.data(), kElements * sizeof(T));
    for (const auto& slot : slots) hasher->Update(slot.data(), kElements * sizeof(T));
  }
}

template <typename T>
void HashDecoder(base::Hasher* hasher) {
  const std::vector<double> noise = Random<double>(9, false);  // its bytes serve as integers, itself as float64
  const std::vector<float> small = Random<float>(10, false);
  for (base::DType dtype :
       {base::DType::kUInt8, base::DType::kInt8, base::DType::kInt16, base::DType::kInt32, base::DType::kFloat32, base::DType::kFloat64}) {
    base::ColumnSpec column;
    column.dtype = dtype;
    column.shape = {59};
    column.scale = 1.0 / 255;
    enum class Way { kScaled, kStandardised, kExactly };
    for (const Way way : {Way::kScaled, Way::kStandardised, Way::kExactly}) {
      column.exact_standardisation = way == Way::kExactly;
      if (way == Way::kStandardised) {
        for (int j = 0; j < 59; j++) {
          column.mean.push_back(0.1 * j);
          column.std.push_back(1 + 0.3 * j);
        }
      }
      const void* packed = dtype == base::DType::kFloat32 ? static_cast<const void*>(small.data()) : noise.data();
      std::vector<T> out(59 * 17);
      const int64_t rows[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2};
      engine::math::RowDecoder<T>(column).Decode(static_cast<const uint8_t*>(packed), rows, 17, out.data());
      hasher->Update(out.data(), out.size() * sizeof(T));
    }
  }
}

template <typename T>
void HashKernels(base::Hasher* hasher) {
  constexpr int64_t kRows = 17, kColumns = 59;  // 1003 elements
  const std::vector<T> x = Random<T>(11, false), y = Random<T>(12, true), bias = Random<T>(13, false), factors = Random<T>(14, true);
  const auto add = [&](const std::vector<T>& values) { hasher->Update(values.data(), values.size() * sizeof(T)); };
  for (int a = 0; a <= static_cast<int>(engine::math::FusedActivation::kSoftmax); a++) {
    const auto activation = static_cast<engine::math::FusedActivation>(a);
    std::vector<T> out = x, gradient = y;
    engine::math::BiasActivation(activation, bias.data(), kRows, kColumns, out.data());
    engine::math::ActivationGradient(activation, out.data(), kRows, kColumns, gradient.data());
    add(out);
    add(gradient);
  }
  std::vector<T> product(kElements), gradient = y, e = x, t = x, losses(kRows);
  engine::math::Multiply(x.data(), y.data(), kElements, product.data());
  engine::math::AddRegularizer(x.data(), kElements, T(0.01), T(0.2), gradient.data());
  for (T& v : e) v *= 30;
  engine::math::Exponentials(kElements, e.data());
  engine::math::Tangents(kElements, t.data());
  for (const std::vector<T>* values : {&product, &gradient, &e, &t}) add(*values);
  const double regularizer = engine::math::RegularizerSum(x.data(), kElements, 0.1, 0.2);
  hasher->Update(&regularizer, sizeof(regularizer));
  std::vector<int64_t> index;
  for (int64_t i = 0; i < kRows; i++) index.push_back(i * i % kColumns);
  for (int loss = 0; loss < 16; loss++) {
    std::vector<T> values = x;
    T* v = values.data();
    switch (loss) {
      case 0:
        engine::math::CategoricalLoss(T(0.1), y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 1:
        engine::math::SparseCategoricalLoss(index.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 2:
        engine::math::BinaryLoss(T(0.1), y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 3:
        engine::math::SquaredLoss(y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 4:
        engine::math::AbsoluteLoss(y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 5:
        engine::math::HuberLoss(T(0.7), y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 6:
        engine::math::LogCoshLoss(y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 7:
        for (T& value : values) value = std::abs(value);
        engine::math::PoissonLoss(y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 8:
        engine::math::PercentageLoss(y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 9:
        engine::math::LogarithmicLoss(y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 10:
        engine::math::CosineLoss(y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 11:
        engine::math::HingeLoss(y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 12:
        engine::math::SquaredHingeLoss(y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 13:
        engine::math::CategoricalHingeLoss(y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 14:
        engine::math::BinaryFocalLoss({T(0.3), T(1.5), T(0.1), true}, y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
      case 15:
        engine::math::CategoricalFocalLoss({T(0.3), T(1.5), T(0.1), false}, y.data(), factors.data(), kRows, kColumns, v, losses.data());
        break;
    }
    add(values);
    add(losses);
  }
}

template <typename T>
void HashLayers(base::Hasher* hasher) {
  constexpr int64_t kRows = 17, kColumns = 59;
  const std::vector<T> x = Random<T>(21, false), g = Random<T>(22, false), gamma = Random<T>(23, true), beta = Random<T>(24, false);
  const auto add = [&](const std::vector<T>& values) { hasher->Update(values.data(), values.size() * sizeof(T)); };
  for (int kind = 0; kind <= static_cast<int>(engine::math::Pointwise::kMish); kind++) {
    engine::math::PointwiseFunction f;
    f.kind = static_cast<engine::math::Pointwise>(kind);
    f.slope = 0.3;
    f.threshold = 0.1;
    f.limit = 0.9;
    f.alpha = 0.7;
    std::vector<T> y(kElements), dx(kElements);
    engine::math::ApplyPointwise(f, x.data(), kElements, y.data());
    engine::math::PointwiseGradient(f, x.data(), g.data(), kElements, dx.data());
    add(y);
    add(dx);
  }
  std::vector<T> y(kElements), dx(kElements), mean(kColumns), variance(kColumns), a(kColumns), b(kColumns), dgamma(kColumns),
      dbeta(kColumns);
  engine::math::LogSoftmax(x.data(), kRows, kColumns, y.data());
  engine::math::LogSoftmaxGradient(y.data(), g.data(), kRows, kColumns, dx.data());
  add(y);
  add(dx);
  engine::math::ColumnMoments(x.data(), kRows, kColumns, mean.data(), variance.data());
  engine::math::NormaliseColumns(x.data(), kRows, kColumns, mean.data(), gamma.data(), beta.data(), y.data());
  engine::math::ColumnGradientSums(g.data(), x.data(), kRows, kColumns, mean.data(), a.data(), b.data());
  engine::math::ColumnGradient(g.data(), x.data(), kRows, kColumns, mean.data(), a.data(), b.data(), gamma.data(), dx.data());
  for (const std::vector<T>* values : {&mean, &variance, &y, &a, &b, &dx}) add(*values);
  std::vector<T> inverse(kRows), means(kRows);
  engine::math::NormaliseRows(x.data(), kRows, kColumns, T(0.01), gamma.data(), beta.data(), means.data(), inverse.data(), y.data());
  engine::math::RowGradient(g.data(), x.data(), kRows, kColumns, gamma.data(), means.data(), inverse.data(), dx.data(), dgamma.data(),
                            dbeta.data());
  for (const std::vector<T>* values : {&means, &inverse, &y, &dx, &dgamma, &dbeta}) add(*values);
}

template <typename T>
void HashCells(base::Hasher* hasher) {
  using engine::math::CellActivation;
  constexpr int64_t kRows = 9, kUnits = 27, kState = kRows * kUnits;  // 4 kState < kElements
  const std::vector<T> inner = Random<T>(31, false), before = Random<T>(32, false), x = Random<T>(33, false), dh = Random<T>(34, false);
  const auto add = [&](const std::vector<T>& values) { hasher->Update(values.data(), values.size() * sizeof(T)); };
  for (int a = 0; a <= static_cast<int>(CellActivation::kHardSigmoid); a++) {
    for (int b = 0; b <= static_cast<int>(CellActivation::kHardSigmoid); b++) {
      const engine::math::CellFunctions f{static_cast<CellActivation>(a), static_cast<CellActivation>(b)};
      std::vector<T> gates = x, cell(kState), active(kState), h(kState), dcell = before, direct(kState), dinner = inner, seen = before;
      engine::math::LSTMStep(f, kRows, kUnits, inner.data(), before.data(), gates.data(), cell.data(), active.data(), h.data());
      for (const std::vector<T>* values : {&gates, &cell, &active, &h}) add(*values);
      engine::math::LSTMGradient(f, kRows, kUnits, before.data(), active.data(), dh.data(), dcell.data(), gates.data());
      for (const std::vector<T>* values : {&gates, &dcell}) add(*values);
      gates = x;
      engine::math::GRUStep(f, kRows, kUnits, inner.data(), before.data(), gates.data(), h.data());
      add(gates);
      engine::math::GRUGradient(f, kRows, kUnits, before.data(), dh.data(), gates.data(), dinner.data(), direct.data());
      for (const std::vector<T>* values : {&h, &gates, &dinner, &direct}) add(*values);
      gates = x;
      engine::math::GRUGates(f, kRows, kUnits, inner.data(), before.data(), gates.data(), active.data());
      engine::math::GRUCandidate(f, kRows, kUnits, inner.data(), before.data(), gates.data(), h.data());
      for (const std::vector<T>* values : {&active, &h, &gates}) add(*values);
      engine::math::GRUCandidateGradient(f, kRows, kUnits, before.data(), dh.data(), gates.data(), direct.data());
      engine::math::GRUResetGradient(f, kRows, kUnits, before.data(), seen.data(), gates.data());
      for (const std::vector<T>* values : {&gates, &direct, &seen}) add(*values);
    }
    std::vector<T> h(kState), dx(kState);
    engine::math::SimpleRNNStep(static_cast<CellActivation>(a), kRows, kUnits, inner.data(), x.data(), h.data());
    engine::math::SimpleRNNGradient(static_cast<CellActivation>(a), kRows, kUnits, h.data(), dh.data(), dx.data());
    engine::math::AddScaled(kState, T(0.3), h.data(), dx.data());
    add(h);
    add(dx);
  }
}

}  // namespace

int main() {
  base::Hasher hasher(0);
  HashUpdates<float>(&hasher);
  HashUpdates<double>(&hasher);
  HashDecoder<float>(&hasher);
  HashDecoder<double>(&hasher);
  HashKernels<float>(&hasher);
  HashKernels<double>(&hasher);
  HashLayers<float>(&hasher);
  HashLayers<double>(&hasher);
  HashCells<float>(&hasher);
  HashCells<double>(&hasher);
  std::printf("%s\n", base::ToHex(hasher.Finish()).c_str());
  return 0;
}

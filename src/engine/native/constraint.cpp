#include "engine/native/constraint.hpp"

#include <algorithm>
#include <cmath>

namespace engine::native {

namespace {

constexpr double kEpsilon = 1e-7;  // Keras's backend.epsilon()

}  // namespace

WeightConstraint::WeightConstraint(const Constraint& constraint, const base::Shape& shape)
    : constraint_(constraint), count_(base::ElementCount(shape)) {
  const auto rank = static_cast<int64_t>(shape.size());
  for (int64_t d = 0; d < rank; ++d) {
    const bool summed =
        std::any_of(constraint.axis.begin(), constraint.axis.end(), [&](int64_t axis) { return axis == d || axis + rank == d; });
    if (dimensions_.empty() || dimensions_.back().summed != summed) dimensions_.push_back({1, summed});
    dimensions_.back().size *= shape[static_cast<size_t>(d)];
  }
  if (dimensions_.empty()) dimensions_.push_back({1, true});
  elements_.resize(dimensions_.size());
  norm_counts_.resize(dimensions_.size());
  int64_t elements = 1;
  for (size_t d = dimensions_.size(); d-- > 0;) {
    elements_[d] = elements;
    norm_counts_[d] = norms_;
    elements *= dimensions_[d].size;
    if (!dimensions_[d].summed) norms_ *= dimensions_[d].size;
  }
}

// Calls each(values, n, norms, step) for every run of the last dimension: element i of the run belongs to norms[i * step].
template <typename T, typename Each>
void WeightConstraint::ForEachRun(T* weight, T* norms, size_t dimension, Each each) const {
  const Dimension& current = dimensions_[dimension];
  if (dimension + 1 == dimensions_.size()) {
    each(weight, current.size, norms, current.summed ? 0 : 1);
    return;
  }
  for (int64_t i = 0; i < current.size; ++i) {
    ForEachRun(weight + i * elements_[dimension], current.summed ? norms : norms + i * norm_counts_[dimension], dimension + 1, each);
  }
}

template <typename T>
void WeightConstraint::Apply(T* weight, T* norms) const {
  using Kind = Constraint::Kind;
  if (constraint_.kind == Kind::kNonNeg) {
    for (int64_t i = 0; i < count_; ++i) weight[i] = weight[i] < 0 ? T(0) : weight[i];
    return;
  }
  std::fill_n(norms, norms_, T(0));
  ForEachRun(weight, norms, 0, [](T* values, int64_t n, T* of, int64_t step) {
    for (int64_t i = 0; i < n; ++i) of[i * step] += values[i] * values[i];
  });
  const T low = constraint_.kind == Kind::kMinMaxNorm ? static_cast<T>(constraint_.low) : T(0);
  const T high = static_cast<T>(constraint_.high), rate = static_cast<T>(constraint_.rate), rest = static_cast<T>(1 - constraint_.rate);
  for (int64_t i = 0; i < norms_; ++i) {
    const T norm = std::sqrt(norms[i]), bounded = std::min(std::max(norm, low), high);
    T wanted = T(1);
    if (constraint_.kind == Kind::kMaxNorm) wanted = bounded;
    if (constraint_.kind == Kind::kMinMaxNorm) wanted = bounded * rate + norm * rest;
    norms[i] = wanted / (norm + static_cast<T>(kEpsilon));
  }
  ForEachRun(weight, norms, 0, [](T* values, int64_t n, T* of, int64_t step) {
    for (int64_t i = 0; i < n; ++i) values[i] *= of[i * step];
  });
}

template void WeightConstraint::Apply(float*, float*) const;
template void WeightConstraint::Apply(double*, double*) const;

}  // namespace engine::native

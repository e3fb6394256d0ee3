// A weight constraint of Keras's, applied behind the optimizer (engine/torch/constraint.hpp: the same values).
#pragma once

#include <cstdint>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/constraint.hpp"

namespace engine::native {

/// A constraint for weights of one shape.
class WeightConstraint {
 public:
  WeightConstraint(const Constraint& constraint, const base::Shape& shape);

  /// How many norms it takes.
  int64_t norms() const { return norms_; }
  /// Changes the weight in place; norms: that many elements of scratch.
  template <typename T>
  void Apply(T* weight, T* norms) const;

 private:
  /// Dimensions next to each other that norms are taken over, or not: of the weight one, in order.
  struct Dimension {
    int64_t size = 1;
    bool summed = false;
  };

  template <typename T, typename Each>
  void ForEachRun(T* weight, T* norms, size_t dimension, Each each) const;

  Constraint constraint_;
  std::vector<Dimension> dimensions_;
  std::vector<int64_t> elements_;     // of one index of a dimension
  std::vector<int64_t> norm_counts_;  // norms that belong to it
  int64_t count_ = 1;                 // elements of the weight
  int64_t norms_ = 1;
};

}  // namespace engine::native

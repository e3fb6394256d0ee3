// Samplers: which configuration is tried next, from what is known of those before it. Inside of src/plan only.
//
// A suggestion is a pure function of (space, seed, observations, number). Losses are compared, never added: a sampler
// asks nothing of their scale, and infinity stands for a trial that diverged or failed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "plan/search/point_space.hpp"

namespace plan {

struct Observation {
  Point point;
  double loss = 0;
};

class Sampler {
 public:
  virtual ~Sampler() = default;
  /// pending: points that train, of which nothing is known yet. number: how many configurations have been suggested.
  /// attempt: from 0, counted up while suggestions turn out to be there already. With fewer than least_observations() points
  /// of a Latin hypercube. nullopt: nothing to suggest, draw one at random.
  virtual std::optional<Point> Suggest(const std::vector<Observation>& observations, const std::vector<Point>& pending,
                                       uint64_t number, uint64_t attempt) const = 0;
  /// Observations without which Suggest has learned nothing.
  virtual size_t least_observations() const = 0;
};

/// Tree-structured Parzen estimator (plan/search/parzen_estimator.cpp). random_part: of the suggestions, those drawn at
/// random nevertheless.
std::unique_ptr<Sampler> MakeParzenSampler(const PointSpace* space, uint64_t seed, size_t startup, bool multivariate,
                                           double random_part);

/// Gaussian process with expected improvement (plan/search/gaussian_process.cpp).
std::unique_ptr<Sampler> MakeGaussianProcessSampler(const PointSpace* space, uint64_t seed, size_t startup);

}  // namespace plan

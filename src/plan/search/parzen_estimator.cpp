// The tree-structured Parzen estimator of Bergstra et al., "Algorithms for hyper-parameter optimization" (2011), in the
// multivariate form of Falkner et al., "BOHB" (2018).
//
// The best part of the observations makes a density l, all others, and what is pending, a density g. Of points drawn
// from l the one with the greatest l / g is suggested, which is the one with the greatest expected improvement. A
// density is a mixture: a kernel around each observation, and the prior with the weight of one. A kernel is a product
// over the parameters that are there: a truncated normal of an ordered one, of an unordered one its own value with a
// share for the others. A parameter that an observation lacks has the prior's density in its kernel, so that
// conditional parameters need no density of their own. Not multivariate: every parameter chooses a kernel of its own.
//
// Differences to BOHB, each because budgets here are small: the best part is smaller; its bandwidths are those of Scott's
// rule over all parameters, with the deviation of a larger part of the best points, since two or three have none to speak
// of, and with a floor that shrinks with the number of observations; they are not multiplied for sampling; the prior is a
// part of both densities; the first points are a Latin hypercube.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/hash.hpp"
#include "base/philox.hpp"
#include "plan/search/normal.hpp"
#include "plan/search/sampler.hpp"

namespace plan {
namespace {

constexpr int kCandidates = 64;
// Optuna has 0.1, BOHB 0.15. Chosen, as the numbers below, on models of the tasks of test/bench/search (docs/benchmarks.md).
constexpr double kBestPart = 0.07;
constexpr size_t kMostBest = 25;
constexpr double kSpreadPart = 0.25;  // bandwidths of the best part follow from the deviation of so many of the best
constexpr double kPrior = 0.29, kPriorPoints = 0.5;  // the prior's deviation, and as how many points it counts
constexpr double kScott = 0.9;
constexpr double kOtherValues =
    0.3;  // the share that an unordered kernel leaves to the other values, with one observation
constexpr double kFeatureWidth = 0.25;  // of an architecture's ordered feature
constexpr double kFeatureOther = 0.35;  // likeness of two different values of an unordered one

using Likeness = std::vector<std::vector<double>>;

// Of two architectures: what their features have in common, as a distribution over the second. Empty where nothing is
// known of them.
Likeness MakeLikeness(const PointSpace& space) {
  const auto& features = space.architecture_features();
  Likeness likeness(features.size(), std::vector<double>(features.size(), 0));
  for (size_t a = 0; a < features.size(); ++a) {
    double sum = 0;
    for (size_t b = 0; b < features.size(); ++b) {
      double like = 1;
      for (size_t f = 0; f < features[a].size(); ++f) {
        const double x = features[a][f], y = features[b][f];
        if (std::isnan(x) && std::isnan(y)) continue;
        const bool ordered = space.feature_is_ordered()[f] && !std::isnan(x) && !std::isnan(y);
        like *= ordered  ? std::exp(-0.5 * (x - y) * (x - y) / (kFeatureWidth * kFeatureWidth))
                : x == y ? 1
                         : kFeatureOther;
      }
      sum += likeness[a][b] = like;
    }
    for (double& like : likeness[a]) like /= sum;
  }
  return likeness;
}

class Mixture {
 public:
  // spread: the points whose deviation bandwidths follow from.
  Mixture(const PointSpace* space, const Likeness* likeness, std::vector<const Point*> centres,
          const std::vector<const Point*>& spread)
      : space_(space), likeness_(*likeness), centres_(std::move(centres)) {
    const size_t count = space_->dimensions().size();
    const double n = std::max<double>(1, static_cast<double>(centres_.size()));
    const double shrink = std::pow(n, -1.0 / (4.0 + static_cast<double>(count)));
    other_ = kOtherValues * shrink;
    for (size_t d = 0; d < count; ++d) width_.push_back(Width(spread, d, n, shrink));
    for (const Point* centre : centres_) {
      heights_.emplace_back(count, 1);
      for (size_t d = 0; d < count; ++d) {
        const double at = (*centre)[d];
        if (std::isnan(at) || !space_->dimensions()[d].ordered) continue;
        const double inside = NormalBelow((1 - at) / width_[d]) - NormalBelow(-at / width_[d]);
        heights_.back()[d] = 1 / (2.50662827463100050242 * width_[d] * inside);
      }
    }
  }

  // The kernel of centre c in dimension d at x; c = centres: the prior.
  double Kernel(size_t c, size_t d, double x) const {
    const Dimension& dimension = space_->dimensions()[d];
    const double values = static_cast<double>(dimension.values());
    const double centre = c < centres_.size() ? (*centres_[c])[d] : std::nan("");
    if (dimension.ordered) {
      if (std::isnan(centre)) return 1;
      const double z = (x - centre) / width_[d];
      return heights_[c][d] * std::exp(-0.5 * z * z);
    }
    if (std::isnan(centre) || values <= 1) return 1 / values;
    if (d == 0 && !likeness_.empty()) {
      return (1 - other_) * likeness_[static_cast<size_t>(centre)][static_cast<size_t>(x)] + other_ / values;
    }
    return (x == centre ? 1 - other_ : 0) + other_ / values;
  }

  double LogDensity(const Point& point, bool multivariate) const {
    const double parts = static_cast<double>(centres_.size() + 1);
    double sum = multivariate ? 0 : 1, log_sum = 0;
    if (multivariate) {
      for (size_t c = 0; c <= centres_.size(); ++c) {
        double product = 1;
        for (size_t d = 0; d < point.size(); ++d) product *= std::isnan(point[d]) ? 1 : Kernel(c, d, point[d]);
        sum += product;
      }
      return std::log(sum / parts);
    }
    for (size_t d = 0; d < point.size(); ++d) {
      if (std::isnan(point[d])) continue;
      sum = 0;
      for (size_t c = 0; c <= centres_.size(); ++c) sum += Kernel(c, d, point[d]);
      log_sum += std::log(sum / parts);
    }
    return log_sum;
  }

  Point Sample(bool multivariate, base::Stream* random) const {
    Point point(space_->dimensions().size(), std::nan(""));
    size_t c = random->Below(centres_.size() + 1);
    for (size_t d = 0; d < point.size(); ++d) {
      if (!multivariate) c = random->Below(centres_.size() + 1);
      if (space_->IsThere(d, point)) point[d] = SampleOne(c, d, random->Uniform());
    }
    return point;
  }

 private:
  double SampleOne(size_t c, size_t d, double u) const {
    const Dimension& dimension = space_->dimensions()[d];
    const double centre = c < centres_.size() ? (*centres_[c])[d] : std::nan("");
    if (dimension.ordered) {
      if (std::isnan(centre)) return u;
      const double low = NormalBelow(-centre / width_[d]), high = NormalBelow((1 - centre) / width_[d]);
      return std::clamp(centre + width_[d] * NormalQuantile(low + u * (high - low)), 0.0, std::nextafter(1.0, 0.0));
    }
    size_t value = 0;
    for (double left = u; value + 1 < dimension.values(); ++value) {
      left -= Kernel(c, d, static_cast<double>(value));
      if (left < 0) break;
    }
    return static_cast<double>(value);
  }

  static double Width(const std::vector<const Point*>& points, size_t d, double n, double shrink) {
    double sum = 0, squares = 0, found = 0;
    for (const Point* point : points) {
      if (std::isnan((*point)[d])) continue;
      sum += (*point)[d];
      squares += (*point)[d] * (*point)[d];
      ++found;
    }
    const double squared = std::max(0.0, squares - sum * sum / std::max(1.0, found));
    const double deviation =
        found > 1 ? std::sqrt((squared + kPriorPoints * kPrior * kPrior) / (found + kPriorPoints)) : kPrior;
    return std::clamp(kScott * deviation * shrink, std::max(0.02, 0.25 / (1 + n)), 0.5);
  }

  const PointSpace* space_;
  const Likeness& likeness_;
  std::vector<const Point*> centres_;
  std::vector<double> width_;                 // a dimension
  std::vector<std::vector<double>> heights_;  // of a centre's kernels in ordered dimensions
  double other_ = 0;
};

class ParzenSampler : public Sampler {
 public:
  ParzenSampler(const PointSpace* space, uint64_t seed, size_t startup, bool multivariate, double random_part)
      : space_(space),
        likeness_(MakeLikeness(*space)),
        seed_(seed),
        startup_(startup),
        multivariate_(multivariate),
        random_part_(random_part) {}

  size_t least_observations() const override { return std::max<size_t>(startup_, 2); }

  std::optional<Point> Suggest(const std::vector<Observation>& observations, const std::vector<Point>& pending,
                               uint64_t number, uint64_t attempt) const override {
    base::Stream random(seed_, base::Hash("tpe", 3, 0).lo, base::Purpose::kSearch, number, attempt);
    if (observations.size() < least_observations() && attempt == 0) return space_->Spread(number, least_observations());
    if (observations.size() < least_observations() || random.Uniform() < random_part_) return std::nullopt;
    std::vector<size_t> rank(observations.size());
    std::iota(rank.begin(), rank.end(), size_t{0});
    std::stable_sort(rank.begin(), rank.end(),
                     [&](size_t a, size_t b) { return observations[a].loss < observations[b].loss; });
    const size_t best =
        std::min(kMostBest, static_cast<size_t>(std::ceil(kBestPart * static_cast<double>(rank.size()))));
    const size_t near_best = std::max(best, static_cast<size_t>(std::ceil(kSpreadPart * static_cast<double>(rank.size()))));
    std::vector<const Point*> good, near, bad;
    for (size_t i = 0; i < rank.size(); ++i) {
      const Observation& observation = observations[rank[i]];
      if (i < near_best && std::isfinite(observation.loss)) near.push_back(&observation.point);
      (i < best && std::isfinite(observation.loss) ? good : bad).push_back(&observation.point);
    }
    for (const Point& point : pending) bad.push_back(&point);
    const Mixture likely(space_, &likeness_, std::move(good), near), unlikely(space_, &likeness_, bad, bad);

    std::optional<Point> out;
    double most = 0;
    for (int i = 0; i < kCandidates; ++i) {
      Point point = likely.Sample(multivariate_, &random);
      const double gain = likely.LogDensity(point, multivariate_) - unlikely.LogDensity(point, multivariate_);
      if (out && !(gain > most)) continue;
      most = gain;
      out = std::move(point);
    }
    return out;
  }

 private:
  const PointSpace* space_;
  const Likeness likeness_;
  const uint64_t seed_;
  const size_t startup_;
  const bool multivariate_;
  const double random_part_;
};

}  // namespace

std::unique_ptr<Sampler> MakeParzenSampler(const PointSpace* space, uint64_t seed, size_t startup, bool multivariate,
                                           double random_part) {
  return std::make_unique<ParzenSampler>(space, seed, startup, multivariate, random_part);
}

}  // namespace plan

// A Gaussian process with expected improvement (Jones et al., "Efficient global optimization", 1998; Snoek et al.,
// "Practical Bayesian optimization of machine learning algorithms", 2012).
//
// Losses become the normal quantiles of their ranks, so that a diverged trial is no more than the worst one. The
// covariance is Matern 5/2 with a length for each parameter; lengths and noise maximise the posterior density,
// parameter by parameter over a short list. An unordered parameter is one coordinate a value; one that is not there has
// the middle, and is told apart by the parameter that it hangs on. Points that are pending are believed to turn out as
// predicted. The improvement is looked for among draws and near the best points.
//
// At most kMostObservations are looked at, the best ones and the last ones: work is cubic in them.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/hash.hpp"
#include "base/philox.hpp"
#include "plan/search/normal.hpp"
#include "plan/search/sampler.hpp"

namespace plan {
namespace {

constexpr size_t kMostObservations = 160;
constexpr size_t kBestObservations = 100;  // of these
constexpr size_t kMostPending = 128;  // that are believed in
constexpr int kDraws = 400, kNearPoints = 5, kNear = 40;
constexpr double kLengths[] = {0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4};
constexpr double kNoises[] = {1e-3, 1e-2, 5e-2, 2e-1};
constexpr int kSweeps = 2;

// Coordinates of a point for the covariance: block after block, each with a length of its own.
class Encoding {
 public:
  explicit Encoding(const PointSpace* space) : space_(space) {
    const auto& features = space->architecture_features();
    for (size_t f = 0; !features.empty() && f < features[0].size(); ++f) {
      size_t values = 1;
      if (!space->feature_is_ordered()[f]) {
        for (const auto& feature : features)
          values = std::max(values, std::isnan(feature[f]) ? 1 : static_cast<size_t>(feature[f]) + 1);
      }
      feature_values_.push_back(values);
      sizes_.push_back(values);
    }
    for (size_t d = features.empty() ? 0 : 1; d < space->dimensions().size(); ++d) {
      const Dimension& dimension = space->dimensions()[d];
      if (dimension.values() == 1) continue;
      used_.push_back(d);
      sizes_.push_back(dimension.ordered ? 1 : dimension.values());
    }
  }

  const std::vector<size_t>& sizes() const { return sizes_; }

  std::vector<double> Encode(const Point& point) const {
    std::vector<double> out;
    for (size_t f = 0; f < feature_values_.size(); ++f) {
      Append(space_->architecture_features()[static_cast<size_t>(point[0])][f], space_->feature_is_ordered()[f],
             feature_values_[f], &out);
    }
    for (size_t d : used_) Append(point[d], space_->dimensions()[d].ordered, space_->dimensions()[d].values(), &out);
    return out;
  }

 private:
  static void Append(double value, bool ordered, size_t values, std::vector<double>* out) {
    if (ordered) {
      out->push_back(std::isnan(value) ? 0.5 : value);
      return;
    }
    for (size_t v = 0; v < values; ++v) out->push_back(value == static_cast<double>(v) ? 0.70710678118654752440 : 0);
  }

  const PointSpace* space_;
  std::vector<size_t> feature_values_, used_, sizes_;
};

using Matrix = std::vector<std::vector<double>>;

class Process {
 public:
  Process(std::vector<size_t> sizes, Matrix x, std::vector<double> y)
      : sizes_(std::move(sizes)), x_(std::move(x)), y_(std::move(y)), lengths_(sizes_.size(), 0.8) {}

  void Learn() {
    Factor();
    double best = LogPosterior();
    const auto choose = [&](double* parameter, const double* first, const double* last) {
      double kept = *parameter;
      for (const double* value = first; value != last; ++value) {
        if (*value == kept) continue;
        *parameter = *value;
        Factor();
        const double found = LogPosterior();
        if (found > best) {
          best = found;
          kept = *value;
        }
      }
      *parameter = kept;
    };
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      choose(&noise_, std::begin(kNoises), std::end(kNoises));
      for (double& length : lengths_) choose(&length, std::begin(kLengths), std::end(kLengths));
    }
    Factor();
  }

  void Believe(std::vector<double> x) {
    const double y = Predict(x).first;
    x_.push_back(std::move(x));
    y_.push_back(y);
    AddRow();
    Solve();
  }

  // Mean and deviation.
  std::pair<double, double> Predict(const std::vector<double>& x) const {
    std::vector<double> k(x_.size());
    double mean = 0, squares = 0;
    for (size_t i = 0; i < x_.size(); ++i) mean += (k[i] = Covariance(x, x_[i])) * alpha_[i];
    for (size_t i = 0; i < x_.size(); ++i) {
      for (size_t j = 0; j < i; ++j) k[i] -= root_[i][j] * k[j];
      k[i] /= root_[i][i];
      squares += k[i] * k[i];
    }
    return {mean, std::sqrt(std::max(1e-12, 1 - squares))};
  }

 private:
  double Covariance(const std::vector<double>& a, const std::vector<double>& b) const {
    double distance = 0;
    size_t at = 0;
    for (size_t block = 0; block < sizes_.size(); ++block) {
      double squares = 0;
      for (size_t i = 0; i < sizes_[block]; ++i, ++at) squares += (a[at] - b[at]) * (a[at] - b[at]);
      distance += squares / (lengths_[block] * lengths_[block]);
    }
    const double r = std::sqrt(5 * distance);
    return (1 + r + r * r / 3) * std::exp(-r);
  }

  // Cholesky's decomposition of the covariance matrix, and what predictions need of it.
  void Factor() {
    root_.clear();
    while (root_.size() < x_.size()) AddRow();
    Solve();
  }

  // A row depends on those before it only.
  void AddRow() {
    const size_t i = root_.size();
    std::vector<double>& row = root_.emplace_back(i + 1, 0.0);
    for (size_t j = 0; j <= i; ++j) {
      double sum = Covariance(x_[i], x_[j]) + (i == j ? noise_ : 0);
      for (size_t k = 0; k < j; ++k) sum -= row[k] * root_[j][k];
      row[j] = i == j ? std::sqrt(std::max(sum, 1e-10)) : sum / root_[j][j];
    }
  }

  void Solve() {
    const size_t n = x_.size();
    alpha_ = y_;
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < i; ++j) alpha_[i] -= root_[i][j] * alpha_[j];
      alpha_[i] /= root_[i][i];
    }
    fit_ = std::inner_product(alpha_.begin(), alpha_.end(), alpha_.begin(), 0.0);
    for (size_t i = n; i-- > 0;) {
      for (size_t j = i + 1; j < n; ++j) alpha_[i] -= root_[j][i] * alpha_[j];
      alpha_[i] /= root_[i][i];
    }
  }

  // Up to a constant; lengths are log-normal around 1.
  double LogPosterior() const {
    double out = -0.5 * fit_;
    for (size_t i = 0; i < x_.size(); ++i) out -= std::log(root_[i][i]);
    for (double length : lengths_) out -= 0.5 * std::log(length) * std::log(length) / (1.2 * 1.2);
    return out;
  }

  std::vector<size_t> sizes_;
  Matrix x_, root_;
  std::vector<double> y_, alpha_;
  std::vector<double> lengths_;
  double noise_ = 1e-2, fit_ = 0;
};

class GaussianProcessSampler : public Sampler {
 public:
  GaussianProcessSampler(const PointSpace* space, uint64_t seed, size_t startup)
      : space_(space), encoding_(space), seed_(seed), startup_(startup) {}

  size_t least_observations() const override { return std::max<size_t>(startup_, 2); }

  std::optional<Point> Suggest(const std::vector<Observation>& all, const std::vector<Point>& pending, uint64_t number,
                               uint64_t attempt) const override {
    if (all.size() < least_observations() && attempt == 0) return space_->Spread(number, least_observations());
    if (all.size() < least_observations() || encoding_.sizes().empty()) return std::nullopt;
    const std::vector<size_t> chosen = Chosen(all);
    Matrix x;
    for (size_t i : chosen) x.push_back(encoding_.Encode(all[i].point));
    const std::vector<double> y = Ranked(all, chosen);
    Process process = Learned(std::move(x), y);
    // the last ones: a generation of many trials would take time that grows with its cube
    for (size_t i = pending.size() - std::min(pending.size(), kMostPending); i < pending.size(); ++i) process.Believe(encoding_.Encode(pending[i]));

    base::Stream random(seed_, base::Hash("gp", 2, 0).lo, base::Purpose::kSearch, number, attempt);
    const double best = *std::min_element(y.begin(), y.end());
    std::optional<Point> out;
    double most = -1;
    const auto consider = [&](Point point) {
      const auto [mean, deviation] = process.Predict(encoding_.Encode(point));
      const double z = (best - mean) / deviation;
      const double gain = deviation * (z * NormalBelow(z) + NormalDensity(z));
      if (!(gain > most)) return;
      most = gain;
      out = std::move(point);
    };
    for (int i = 0; i < kDraws; ++i) consider(space_->Sample(random.Next64()));
    for (size_t i = 0; i < std::min<size_t>(kNearPoints, chosen.size()); ++i) {
      for (int n = 0; n < kNear; ++n) consider(Near(all[chosen[i]].point, n % 2 == 0 ? 0.15 : 0.04, &random));
    }
    return out;
  }

 private:
  // The best ones, best first, then the last ones of the others.
  static std::vector<size_t> Chosen(const std::vector<Observation>& all) {
    std::vector<size_t> rank(all.size());
    std::iota(rank.begin(), rank.end(), size_t{0});
    std::stable_sort(rank.begin(), rank.end(), [&](size_t a, size_t b) { return all[a].loss < all[b].loss; });
    if (rank.size() <= kMostObservations) return rank;
    std::sort(rank.begin() + kBestObservations, rank.end(), std::greater<size_t>());
    rank.resize(kMostObservations);
    return rank;
  }

  // Normal quantiles of the ranks; equal losses have the mean rank.
  static std::vector<double> Ranked(const std::vector<Observation>& all, const std::vector<size_t>& chosen) {
    std::vector<double> y;
    for (size_t i : chosen) {
      double below = 0, same = 0;
      for (size_t j : chosen) {
        below += all[j].loss < all[i].loss;
        same += all[j].loss == all[i].loss;
      }
      y.push_back(NormalQuantile((below + 0.5 * same) / static_cast<double>(chosen.size())));
    }
    return y;
  }

  // What was learned from the same observations is kept: a decision asks for several suggestions.
  Process Learned(Matrix x, const std::vector<double>& y) const {
    if (!learned_ || x != learned_x_ || y != learned_y_) {
      learned_x_ = x;
      learned_y_ = y;
      learned_.emplace(encoding_.sizes(), std::move(x), y);
      learned_->Learn();
    }
    return *learned_;
  }

  Point Near(Point point, double width, base::Stream* random) const {
    for (size_t d = 0; d < point.size(); ++d) {
      const Dimension& dimension = space_->dimensions()[d];
      const double normal = random->Normal(), uniform = random->Uniform();
      if (std::isnan(point[d])) continue;
      if (dimension.ordered) {
        point[d] = std::clamp(point[d] + width * normal, 0.0, std::nextafter(1.0, 0.0));
      } else if (uniform < width) {
        point[d] = static_cast<double>(random->Below(dimension.values()));
      }
    }
    return space_->Completed(std::move(point), random->Next64());
  }

  const PointSpace* space_;
  const Encoding encoding_;
  const uint64_t seed_;
  const size_t startup_;
  mutable std::optional<Process> learned_;
  mutable Matrix learned_x_;
  mutable std::vector<double> learned_y_;
};

}  // namespace

std::unique_ptr<Sampler> MakeGaussianProcessSampler(const PointSpace* space, uint64_t seed, size_t startup) {
  return std::make_unique<GaussianProcessSampler>(space, seed, startup);
}

}  // namespace plan

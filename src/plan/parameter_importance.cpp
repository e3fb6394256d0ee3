// Every parameter is a list of levels, numbers ascending, texts in any order, each level with the part of the trials
// that have it as its weight. A leaf of a tree is a box: of each parameter a set of levels. The tree's function is
// constant on boxes, so that its mean over all parameters but one is a sum over leaves, and so is its variance.
#include "plan/parameter_importance.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/literal.hpp"
#include "base/philox.hpp"

namespace plan {
namespace {

constexpr int kTrees = 64;
constexpr size_t kLeastTrials = 4;
constexpr size_t kMostTrials = 2000;          // a tree is made of
constexpr size_t kLeastLeaf = 2;              // trials
constexpr double kParametersTried = 5.0 / 6;  // at a split

struct Levels {
  std::string name;
  bool ordered = true;
  std::vector<size_t> level;    // of each trial
  std::vector<double> weights;  // of each level; they add up to 1
};

std::optional<double> NumberOf(const std::string& text) {
  try {
    const base::Value value = base::ParseLiteral(text);
    if (value.is_number() && std::isfinite(value.number())) return value.number();
  } catch (const base::Error&) {
  }
  return std::nullopt;
}

// The levels of one parameter; one that a trial lacks is a level of its own, below all others.
Levels MakeLevels(const std::string& name, const std::vector<ImportanceTrial>& trials) {
  Levels out;
  out.name = name;
  std::vector<std::optional<std::string>> given;
  std::vector<std::string> texts;
  for (const ImportanceTrial& trial : trials) {
    const auto at =
        std::find_if(trial.parameters.begin(), trial.parameters.end(), [&](const auto& p) { return p.first == name; });
    given.push_back(at == trial.parameters.end() ? std::optional<std::string>() : at->second);
    if (given.back()) texts.push_back(*given.back());
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  std::vector<std::pair<double, std::string>> ranked;
  for (const std::string& text : texts) {
    const std::optional<double> number = NumberOf(text);
    out.ordered = out.ordered && number.has_value();
    ranked.emplace_back(number.value_or(0), text);
  }
  if (out.ordered)
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  out.weights.assign(ranked.size() + 1, 0);
  std::vector<std::pair<std::string, size_t>> by_text;
  for (size_t i = 0; i < ranked.size(); ++i) by_text.emplace_back(ranked[i].second, i + 1);
  std::sort(by_text.begin(), by_text.end());
  for (const auto& text : given) {
    size_t level = 0;
    if (text) {
      level = std::lower_bound(by_text.begin(), by_text.end(), *text, [](const auto& a, const std::string& b) {
                return a.first < b;
              })->second;
    }
    out.level.push_back(level);
    out.weights[level] += 1.0 / static_cast<double>(trials.size());
  }
  return out;
}

struct Leaf {
  std::vector<std::vector<bool>> box;  // of each parameter its levels
  double mean = 0;
};

class Tree {
 public:
  Tree(const std::vector<Levels>& parameters, const std::vector<double>& losses, base::Stream* random)
      : parameters_(parameters), losses_(losses), random_(random) {
    std::vector<size_t> sample;
    const size_t count = std::min(losses.size(), kMostTrials);
    for (size_t i = 0; i < count; ++i) sample.push_back(random->Below(losses.size()));
    std::vector<std::vector<bool>> box;
    for (const Levels& levels : parameters) box.emplace_back(levels.weights.size(), true);
    Grow(std::move(sample), std::move(box));
  }

  // Of each parameter the part of the tree's variance; empty when it has none.
  std::vector<double> Parts() const {
    std::vector<std::vector<double>> shares;  // of each leaf and parameter the weight of its levels
    double mean = 0, squares = 0;
    for (const Leaf& leaf : leaves_) {
      double weight = 1;
      shares.emplace_back();
      for (size_t p = 0; p < parameters_.size(); ++p) {
        double share = 0;
        for (size_t l = 0; l < leaf.box[p].size(); ++l) share += leaf.box[p][l] ? parameters_[p].weights[l] : 0;
        shares.back().push_back(share);
        weight *= share;
      }
      mean += weight * leaf.mean;
      squares += weight * leaf.mean * leaf.mean;
    }
    const double variance = squares - mean * mean;
    if (!(variance > 1e-12 * squares)) return {};
    std::vector<double> parts;
    for (size_t p = 0; p < parameters_.size(); ++p) parts.push_back(VarianceOf(p, shares, mean) / variance);
    return parts;
  }

 private:
  double VarianceOf(size_t p, const std::vector<std::vector<double>>& shares, double mean) const {
    const std::vector<double>& weights = parameters_[p].weights;
    std::vector<double> marginal(weights.size(), 0);
    for (size_t i = 0; i < leaves_.size(); ++i) {
      double others = 1;
      for (size_t q = 0; q < shares[i].size(); ++q) others *= q == p ? 1 : shares[i][q];
      for (size_t l = 0; l < weights.size(); ++l) marginal[l] += leaves_[i].box[p][l] ? others * leaves_[i].mean : 0;
    }
    double variance = 0;
    for (size_t l = 0; l < weights.size(); ++l) variance += weights[l] * (marginal[l] - mean) * (marginal[l] - mean);
    return variance;
  }

  struct Split {
    double gain = 0;
    size_t parameter = 0;
    std::vector<bool> left;  // levels
  };

  void Grow(std::vector<size_t> sample, std::vector<std::vector<bool>> box) {
    Split best;
    if (sample.size() >= 2 * kLeastLeaf) {
      for (size_t p : Tried()) Consider(p, sample, box[p], &best);
    }
    if (!(best.gain > 0)) {
      double sum = 0;
      for (size_t i : sample) sum += losses_[i];
      leaves_.push_back({std::move(box), sum / static_cast<double>(sample.size())});
      return;
    }
    std::vector<size_t> left, right;
    for (size_t i : sample) (best.left[parameters_[best.parameter].level[i]] ? left : right).push_back(i);
    std::vector<std::vector<bool>> left_box = box;
    for (size_t l = 0; l < best.left.size(); ++l) {
      left_box[best.parameter][l] = box[best.parameter][l] && best.left[l];
      box[best.parameter][l] = box[best.parameter][l] && !best.left[l];
    }
    Grow(std::move(left), std::move(left_box));
    Grow(std::move(right), std::move(box));
  }

  std::vector<size_t> Tried() {
    std::vector<size_t> all(parameters_.size());
    std::iota(all.begin(), all.end(), size_t{0});
    for (size_t i = all.size(); i-- > 1;) std::swap(all[i], all[random_->Below(i + 1)]);
    all.resize(std::max<size_t>(1, static_cast<size_t>(std::ceil(kParametersTried * static_cast<double>(all.size())))));
    return all;
  }

  // The split of this parameter that takes most of the sum of squares: levels in their order, or in that of their
  // means.
  void Consider(size_t p, const std::vector<size_t>& sample, const std::vector<bool>& box, Split* best) const {
    struct Sum {
      size_t level = 0, count = 0;
      double sum = 0;
    };
    std::vector<Sum> sums(box.size());
    double total = 0;
    for (size_t i : sample) {
      Sum& sum = sums[parameters_[p].level[i]];
      ++sum.count;
      sum.sum += losses_[i];
      total += losses_[i];
    }
    std::vector<Sum> present;
    for (size_t l = 0; l < sums.size(); ++l) {
      if (sums[l].count == 0) continue;
      present.push_back(sums[l]);
      present.back().level = l;
    }
    const bool ordered = parameters_[p].ordered;
    if (!ordered) {
      std::stable_sort(present.begin(), present.end(), [](const Sum& a, const Sum& b) {
        return a.sum / static_cast<double>(a.count) < b.sum / static_cast<double>(b.count);
      });
    }
    const auto n = static_cast<double>(sample.size());
    double left = 0;
    size_t count = 0, at = present.size();
    double most = best->gain;
    for (size_t i = 0; i + 1 < present.size(); ++i) {
      left += present[i].sum;
      count += present[i].count;
      if (count < kLeastLeaf || sample.size() - count < kLeastLeaf) continue;
      const double l = static_cast<double>(count);
      const double gain = left * left / l + (total - left) * (total - left) / (n - l) - total * total / n;
      if (!(gain > most + 1e-12 * std::fabs(total))) continue;
      most = gain;
      at = i;
    }
    if (at == present.size()) return;
    best->gain = most;
    best->parameter = p;
    best->left.assign(box.size(), false);
    if (ordered) {  // levels between two that are there are parted in the middle
      const size_t border = (present[at].level + present[at + 1].level) / 2;
      for (size_t l = 0; l <= border; ++l) best->left[l] = true;
    } else {
      for (size_t i = 0; i <= at; ++i) best->left[present[i].level] = true;
    }
  }

  const std::vector<Levels>& parameters_;
  const std::vector<double>& losses_;
  base::Stream* random_;
  std::vector<Leaf> leaves_;
};

std::vector<double> CutLosses(const std::vector<ImportanceTrial>& trials) {
  std::vector<double> losses;
  for (const ImportanceTrial& trial : trials) losses.push_back(std::isnan(trial.loss) ? HUGE_VAL : trial.loss);
  std::vector<double> sorted = losses;
  std::sort(sorted.begin(), sorted.end());
  const auto finite = static_cast<size_t>(std::lower_bound(sorted.begin(), sorted.end(), HUGE_VAL) - sorted.begin());
  if (finite == 0) throw base::Error(base::ErrorCode::kPrerequisiteState, "no trial has a finite loss");
  const double median = sorted[std::min(sorted.size() / 2, finite - 1)];
  const double most = median > sorted[0] ? median + 3 * (median - sorted[0]) : sorted[finite - 1];
  for (double& loss : losses) loss = std::min(loss, most);
  return losses;
}

}  // namespace

std::vector<ParameterImportance> ParameterImportances(const std::vector<ImportanceTrial>& trials, uint64_t seed) {
  if (trials.size() < kLeastTrials) {
    throw base::Error(base::ErrorCode::kPrerequisiteState,
                      "there are " + std::to_string(trials.size()) + " trials with a value, fewer than " +
                          std::to_string(kLeastTrials),
                      {}, "Importance needs some tens of trials to say something.");
  }
  std::vector<Levels> parameters;
  for (const ImportanceTrial& trial : trials) {
    for (const auto& parameter : trial.parameters) {
      const auto known = std::find_if(parameters.begin(), parameters.end(),
                                      [&](const Levels& l) { return l.name == parameter.first; });
      if (known == parameters.end()) parameters.push_back(MakeLevels(parameter.first, trials));
    }
  }
  parameters.erase(std::remove_if(parameters.begin(), parameters.end(),
                                  [](const Levels& l) {
                                    return std::count_if(l.weights.begin(), l.weights.end(),
                                                         [](double w) { return w > 0; }) < 2;
                                  }),
                   parameters.end());
  const std::vector<double> losses = CutLosses(trials);
  if (std::all_of(losses.begin(), losses.end(), [&](double loss) { return loss == losses[0]; })) {
    throw base::Error(base::ErrorCode::kPrerequisiteState,
                      "all trials have the same loss: there is nothing to explain");
  }
  std::vector<std::vector<double>> parts;
  for (uint64_t tree = 0; tree < kTrees && !parameters.empty(); ++tree) {
    base::Stream random(seed, base::Hash("fanova", 6, 0).lo, base::Purpose::kSearch, tree);
    std::vector<double> found = Tree(parameters, losses, &random).Parts();
    if (!found.empty()) parts.push_back(std::move(found));
  }
  std::vector<ParameterImportance> out;
  for (size_t p = 0; p < parameters.size(); ++p) {
    double sum = 0, squares = 0;
    for (const auto& part : parts) {
      sum += part[p];
      squares += part[p] * part[p];
    }
    const double n = std::max<double>(1, static_cast<double>(parts.size())), mean = sum / n;
    out.push_back({parameters[p].name, mean, std::sqrt(std::max(0.0, squares / n - mean * mean))});
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.importance > b.importance; });
  return out;
}

}  // namespace plan

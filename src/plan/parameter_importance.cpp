// Every parameter is a list of levels, numbers ascending, texts in any order, each level with the part of the trials
// that have it as its weight. A leaf of a tree is a box: of each parameter a set of levels. The tree's function is
// constant on boxes, so that its mean over all parameters but one is a sum over leaves, and so is its variance.
//
// A parameter of real numbers has as many levels as there are trials, a tree at most so many leaves as kMostTrials. So
// whatever is done for each leaf and each level of it is done for sets of levels that leaves share, or that no split parts.
#include "plan/parameter_importance.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
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

using Range = std::pair<size_t, size_t>;  // of levels, the second one behind them

// A set of levels of one parameter. Many leaves share one: that of the parameters that no split above them is about.
struct Box {
  std::vector<Range> ranges;  // ascending, none touches another's levels
  double share = -1;          // the weight of its levels; less than 0: not added up yet

  bool Has(size_t level) const {
    const auto behind = std::upper_bound(ranges.begin(), ranges.end(), level,
                                         [](size_t wanted, const Range& range) { return wanted < range.first; });
    return behind != ranges.begin() && level < std::prev(behind)->second;
  }
};

// Parts a box into what lies in these ranges, which are as a box's, and the rest.
void Part(const Box& whole, const std::vector<Range>& ranges, Box* inside, Box* outside) {
  auto next = ranges.begin();
  for (const auto& [begin, end] : whole.ranges) {
    for (size_t at = begin; at < end;) {
      while (next != ranges.end() && next->second <= at) ++next;
      if (next == ranges.end() || next->first >= end) {
        outside->ranges.emplace_back(at, end);
        break;
      }
      if (next->first > at) outside->ranges.emplace_back(at, next->first);
      const size_t behind = std::min(end, next->second);
      inside->ranges.emplace_back(std::max(at, next->first), behind);
      at = behind;
    }
  }
}

struct Leaf {
  std::vector<std::shared_ptr<Box>> box;  // by parameter
  double mean = 0;
};

class Tree {
 public:
  Tree(const std::vector<Levels>& parameters, const std::vector<double>& losses, const std::function<void()>& poll,
       base::Stream* random)
      : parameters_(parameters), losses_(losses), poll_(poll), random_(random), borders_(parameters.size()) {
    std::vector<size_t> sample;
    const size_t count = std::min(losses.size(), kMostTrials);
    for (size_t i = 0; i < count; ++i) sample.push_back(random->Below(losses.size()));
    std::vector<std::shared_ptr<Box>> box;
    for (const Levels& levels : parameters)
      box.push_back(std::make_shared<Box>(Box{{{0, levels.weights.size()}}}));
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
        const double share = ShareOf(p, leaf.box[p].get());
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
  double ShareOf(size_t p, Box* box) const {
    if (box->share >= 0) return box->share;
    poll_();
    box->share = 0;
    for (const auto& [begin, end] : box->ranges) {
      for (size_t l = begin; l < end; ++l) box->share += parameters_[p].weights[l];
    }
    return box->share;
  }

  // Levels that no split parts are in the same leaves: the marginal is found for the first level of each such run.
  double VarianceOf(size_t p, const std::vector<std::vector<double>>& shares, double mean) const {
    poll_();
    const std::vector<double>& weights = parameters_[p].weights;
    const std::vector<size_t> runs = Runs(p);
    std::vector<double> marginal(runs.size(), 0);
    for (size_t i = 0; i < leaves_.size(); ++i) {
      double others = 1;
      for (size_t q = 0; q < shares[i].size(); ++q) others *= q == p ? 1 : shares[i][q];
      for (const auto& [begin, end] : leaves_[i].box[p]->ranges) {
        size_t r = static_cast<size_t>(std::lower_bound(runs.begin(), runs.end(), begin) - runs.begin());
        for (; r < runs.size() && runs[r] < end; ++r) marginal[r] += others * leaves_[i].mean;
      }
    }
    double variance = 0;
    for (size_t l = 0, r = 0; l < weights.size(); ++l) {
      if (r + 1 < runs.size() && runs[r + 1] == l) ++r;
      variance += weights[l] * (marginal[r] - mean) * (marginal[r] - mean);
    }
    return variance;
  }

  // The first level of each run, ascending.
  std::vector<size_t> Runs(size_t p) const {
    std::vector<size_t> runs = borders_[p];
    runs.push_back(0);
    std::sort(runs.begin(), runs.end());
    runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
    return runs;
  }

  struct Split {
    double gain = 0;
    size_t parameter = 0;
    std::vector<Range> left;
  };

  void Grow(std::vector<size_t> sample, std::vector<std::shared_ptr<Box>> box) {
    Split best;
    if (sample.size() >= 2 * kLeastLeaf) {
      for (size_t p : Tried()) Consider(p, sample, &best);
    }
    if (!(best.gain > 0)) {
      double sum = 0;
      for (size_t i : sample) sum += losses_[i];
      leaves_.push_back({std::move(box), sum / static_cast<double>(sample.size())});
      return;
    }
    poll_();
    const size_t p = best.parameter;
    std::sort(best.left.begin(), best.left.end());
    const auto inside = std::make_shared<Box>(), outside = std::make_shared<Box>();
    Part(*box[p], best.left, inside.get(), outside.get());
    for (const auto& [begin, end] : best.left) {
      borders_[p].push_back(begin);
      if (end < parameters_[p].weights.size()) borders_[p].push_back(end);
    }
    std::vector<size_t> left, right;
    for (size_t i : sample) (inside->Has(parameters_[p].level[i]) ? left : right).push_back(i);
    std::vector<std::shared_ptr<Box>> left_box = box;
    left_box[p] = inside;
    box[p] = outside;
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
  void Consider(size_t p, const std::vector<size_t>& sample, Split* best) const {
    struct Sum {
      size_t level = 0, count = 0;
      double sum = 0;
    };
    std::vector<size_t> by_level = sample;
    std::stable_sort(by_level.begin(), by_level.end(),
                     [&](size_t a, size_t b) { return parameters_[p].level[a] < parameters_[p].level[b]; });
    std::vector<Sum> present;
    for (size_t i : by_level) {
      const size_t level = parameters_[p].level[i];
      if (present.empty() || present.back().level != level) present.push_back({level});
      ++present.back().count;
      present.back().sum += losses_[i];
    }
    double total = 0;
    for (size_t i : sample) total += losses_[i];
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
    best->left.clear();
    if (ordered) {  // levels between two that are there are parted in the middle
      best->left.emplace_back(0, (present[at].level + present[at + 1].level) / 2 + 1);
    } else {
      for (size_t i = 0; i <= at; ++i) best->left.emplace_back(present[i].level, present[i].level + 1);
    }
  }

  const std::vector<Levels>& parameters_;
  const std::vector<double>& losses_;
  const std::function<void()>& poll_;
  base::Stream* random_;
  std::vector<Leaf> leaves_;
  std::vector<std::vector<size_t>> borders_;  // of each parameter the levels before which a split parts them
};

std::vector<double> CutLosses(const std::vector<ImportanceTrial>& trials) {
  std::vector<double> losses;
  for (const ImportanceTrial& trial : trials) losses.push_back(std::isnan(trial.loss) ? HUGE_VAL : trial.loss);
  std::vector<double> sorted = losses;
  std::sort(sorted.begin(), sorted.end());
  const auto finite = static_cast<size_t>(std::lower_bound(sorted.begin(), sorted.end(), HUGE_VAL) - sorted.begin());
  if (finite == 0) {
    throw base::Error(base::ErrorCode::kPrerequisiteState, "no trial has a finite loss", {},
                      "Choose an iteration before the models diverged, or lower their learning rates.");
  }
  const double median = sorted[std::min(sorted.size() / 2, finite - 1)];
  const double most = median > sorted[0] ? median + 3 * (median - sorted[0]) : sorted[finite - 1];
  for (double& loss : losses) loss = std::min(loss, most);
  return losses;
}

}  // namespace

std::vector<ParameterImportance> ParameterImportances(const std::vector<ImportanceTrial>& trials, uint64_t seed,
                                                      const std::function<void()>& poll) {
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
      if (known != parameters.end()) continue;
      poll();
      parameters.push_back(MakeLevels(parameter.first, trials));
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
                      "all trials have the same loss: there is nothing to explain", {},
                      "Choose another iteration, or train the models longer.");
  }
  std::vector<std::vector<double>> parts;
  for (uint64_t tree = 0; tree < kTrees && !parameters.empty(); ++tree) {
    base::Stream random(seed, base::Hash("fanova", 6, 0).lo, base::Purpose::kSearch, tree);
    std::vector<double> found = Tree(parameters, losses, poll, &random).Parts();
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

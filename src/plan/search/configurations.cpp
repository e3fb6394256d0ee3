#include "plan/search/configurations.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/literal.hpp"
#include "base/philox.hpp"

namespace plan {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr uint64_t kAttempts = 20;  // suggestions that are there already, before one is drawn at random

const TrialPoint* PointAt(const Trial& trial, int64_t iteration) {
  const auto at = std::lower_bound(trial.points.begin(), trial.points.end(), iteration,
                                   [](const TrialPoint& point, int64_t wanted) { return point.iteration < wanted; });
  return at != trial.points.end() && at->iteration == iteration ? &*at : nullptr;
}

// Of a grid in order, a rung would compare neighbours, and promote whoever is a little better than those before it.
void Shuffle(uint64_t seed, std::vector<Candidate>* candidates) {
  base::Stream random(seed, base::Hash("grid", 4, 0).lo, base::Purpose::kSearch);
  for (size_t i = candidates->size(); i > 1; --i) std::swap((*candidates)[i - 1], (*candidates)[random.Below(i)]);
}

// The first one that is not there. `from`: how many of the first are known to be.
const Candidate* FirstNew(const std::vector<Candidate>& candidates, const std::set<std::string>& seen, size_t* from) {
  while (*from < candidates.size() && seen.count(KeyOf(candidates[*from])) > 0) ++*from;
  return *from < candidates.size() ? &candidates[*from] : nullptr;
}

}  // namespace

int64_t Configuration::target() const {
  int64_t furthest = 0;
  for (const Trial* trial : trials) furthest = std::max(furthest, trial->target);
  return furthest;
}

bool Configuration::AnyIn(TrialState state) const {
  return std::any_of(trials.begin(), trials.end(), [&](const Trial* trial) { return trial->state == state; });
}

std::optional<double> Configuration::ValueAt(int64_t iteration) const {
  double sum = 0;
  int64_t found = 0;
  for (const Trial* trial : trials) {
    const TrialPoint* point = PointAt(*trial, iteration);
    if (point != nullptr) {
      sum += std::isnan(point->value) ? kInfinity : point->value;
      ++found;
    } else if (trial->state == TrialState::kDiverged || trial->state == TrialState::kFailed) {
      return kInfinity;
    } else if (trial->state != TrialState::kStopped) {
      return std::nullopt;
    }
  }
  return found > 0 ? std::optional<double>(sum / static_cast<double>(found)) : std::nullopt;
}

std::optional<int64_t> Configuration::LastIteration() const {
  int64_t last = std::numeric_limits<int64_t>::max();
  for (const Trial* trial : trials) {
    if (trial->points.empty()) return std::nullopt;
    last = std::min(last, trial->points.back().iteration);
  }
  return last;
}

std::optional<double> Configuration::LastValue() const {
  if (AnyIn(TrialState::kDiverged) || AnyIn(TrialState::kFailed)) return kInfinity;
  const std::optional<int64_t> last = LastIteration();
  return last ? ValueAt(*last) : std::nullopt;
}

std::vector<Observation> OrderOf(const std::vector<const Configuration*>& configurations) {
  struct Trained {
    const Configuration* configuration;
    int64_t last;
    double value;
  };
  std::vector<Trained> trained;
  std::vector<Observation> out, bad;
  for (const Configuration* configuration : configurations) {
    const std::optional<double> value = configuration->LastValue();
    if (!configuration->point || !value) continue;
    if (std::isinf(*value)) {
      bad.push_back({*configuration->point, kInfinity});
    } else {
      trained.push_back({configuration, *configuration->LastIteration(), *value});
    }
  }
  std::stable_sort(trained.begin(), trained.end(), [](const Trained& a, const Trained& b) {
    return a.last != b.last ? a.last > b.last : a.value < b.value;
  });
  std::vector<const Configuration*> order;  // of those that were trained for longer
  for (size_t next = 0; next < trained.size();) {
    const int64_t last = trained[next].last;
    std::vector<double> values;
    for (const Configuration* longer : order) values.push_back(longer->ValueAt(last).value_or(kInfinity));
    std::sort(values.begin(), values.end());
    std::vector<const Configuration*> merged;
    size_t taken = 0;
    for (; next < trained.size() && trained[next].last == last; ++next) {
      const auto better = static_cast<size_t>(std::upper_bound(values.begin(), values.end(), trained[next].value) - values.begin());
      while (taken < better) merged.push_back(order[taken++]);
      merged.push_back(trained[next].configuration);
    }
    merged.insert(merged.end(), order.begin() + static_cast<std::ptrdiff_t>(taken), order.end());
    order = std::move(merged);
  }
  for (size_t i = 0; i < order.size(); ++i) out.push_back({*order[i]->point, static_cast<double>(i)});
  out.insert(out.end(), bad.begin(), bad.end());
  return out;
}

ConfigurationPolicy::ConfigurationPolicy(const SearchDescription& description, const std::string& sampler,
                                         double random_part)
    : d_(description), space_(description), sampler_name_(sampler), sequence_(&space_, description.seed) {
  const auto startup = static_cast<size_t>(description.startup);
  if (sampler == "tpe")
    sampler_ = MakeParzenSampler(&space_, description.seed, startup, description.multivariate, random_part);
  if (sampler == "gp") sampler_ = MakeGaussianProcessSampler(&space_, description.seed, startup);
  if (sampler == "grid") {
    if (std::isinf(space_.Size())) {
      throw base::Error(base::ErrorCode::kInvalidParameter,
                        "a grid cannot be made of a space with distributions of real numbers", {},
                        "List the values, give \"q\", or choose another policy.");
    }
    constexpr double kMost = 100000;
    if (space_.Size() > kMost) {
      throw base::Error(base::ErrorCode::kLimitExceeded,
                        "the grid has " + base::FormatNumber(space_.Size(), true) + " configurations, more than " +
                            base::FormatNumber(kMost, true),
                        {}, "Choose another policy.");
    }
    for (const Point& point : space_.Enumerate()) grid_.push_back(space_.Write(point));
    if (description.policy != "grid") Shuffle(description.seed, &grid_);
  }
}

View ConfigurationPolicy::Look(const std::vector<Trial>& trials) const {
  View view;
  for (const Trial& trial : trials) {
    view.training += trial.state == TrialState::kTrains;
    view.seen.insert(KeyOf(trial.candidate));
    const bool own = trial.bracket != kNoBracket && trial.parent == 0;
    std::vector<Configuration>& list = own ? view.own : view.others;
    Configuration* last = own && !list.empty() ? &list.back() : nullptr;
    if (last != nullptr && static_cast<int64_t>(last->trials.size()) < d_.seeds_per_config &&
        last->bracket == trial.bracket && KeyOf(last->trials.front()->candidate) == KeyOf(trial.candidate)) {
      last->trials.push_back(&trial);
      continue;
    }
    list.push_back({{&trial}, own ? trial.bracket : kNoBracket, space_.Locate(trial.candidate)});
  }
  view.configurations = static_cast<int64_t>(view.own.size());
  if (sampler_) Observe(&view);
  return view;
}

// A clone's values are not those of its configuration from the beginning.
void ConfigurationPolicy::Observe(View* view) const {
  std::vector<const Configuration*> known;
  for (const auto* list : {&view->own, &view->others}) {
    for (const Configuration& configuration : *list) {
      if (configuration.point && configuration.trials.front()->parent == 0) known.push_back(&configuration);
    }
  }
  view->observations = OrderOf(known);
  for (const Configuration& configuration : view->own) {
    if (configuration.point && configuration.open() && !configuration.LastValue()) view->pending.push_back(*configuration.point);
  }
}

std::optional<Candidate> ConfigurationPolicy::Next(View* view) const {
  const Candidate* candidate = FirstNew(d_.first, view->seen, &view->first_seen);
  if (candidate == nullptr && sampler_name_ == "grid") {
    candidate = FirstNew(grid_, view->seen, &view->grid_seen);
    if (candidate == nullptr) return std::nullopt;
  }
  if (candidate != nullptr) return *candidate;
  for (uint64_t attempt = 0; sampler_ && attempt < kAttempts; ++attempt) {
    const auto point =
        sampler_->Suggest(view->observations, view->pending, static_cast<uint64_t>(view->configurations), attempt);
    if (!point) break;
    Candidate suggested = space_.Write(*point);
    if (view->seen.count(KeyOf(suggested)) == 0) return suggested;
  }
  return sequence_.Next(view->seen, &view->drawn_seen);
}

bool ConfigurationPolicy::Add(int64_t target, int64_t bracket, const std::string& remark, View* view,
                              TrialDecision* decision) const {
  std::optional<Candidate> candidate = Next(view);
  if (!candidate) return false;
  view->seen.insert(KeyOf(*candidate));
  if (auto point = space_.Locate(*candidate)) view->pending.push_back(std::move(*point));
  for (int64_t i = 0; i < d_.seeds_per_config; ++i) {
    TrialDecision::Addition addition;
    addition.candidate = *candidate;
    addition.target = target;
    addition.bracket = bracket;
    addition.remark = remark;
    decision->add.push_back(std::move(addition));
  }
  view->training += d_.seeds_per_config;
  ++view->configurations;
  return true;
}

bool ConfigurationPolicy::Exhausted(View* view) const {
  return FirstNew(d_.first, view->seen, &view->first_seen) == nullptr && !sequence_.Next(view->seen, &view->drawn_seen);
}

void ConfigurationPolicy::GoOn(const Configuration& configuration, int64_t target, const std::string& remark,
                               View* view, TrialDecision* decision) {
  for (const Trial* trial : configuration.trials) {
    if (trial->state != TrialState::kWaiting) continue;
    decision->go_on.push_back({trial->key, target, remark});
    ++view->training;
  }
}

void ConfigurationPolicy::Stop(const Configuration& configuration, const std::string& why, View* view,
                               TrialDecision* decision) {
  for (const Trial* trial : configuration.trials) {
    if (trial->state != TrialState::kWaiting && trial->state != TrialState::kTrains) continue;
    decision->stop.push_back({trial->key, why});
    view->training -= trial->state == TrialState::kTrains;
  }
}

bool ConfigurationPolicy::GaveUp(const std::vector<Trial>& trials, TrialDecision* decision) const {
  if (d_.max_failures < 0) return false;
  const int64_t failed = std::count_if(trials.begin(), trials.end(),
                                       [](const Trial& trial) { return trial.state == TrialState::kFailed; });
  if (failed <= d_.max_failures) return false;
  for (const Trial& trial : trials) {
    if (trial.state != TrialState::kTrains && trial.state != TrialState::kWaiting) continue;
    decision->stop.push_back({trial.key, Counted(failed, "trial") + " failed, more than max_failures allows"});
  }
  decision->done = true;
  return true;
}

int64_t ConfigurationPolicy::MostConfigurations(int64_t by_default) const {
  const int64_t wanted = d_.max_models > 0 ? std::max<int64_t>(1, d_.max_models / d_.seeds_per_config) : by_default;
  // configurations to begin with may lie outside of the space
  const double size = space_.Size() + static_cast<double>(d_.first.size());
  return static_cast<double>(wanted) > size ? static_cast<int64_t>(size) : wanted;
}

// The sampler is asked for a configuration when it knows what became of so many others: not where there are no more, and
// not where all of them begin together.
bool ConfigurationPolicy::NeverLearns() const {
  if (sampler_ == nullptr) return false;
  const int64_t configurations = MostTrials() / d_.seeds_per_config;
  return static_cast<int64_t>(sampler_->least_observations()) >= configurations ||
         d_.concurrency / d_.seeds_per_config >= configurations;
}

std::string ConfigurationPolicy::GridText() const {
  const double size = space_.Size();
  if (std::isinf(size)) return "the space is infinite";
  return "the full grid has " + base::FormatNumber(size, true) + " configurations, " +
         base::FormatNumber(size * static_cast<double>(d_.iterations * d_.seeds_per_config), true) +
         " model-iterations";
}

std::string ConfigurationPolicy::SamplerText() const {
  if (sampler_name_ == "random") return "configurations drawn at random";
  if (sampler_name_ == "grid") return std::string("every configuration of the grid") + (d_.policy == "grid" ? "" : ", in random order");
  const std::string after = " after a Latin hypercube of " + std::to_string(sampler_->least_observations());
  return (sampler_name_ == "tpe" ? "configurations by a Parzen estimator" : "configurations by a Gaussian process") +
         after;
}

bool Better(const Configuration& a, double value_a, const Configuration& b, double value_b) {
  return value_a != value_b ? value_a < value_b : a.key() < b.key();
}

std::string Counted(int64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace plan

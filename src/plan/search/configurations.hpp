// What the policies share: trials seen as configurations, and the next configuration to try. Inside of src/plan only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plan/search/point_space.hpp"
#include "plan/search/sampler.hpp"
#include "plan/trials.hpp"

namespace plan {

/// The trials of one candidate: SearchDescription::seeds_per_config of them, which go on and stop together.
struct Configuration {
  std::vector<const Trial*> trials;
  int64_t bracket = kNoBracket;  // kNoBracket: a person's
  std::optional<Point> point;    // none: outside of the space

  int64_t key() const { return trials.front()->key; }
  int64_t target() const;  // the furthest
  bool AnyIn(TrialState state) const;
  /// Whether it may go on: a trial waits and none trains.
  bool waits() const { return AnyIn(TrialState::kWaiting) && !AnyIn(TrialState::kTrains); }
  bool open() const { return AnyIn(TrialState::kTrains) || AnyIn(TrialState::kWaiting); }
  /// Mean of its trials after an iteration of their own count; infinity when one of them had diverged or failed.
  /// nullopt: not known yet, or never.
  std::optional<double> ValueAt(int64_t iteration) const;
  /// The last iteration that all of its trials have done; nullopt: one has done none.
  std::optional<int64_t> LastIteration() const;
  /// The value after it; infinity when one of its trials has diverged or failed.
  std::optional<double> LastValue() const;
};

/// What is known of configurations, in one order: losses are 0, 1, 2, ... from the best one, infinity for those that
/// diverged or failed. Values after different numbers of iterations are not compared: who was trained less comes behind as
/// many of the longer trained as were at least as good at its last iteration. So what trials of lower rungs have shown is
/// learned from, but cannot outweigh a value that is farther along. Who has no value or no point is left out.
std::vector<Observation> OrderOf(const std::vector<const Configuration*>& configurations);

/// A decision in the making.
struct View {
  std::vector<Configuration> own, others;
  std::set<std::string> seen;  // keys of candidates (KeyOf)
  int64_t training = 0;        // trials, those that the decision sets going included
  std::vector<Observation> observations;  // OrderOf all of them; empty where no sampler learns
  std::vector<Point> pending;             // points of which nothing is known yet, the decision's additions included
  int64_t configurations = 0;  // own and added
  // Of each list that configurations are taken from, how many of its first are in `seen`, which only grows.
  size_t first_seen = 0, grid_seen = 0, drawn_seen = 0;
};

/// Base of the policies that try configurations.
class ConfigurationPolicy : public TrialPolicy {
 public:
  bool NeverLearns() const override;

 protected:
  /// sampler: "random", "grid", "tpe" or "gp".
  ConfigurationPolicy(const SearchDescription& description, const std::string& sampler, double random_part);

  View Look(const std::vector<Trial>& trials) const;
  bool HasRoom(const View& view) const { return view.training + d_.seeds_per_config <= d_.concurrency; }
  /// Adds the next configuration. False: there is none left.
  bool Add(int64_t target, int64_t bracket, const std::string& remark, View* view, TrialDecision* decision) const;
  bool Exhausted(View* view) const;
  static void GoOn(const Configuration& configuration, int64_t target, const std::string& remark, View* view,
                   TrialDecision* decision);
  static void Stop(const Configuration& configuration, const std::string& why, View* view, TrialDecision* decision);
  /// Whether too many trials have failed; then everything stops.
  bool GaveUp(const std::vector<Trial>& trials, TrialDecision* decision) const;
  /// Configurations that are wanted; of a finite space no more than there are.
  int64_t MostConfigurations(int64_t by_default) const;
  std::string GridText() const;  // how many model-iterations the full grid has, or that there is none
  std::string SamplerText() const;

  const SearchDescription d_;
  const PointSpace space_;

 private:
  std::optional<Candidate> Next(View* view) const;
  void Observe(View* view) const;

  const std::string sampler_name_;
  const RandomSequence sequence_;
  std::unique_ptr<Sampler> sampler_;
  std::vector<Candidate> grid_;
};

/// Whether a is better than b: by value, then by key.
bool Better(const Configuration& a, double value_a, const Configuration& b, double value_b);

/// 1 model, 2 models.
std::string Counted(int64_t count, const std::string& what);

std::unique_ptr<TrialPolicy> MakeSamplingPolicy(const SearchDescription& description);   // grid, random, tpe, gp
std::unique_ptr<TrialPolicy> MakeHyperbandPolicy(const SearchDescription& description);  // hyperband, bohb
std::unique_ptr<TrialPolicy> MakeAshaPolicy(const SearchDescription& description);
std::unique_ptr<TrialPolicy> MakePopulationPolicy(const SearchDescription& description);  // pbt
std::unique_ptr<TrialPolicy> MakeExternalPolicy(const SearchDescription& description);

}  // namespace plan

// Trials: the models of a searching run, and the policies that decide which of them are added, go on and stop.
//
// Virtual time is the round. In a round every trial that trains does one iteration; then all that trained are scored; then the policy decides.
// A decision is a pure function of (description, trials): no clock, no randomness but the description's seed. So every driver, every number of
// workers, a run that goes on after a crash and a replay decide the same. A policy keeps nothing between two calls.
//
// The coordinator of a run (train/coordinator.hpp) calls; a trial's values and states are its to keep, and a person may have changed them:
// policies take them as they are, and leave alone a trial that they did not add (bracket kNoBracket) but for learning from its values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/value.hpp"
#include "plan/search.hpp"

namespace plan {

enum class TrialState {
  kTrains,    // has a target ahead, and takes part in the next round
  kWaiting,   // has reached its target: the policy says whether it goes on
  kPaused,    // does not train until someone says so
  kStopped,   // by the policy, by a person or by early stopping; its state is kept, so that a person may resume it
  kFinished,  // has done SearchDescription::iterations iterations
  kDiverged,
  kFailed     // an error, which the run's tables tell
};
const char* TrialStateName(TrialState state);  // "trains", "waiting", ...
std::optional<TrialState> ReadTrialState(std::string_view name);

/// A trial's monitored value after an iteration, as a loss: smaller is better (a metric that goes up comes negated). NaN is worst.
struct TrialPoint {
  int64_t iteration = 0;  // of the trial's own count
  double value = 0;
};

constexpr int64_t kNoBracket = -1;  // of a trial that no policy added

struct Trial {
  int64_t key = 0;         // mst_key: from 1 in the order of addition; the stream of its random numbers
  Candidate candidate;
  int64_t parent = 0;      // key of the trial with whose weights it began; 0: fresh
  int64_t began = 0;       // iterations that it brought along: its parent's at that round; 0 when fresh
  int64_t bracket = kNoBracket;  // as the policy's addition said
  TrialState state = TrialState::kTrains;
  int64_t iterations = 0;  // done, counted from the first training of the first ancestor: a clone's count goes on from its parent's
  int64_t target = 0;      // trains until `iterations` is this
  std::vector<TrialPoint> points;  // ascending, after every round in which it trained; without those of its parent
  std::string remark;      // why it was added or stopped
};

/// Orders of one decision; they hold from the next round on. No key is in two of the lists.
struct TrialDecision {
  struct Addition {
    Candidate candidate;
    int64_t parent = 0;            // begins with this trial's weights as they are now; 0: fresh
    bool keeps_optimizer = false;  // and with its optimizer's state, where the optimizer is the same one
    int64_t target = 0;            // of the same count as Trial::iterations
    int64_t bracket = kNoBracket;
    std::string remark;
  };
  struct Order {
    int64_t key = 0;
    std::string remark;
  };
  struct GoOn {
    int64_t key = 0;
    int64_t target = 0;
    std::string remark;
  };
  std::vector<Addition> add;  // get the next keys in this order
  std::vector<GoOn> go_on;    // trials that wait or are paused
  std::vector<Order> pause;   // trials that train
  std::vector<Order> stop;    // trials that train, wait or are paused
  bool done = false;          // nothing will be added and nothing goes on: the run ends after this decision. Not done and nothing trains:
                              // the run waits for a person, who adds trials (policy "external")
};

/// What a searching run is asked for: the keys of `search`, and the run's own arguments. ReadSearch makes it.
struct SearchDescription {
  std::string policy = "random";
  std::vector<int> model_ids;        // architectures; ascending, each once, constraints obeyed
  std::vector<std::pair<int, base::Dict>> architectures;  // what a model_id was made with: {"layers": 2, "units_2": 32}; samplers learn from it
  std::string compile_grid, fit_grid;  // dictionaries as generate_model_configs takes them (plan/search_space.hpp)
  std::vector<Candidate> first;      // tried before all others, in this order
  int64_t iterations = 1;            // the most iterations of a trial: num_iterations
  uint64_t seed = 0;
  std::string monitor;               // metric to search by; empty: as the leaderboard ranks, on the validation table where there is one
  int64_t max_models = 0;            // trials in all; 0: the policy's own number
  int64_t concurrency = 16;          // trials that train at once
  int64_t seeds_per_config = 1;      // trials of each configuration; the policy takes the mean of their values
  int64_t max_failures = -1;         // more failed trials end the run; -1: no end
  std::optional<double> time_budget;    // seconds: the run ends at the round end behind it. The coordinator's: the only clock
  std::optional<int64_t> max_parameters;  // of an architecture: model_ids obey it
  // of schedulers
  double eta = 3;                    // hyperband, asha, bohb: one of eta goes on
  int64_t min_iterations = 1;        // the first rung of asha, hyperband and bohb; before it median stopping stops nobody
  int64_t brackets = 0;              // hyperband and bohb: how many; 0: all that iterations and eta make
  bool median_stopping = false;      // of random, tpe, gp and grid: a trial worse than the median of the others stops
  // of samplers
  std::string sampler = "random";    // of hyperband and asha: "random", "grid", "tpe" or "gp"
  int64_t startup = 6;               // tpe, gp, bohb: observations before the sampler learns; until then configurations are those of a Latin hypercube
  bool multivariate = true;          // tpe, bohb: parameters are looked at together
  // of population-based training
  int64_t population = 16, interval = 1;  // members; iterations between two changes
  double quantile = 0.25;            // the worst part takes over the weights of the best part
};

class TrialPolicy {
 public:
  virtual ~TrialPolicy() = default;
  /// Called before the first round with no trials, or with those that a person has added, and then after every round with all trials, by key.
  virtual TrialDecision Decide(const std::vector<Trial>& trials) const = 0;
  /// How many trials there can be in all, those of a person not counted.
  virtual int64_t MostTrials() const = 0;
  /// Model-iterations that are to be expected, if nothing diverges.
  virtual int64_t ExpectedWork() const = 0;
  /// Whether a round says something to it in which no trial has ended, waits or was changed. Where it is false, a second
  /// call without such a change decides nothing.
  virtual bool LooksEachRound() const { return false; }
  /// Whether its sampler comes too late: all configurations are drawn before it has what it learns from.
  virtual bool NeverLearns() const { return false; }
  /// Whether it has rungs to stop trials at, but a single one, which has all iterations.
  virtual bool NeverHalves() const { return false; }
  /// The rung that a trial trains for or waits at, from 1; 0: the policy has none. Rungs(bracket): how many there are.
  virtual int64_t RungOf(const Trial&) const { return 0; }
  virtual int64_t Rungs(int64_t bracket) const { return 0; }
  /// Lines for EXPLAIN, without indent: the policy, its rungs and their sizes, expected model-iterations against the full grid.
  virtual std::vector<std::string> Describe() const = 0;
};

/// Reads the literal of `search` for a run of num_iterations. Errors: kSyntax for a text that is no dictionary, kInvalidParameter for unknown
/// keys and policies and for values out of range, naming them. `search` may hold the grids ("compile_params_grid",
/// "fit_params_grid") and model_ids; first and the seed are the caller's to add.
SearchDescription ReadSearch(std::string_view search, int64_t num_iterations);

/// The literal of a search with what a caller gives beside it. Errors: those of ReadSearch for the text; kInvalidParameter for what is in it, too.
std::string CompleteSearch(std::string_view search, std::string_view compile_grid, std::string_view fit_grid,
                           const std::optional<std::vector<int32_t>>& model_ids);

/// Whether a search looks at what architectures were made with: SearchDescription::architectures.
bool LearnsFromArchitectures(const SearchDescription& description);

/// Rounds that a run has left, at least 1: what its trials have before them, and about what its policy has. nullptr: it
/// has none.
int64_t RoundsLeft(const SearchDescription& description, const TrialPolicy* policy, const std::vector<Trial>& trials);

/// Errors: kInvalidParameter and kSyntax for a space that cannot be searched so.
std::unique_ptr<TrialPolicy> MakePolicy(const SearchDescription& description);

}  // namespace plan

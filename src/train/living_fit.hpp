// How a prepared fit becomes a living run: its trials, and the models that are made while it goes on.
#pragma once

#include <memory>
#include <vector>

#include "train/arguments.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"

namespace train {

/// Makes models of a fit. Before the run, without a request, they are only prepared.
class FitTrialMaker : public TrialMaker {
 public:
  /// Both outlive it. request: MakeRequest's of this fit, or nullptr.
  FitTrialMaker(PreparedFit* fit, RunRequest* request) : fit_(*fit), request_(request) {}
  void Make(const LivingTrial& trial) override;
  void Delete(int model) override { fit_.models[static_cast<size_t>(model)].deleted = true; }
  RoundPlan PlanRound(const std::vector<int>& models, const std::vector<int64_t>& begun) override;

 private:
  PreparedFit& fit_;
  RunRequest* request_;
};

/// Reads what is searched, and has the policy begin: the fit gets its first models. Errors: those of plan::ReadSearch and
/// plan::MakePolicy; that of the first trial where none can be trained.
void BeginSearch(const FitArguments& arguments, PreparedFit* fit);
/// The policy of the same search, for a run that goes on.
void ReadSearchAgain(const FitArguments& arguments, PreparedFit* fit);

/// Whether the models' partitions are in the same order in every iteration, as they are in all runs that this version has
/// begun: then each may have a count of iterations of its own.
bool CanBeLiving(const PreparedFit& fit);

/// The trials of a run whose models are given: what people may stop, clone and add to. Each of its models trains until it
/// has done num_iterations in this run. REQUIRES a fit that can be living and is not yet.
void MakeLiving(const FitArguments& arguments, PreparedFit* fit);

/// For the coordinator. maker outlives the run.
LivingRun LivingRunOf(const FitArguments& arguments, const PreparedFit& fit, TrialMaker* maker);

}  // namespace train

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
  /// The same for models that the run had before: they have been looked at.
  static FitTrialMaker OfModelsBefore(PreparedFit* fit);
  void Make(const LivingTrial& trial) override;
  void Delete(int model) override { fit_.models[static_cast<size_t>(model)].deleted = true; }
  RoundPlan PlanRound(const std::vector<int>& models, const std::vector<int64_t>& begun) override;

 private:
  void RequireValues(const PreparedModel& model);
  void RequireRoom(const PreparedModel& model);

  PreparedFit& fit_;
  RunRequest* request_;
  bool again_ = false;  // OfModelsBefore
  double left_ = -1;  // bytes that models may yet take, before the run; less than 0: nobody has looked
  double work_ = 0;   // bytes in which the hungriest model so far computes
};

/// Reads what is searched, and has the policy begin: the fit gets its first models. Errors: those of plan::ReadSearch and
/// plan::MakePolicy; that of the first trial where none can be trained.
void BeginSearch(const FitArguments& arguments, const store::RunRecord* replayed, PreparedFit* fit);
/// The policy of the same search, for a run that goes on. run: its record, or that of the run that is replayed; nullptr: the run begins. Errors:
/// kPrerequisiteState where the search would choose from something else.
void ReadSearchAgain(const FitArguments& arguments, const store::RunRecord* run, PreparedFit* fit);

/// Whether the models' partitions are in the same order in every iteration, as they are in all runs that this version has
/// begun: then each may have a count of iterations of its own.
bool CanBeLiving(const PreparedFit& fit);

/// The trials of a run whose models are given: what people may stop, clone and add to. Each of its models trains until it
/// has done num_iterations in this run. REQUIRES a fit that can be living and is not yet.
void MakeLiving(const FitArguments& arguments, PreparedFit* fit);

/// For the coordinator. maker outlives the run.
LivingRun LivingRunOf(const FitArguments& arguments, const PreparedFit& fit, TrialMaker* maker);

/// What the trials of a run are compared by, as LivingRun::monitor has it. Where nobody searches, what all models that it
/// began with have: a metric, or the loss.
std::string MonitorOf(const PreparedFit& fit);

}  // namespace train

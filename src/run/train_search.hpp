// The search of cerebro.train: which architectures and configurations are tried, how many, and for how many iterations. Called by run/train.cpp,
// after the table was packed.
//
// Sizes follow from the number of rows: a model that trains to the end takes some thousand optimizer steps. Where there is a clock, a few of
// the configurations train first for a moment; how long that takes tells how far the plan's estimate is off on this machine, and the search is
// made to end in time by that.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/packed_table.hpp"
#include "plan/default_params.hpp"
#include "run/train.hpp"
#include "train/arguments.hpp"

namespace run {

/// The tables of a search.
struct SearchTables {
  std::string packed, validation, architectures, configurations, models;
  std::string pilot_configurations, pilot_models;
};

class TrainSearch {
 public:
  /// All of them outlive it. REQUIRES both packed tables.
  TrainSearch(const TrainArguments& arguments, const SearchTables& tables, const data::PackedTable& training,
              const data::PackedTable& validation)
      : arguments_(arguments), tables_(tables), training_(training), validation_(validation) {}

  /// Makes the architecture table.
  void MakeArchitectures();
  /// Makes the configurations. seconds: that are left, or infinite.
  void MakeConfigurations(double seconds);
  /// What trains them all; without a deadline. REQUIRES both of the above.
  train::FitArguments Fit() const { return FitOf(tables_.configurations, tables_.models, iterations_); }
  int iterations() const { return iterations_; }
  /// Whether two classes are so uneven that models are compared by the area under the ROC curve.
  bool ranks() const;

  void DropConfigurations() const;

 private:
  train::FitArguments FitOf(const std::string& configurations, const std::string& models, int iterations) const;
  void Choose(const std::string& table, int count, int iterations) const;
  double EstimateOf(const train::FitArguments& fit) const;
  double MeasuredToEstimated(double seconds) const;
  void FitToTime(double seconds);

  const TrainArguments& arguments_;
  const SearchTables& tables_;
  const data::PackedTable& training_;
  const data::PackedTable& validation_;
  std::vector<int> architectures_;                // model ids
  std::vector<plan::OutputDefaults> outputs_;     // loss and metrics
  std::vector<double> loss_weights_;
  int models_ = 0, iterations_ = 0;
};

/// use(value) for all numbers of the only dependent column.
void ForEachTarget(const data::PackedTable& table, const std::function<void(double)>& use);

/// Drops a model selection table and its summary.
void DropSelection(const std::string& table);

}  // namespace run

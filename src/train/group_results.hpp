// Writes the result tables of a run over groups (store/group_tables.hpp), a window of groups at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/groups.hpp"
#include "plan/ranking.hpp"
#include "store/group_tables.hpp"
#include "store/result_rows.hpp"
#include "train/arguments.hpp"
#include "train/group_run.hpp"
#include "train/prepare.hpp"

namespace train {

/// Groups by what became of them.
struct GroupCounts {
  int64_t trained = 0, diverged = 0, failed = 0, skipped = 0;
  int64_t own = 0, global = 0;  // chosen
  int64_t models = 0;           // of trained groups
};

/// The model with which the groups' own ones are compared, of the run over all rows.
struct GlobalModel {
  int mst_key = 0;
  bool must_be_beaten = false;  // promote => 'if_better'
};

/// Makes the tables, empty: before the run, so that a missing privilege costs no training. Errors: kInvalidParameter
/// for a key column that has the name of a column of <out>_groups.
void CreateGroupTables(const PreparedFit& fit, const data::GroupedTable& training);

class GroupWriter {
 public:
  /// All outlive the writer. global: nullptr: there is none.
  GroupWriter(const PreparedFit& fit, const data::GroupedTable& training, const GlobalModel* global);

  /// Writes what came of a group, and chooses its model.
  void Write(const data::Group& group, const GroupOutcome& outcome);
  /// Writes the rows that are gathered: to be called behind each window, and before Finish.
  void Flush();
  /// Writes the groups that were packed without rows, and returns the counts of all.
  GroupCounts Finish();

  const GroupCounts& counts() const { return counts_; }
  /// The first group that failed or diverged, 0: none, and why.
  int64_t first_failed() const { return first_failed_; }
  const std::string& first_error() const { return first_error_; }

 private:
  struct Choice {
    std::string status, reason;
    const char* chosen = nullptr;
    int mst_key = 0;
    std::optional<double> value, loss, global_value;
  };

  Choice Choose(const data::Group& group, const GroupOutcome& outcome) const;
  /// Models of a cluster that are not written yet.
  struct Gathered {
    std::vector<int64_t> groups, keys, begins, sizes;
    std::string weights;
  };

  void WriteGathered();
  void WriteModel(const data::Group& group, size_t m, const GroupOutcome& outcome);
  void WriteInfo(const data::Group& group, size_t m, const ModelResult& result);
  void AddGroup(const data::Group& group, const Choice& choice, double seconds);

  const PreparedFit& fit_;
  const data::GroupedTable& training_;
  const GlobalModel* const global_;
  const std::string metric_;  // by which models are compared; "": the loss
  store::RowInserter models_;
  store::RowBatch info_;
  Gathered gathered_;
  GroupCounts counts_;
  int64_t first_failed_ = 0;
  std::string first_error_;
  // rows of <out>_groups that are gathered
  std::vector<int64_t> ids_;
  std::vector<std::string> statuses_, reasons_, chosen_, keys_, values_, losses_, global_values_;  // "": NULL
  std::vector<double> seconds_;
};

/// A row a configuration.
void WriteConfigurations(const PreparedFit& fit);

/// <out>_summary.
void WriteGroupSummary(const FitArguments& arguments, const PreparedFit& fit, const data::GroupedTable& training,
                       const GroupCounts& counts, const GlobalModel* global, int workers, double started_at);

}  // namespace train

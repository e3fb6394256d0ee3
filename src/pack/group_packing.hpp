// A packing by group at work: what pack/grouped_packing.hpp and pack/group_refresh.hpp have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "data/groups.hpp"
#include "pack/buffer_digest.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/cluster_keys.hpp"
#include "pack/column_choice.hpp"
#include "pack/group_keys.hpp"
#include "pack/group_rows.hpp"
#include "pack/grouped_table.hpp"
#include "pack/packing.hpp"
#include "pack/schema_inference.hpp"
#include "pack/source.hpp"
#include "pack/summary_table.hpp"
#include "pack/table_packing.hpp"
#include "pg/names.hpp"

namespace pack {

/// All that a packing by group makes.
struct GroupOutputs {
  Output packed;
  std::optional<Output> held_out, pooled, pooled_held_out;
  pg::TableName groups;
};

class GroupPacking {
 public:
  /// All but the source outlive the object. arguments_text: as the summaries keep them.
  GroupPacking(const TrainingPackArguments& arguments, const std::string& arguments_text, const SegmentChoice& choice,
               const Source& source, const GroupOutputs& outputs);

  /// Packs all groups of the source.
  void Pack(const std::optional<PreprocessRequest>& preprocess);

  /// Packs the groups that are new since the table was packed, or whose rows have changed, by the table's own
  /// description. The outputs are then of these groups alone, by the numbers that they have in the table. False where
  /// there are none: then there are no outputs. Groups with a row that cannot be packed are left out, with a WARNING
  /// each. source_state: as GroupRows::MakeChanged takes it. round: nullptr, or what this is a part of. REQUIRES a table
  /// without constants of each group.
  bool PackChanged(const data::GroupedTable& before, const std::string& source_state, const BufferPlan& plan,
                   const RefreshRound* round);

  /// Packs the rows of all groups of the source without groups, by the table's own description: outputs.pooled and
  /// outputs.pooled_held_out. REQUIRES a table without constants of each group.
  void PackPooledAgain(const base::DataSpec& description);

  /// Packs the source's rows as further rows that validate, by the table's own description: outputs.held_out, and a
  /// table of groups with these rows in it. Errors: kInvalidData when no row is of a group of the table.
  void PackFurther(const data::GroupedTable& before);

  const GroupRows& rows() const { return rows_; }
  /// Drops the working tables.
  void Finish() { rows_.DropAll(); }

 private:
  void Describe(const std::optional<PreprocessRequest>& preprocess);
  void DescribeAs(const base::DataSpec& description);
  bool LeaveFaultsOut(const base::DataSpec& description);
  void PackPooled();
  void PackGroups();
  std::unique_ptr<GroupedTableWriter> PackSide(const Source& half, bool validates, const Output& output,
                                               const SpecPair& specs, Packed* packed);
  void WriteFurtherGroups(const data::GroupedTable& before);
  void LearnAndStage(GroupedTableWriter* writer);
  void StageByStoredConstants(GroupedTableWriter* writer);
  void WriteGroups();
  void WriteSummaries();
  PackSummary SummaryOf(const pg::TableName& table) const;
  std::string SplitOf(const std::optional<Output>& held_out) const;

  const TrainingPackArguments& a_;
  std::string arguments_text_;
  std::string source_name_;  // with its schema
  const SegmentChoice& choice_;
  int64_t seed_;
  std::vector<GroupKey> keys_;
  GroupOutputs outputs_;
  GroupRows rows_;
  Source training_, held_;
  int64_t training_rows_ = 0, held_rows_ = 0;
  ColumnChoice chosen_;
  SpecPair specs_, held_specs_;
  bool preprocessed_ = false;
  BufferPlan plan_;
  std::unique_ptr<GroupedTableWriter> writer_, held_writer_;
  std::optional<pg::TableName> constants_;  // a row a group that has its own
  Packed packed_, held_packed_;
};

}  // namespace pack

// The rows of a table that is packed by group, made ready: which groups there are, which rows are in which group and on
// which side of its split, and which groups are skipped. Called by pack/grouped_packing.hpp alone.
//
//   groups   a row a group: its number, from 1 in the order of the key columns (NULLs last), and its key
//   cuts     where the rows of a group are split by content or by time: as a packing of the group's rows alone would
//   rows     a copy of the columns that are packed, with the group and the side of every row. All later scans read the
//            copy: the packed table is of one moment of its source, whoever writes to that meanwhile
//   sizes    a row a group: rows of either side, partitions, and why it is skipped
//
// All of it is SQL over tables of this call (unlogged, beside the packed table), on PostgreSQL and on segments alike;
// the sorts and joins are the server's, within work_mem. This process keeps nothing for a group.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pack/group_keys.hpp"
#include "pack/packing.hpp"
#include "pack/refresh_round.hpp"
#include "pack/row_split.hpp"
#include "pack/source.hpp"
#include "pg/names.hpp"

namespace pack {

struct WrittenSince;

class GroupRows {
 public:
  /// beside: names the schema of the working tables; temporary: they are to be temporary ones.
  GroupRows(const Source& source, const std::vector<GroupKey>& keys, const GroupRequest& groups,
            const SplitRequest& split, uint64_t seed, const pg::TableName& beside, bool temporary);

  /// Makes the tables. Errors: kLimitExceeded for more groups than max_groups; kNullValue for NULLs in the key columns
  /// that are not to be groups; whatever the split refuses; kInvalidData when all groups are skipped.
  void Make(const std::optional<int32_t>& num_partitions);

  /// The same for the groups that are new since `before`, a table of groups, was made, or whose rows have changed
  /// since. There may be none: then there are no rows. max_groups counts those that have vanished, unless request has
  /// drops_vanished. source_state: of the source when the groups were made (pack/source_state.hpp); empty: not known.
  void MakeChanged(const pg::TableName& before, const std::string& source_state,
                   const std::optional<int32_t>& num_partitions);

  /// MakeChanged is a part of such a round. REQUIRES GroupRequest::most_changed.
  void Within(const RefreshRound& round) { round_ = round; }

  /// The groups of a table of groups, with the source's rows as further rows that validate. Groups keep their numbers,
  /// rows that train and partitions; rows of other groups are left out.
  void MakeFurther(const pg::TableName& before);

  /// The copy's rows of one side, as a source. REQUIRES Make.
  Source Training() const { return Half(false); }
  Source Validation() const { return Half(true); }

  const pg::TableName& groups() const { return groups_; }  // group_id, the key columns
  const pg::TableName& sizes() const { return sizes_; }    // group_id, group_rows, validation_rows, partitions, reason
  int64_t group_count() const { return group_count_; }
  int64_t changed_groups() const { return changed_groups_; }    // of MakeChanged: that were there before
  int64_t waiting_changed() const { return waiting_changed_; }  // likewise, of those that GroupRequest::most_changed
  int64_t waiting_added() const { return waiting_added_; }      // leaves for the next one; and new groups
  int64_t left_out_changed() const { return left_out_changed_; }  // of LeaveOut: groups that were there before
  int64_t left_out_added() const { return left_out_added_; }      // and new ones
  int64_t passed_changed() const { return passed_changed_; }  // groups that a round does not look at: because it has, or they
  int64_t passed_added() const { return passed_added_; }      // came later; and new groups
  RefreshRound round() const { return round_.value_or(RefreshRound()); }  // behind MakeChanged
  int64_t vanished_groups() const { return vanished_groups_; }  // that were there before, and have no rows
  const pg::TableName& vanished() const { return vanished_; }   // their group_id
  int64_t packed_groups() const { return packed_groups_; }
  int64_t largest_rows() const { return largest_rows_; }  // of the groups that are packed
  int64_t largest_validation_rows() const { return largest_validation_rows_; }
  int64_t training_rows() const { return training_rows_; }           // of all groups
  int64_t left_out_rows() const { return left_out_rows_; }           // of MakeFurther: of groups that are not there
  const RowSplit& split() const { return row_split_; }
  /// Of the source before Make or MakeChanged read a row. Empty: there is none.
  const std::string& source_state() const { return source_state_; }
  void DropAll();

  /// Takes groups out of what MakeChanged has made, so that they stay as they were before.
  void LeaveOut(const std::vector<int64_t>& group_ids);
  /// The keys of a group for people: "region=north, store=NULL".
  std::string KeyText(int64_t group_id) const;
  /// The numbers of all groups, in their order.
  std::vector<int64_t> GroupIds() const;
  /// The groups of a side from one number to another, and how many rows they have there.
  Source OfGroups(const Source& half, int64_t first_id, int64_t last_id) const;
  int64_t RowsOfGroups(bool validates, int64_t first_id, int64_t last_id) const;
  /// One group of a side. It is found fast after IndexGroups.
  Source OfGroup(const Source& half, int64_t group_id) const;
  void IndexGroups() const;
  /// The name of a further working table, and the table.
  pg::TableName Working(const char* what) const;
  void Create(const pg::TableName& table, const std::string& columns, const char* distributed_by);

 private:
  void CreateAs(const pg::TableName& table, const std::string& query, const char* distributed_by);
  void OpenRows();
  void FindGroups();
  enum class PartCopy { kMade, kTooLarge, kUnknown };
  PartCopy CopySuspects(const pg::TableName& before, const WrittenSince& since);
  PartCopy CopyWritten(const pg::TableName& before, const std::string& written);
  void ReadPart(const pg::TableName& part);
  std::string PartColumns(const std::vector<std::string>& needed) const;
  bool HashesOnce() const;
  void CompareContents(const pg::TableName& before, const pg::TableName& found);
  void FindChanged(const pg::TableName& before);
  std::vector<std::string> NeededColumns() const;
  static std::string DigestSql(const std::string& rows, const std::string& hashes);
  void CreateGroups();
  void CreateSizes();
  void Drop(const pg::TableName& table);
  void SplitAndCopy(const std::optional<int32_t>& num_partitions);
  void CheckNullKeys() const;
  [[noreturn]] void RefuseGroups() const;
  std::string JoinGroups() const;
  void CutByContent();
  void CutByTime();
  void CopyRows();
  std::string HashSql() const;
  void Measure(const std::optional<int32_t>& num_partitions);
  void SumUp();
  [[noreturn]] void RefuseAllSkipped() const;
  Source Half(bool validates) const;

  Source source_;
  std::vector<GroupKey> keys_;
  GroupRequest request_;
  SplitRequest split_request_;
  uint64_t seed_;
  pg::TableName beside_;
  bool temporary_;
  pg::TableName groups_, cuts_, rows_, sizes_, vanished_;
  bool is_part_ = false;                   // the source is a copy of the rows of groups that may have changed
  bool is_hashed_ = false;                 // which has the hashes of its rows, too
  std::optional<pg::TableName> compared_;  // of CopyWritten: a row a group of the source
  struct Seen {                            // of CopySuspects: groups of the table
    int64_t known = 0, last_id = 0;
    std::vector<int64_t> vanished;
  };
  std::optional<Seen> seen_;
  std::string source_state_;
  std::string side_;  // of a row: SQL over s and the cuts c, true where it validates; empty: none does
  std::optional<TimeColumn> time_;  // of split_by_time
  bool has_cuts_ = false;
  std::vector<pg::TableName> made_;  // working tables that are there
  RowSplit row_split_;
  int64_t changed_groups_ = 0, vanished_groups_ = 0, training_rows_ = 0;
  int64_t last_before_ = 0, left_out_changed_ = 0, left_out_added_ = 0;
  int64_t copied_rows_ = 0, left_out_rows_ = 0, waiting_changed_ = 0, waiting_added_ = 0;
  int64_t passed_changed_ = 0, passed_added_ = 0;
  std::optional<RefreshRound> round_;
  int64_t group_count_ = 0, packed_groups_ = 0, largest_rows_ = 0, largest_validation_rows_ = 0;
};

/// Columns of the copy, as SQL over s.
constexpr const char* kCopiedGroup = "s._cerebro_group";

}  // namespace pack

// A packed table by group, written: rows are converted and staged with their keys, sorted by the server within each
// group, and put together to buffers. The same statements on PostgreSQL and on segments, where a group lies on one
// segment as a whole; no row comes to this process.
//
//   stage   a row a row: group, its size, key of the shuffle (pack/shuffle_key.hpp), packed bytes
//   build   one INSERT ... SELECT: rows of a group are numbered in the order of the shuffle, the number gives partition
//   and
//           buffer (pack/group_layout.hpp), and the rows of a buffer are put together. A process holds one buffer
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "pack/buffer_digest.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/group_rows.hpp"
#include "pack/source.hpp"
#include "pg/names.hpp"

namespace pack {

class GroupedTableWriter {
 public:
  /// half: one side of the rows, as GroupRows has it. validates: it is the side that validates, of which the rows of
  /// skipped groups are packed, too. spec: of the packed table.
  GroupedTableWriter(const Source& half, const GroupRows& rows, bool validates, const pg::TableName& output,
                     bool temporary, const base::DataSpec& spec, const BufferPlan& plan, uint64_t seed);

  /// Stages the rows of all groups, or of one, converted by `source_spec`.
  void Stage(const base::DataSpec& source_spec) { Insert(source_spec, ""); }
  void StageGroup(const base::DataSpec& source_spec, int64_t group_id);

  /// Makes the table of what was staged. Returns what is in it, all of it as one partition; its digest is that of the
  /// groups' digests, which WriteGroups makes.
  Packed Write();

  /// A query of (group_id, entries): every group's digests of its buffers (pack/group_layout.hpp).
  std::string EntriesSql() const;
  size_t classes() const { return classes_; }

 private:
  void Insert(const base::DataSpec& source_spec, const std::string& condition);
  std::string NumberedSql() const;

  const Source& half_;
  pg::TableName sizes_, output_, stage_;
  bool validates_, temporary_;
  base::DataSpec spec_;
  BufferPlan plan_;
  std::string seed_;
  size_t row_bytes_ = 0;
  int64_t largest_rows_ = 0;
  size_t classes_ = 0;
};

}  // namespace pack

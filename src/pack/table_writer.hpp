// The packed table itself: rows in the order of the shuffle are cut into partitions and buffers and written, one buffer at a time.
//
// Memory: one buffer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.hpp"
#include "pg/names.hpp"
#include "pg/sql.hpp"
#include "data/row_codec.hpp"
#include "pack/buffer_digest.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/partition_ranks.hpp"

namespace pack {

/// Inputs, targets.
std::vector<const base::ColumnSpec*> DataColumns(const base::DataSpec& spec);

/// Makes the table, empty. rows: of its largest buffer. by_group: with group_id, and the three columns of numbers first. Errors: kLimitExceeded
/// when a column of a buffer would be too large.
void CreatePackedTable(const pg::TableName& output, bool temporary, const base::DataSpec& spec, int64_t rows, bool by_group = false);

class TableWriter {
 public:
  /// Makes the table. ranks.rows() rows are to come. standardized: the inputs whose constants are wanted.
  TableWriter(const pg::TableName& output, bool temporary, const base::DataSpec& spec, const PartitionRanks& ranks, const BufferPlan& plan,
             const std::vector<bool>& standardized);
  ~TableWriter();

  void Add(std::string_view packed_row);
  /// Writes the primary key. Errors: kInternal unless exactly ranks.rows() rows came.
  Packed Finish();

 private:
  void StartPartition();
  void WriteBuffer();

  pg::TableName output_;
  base::DataSpec spec_;
  PartitionRanks ranks_;
  BufferPlan plan_;
  std::vector<bool> standardized_;
  data::BufferBuilder builder_;
  PackTally tally_;
  std::unique_ptr<pg::Statement> insert_;
  int64_t added_ = 0;
  int64_t partition_ = 0, buffer_ = 0;
  int64_t rows_left_ = 0;    // in this partition
  int64_t buffer_rows_ = 0;  // of this partition's buffers
};

}  // namespace pack

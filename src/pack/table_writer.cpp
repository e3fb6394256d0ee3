#include "pack/table_writer.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "pg/cluster.hpp"
#include "data/packed_format.hpp"
#include "pack/buffer_digest.hpp"
#include "pack/buffer_plan.hpp"

namespace pack {
namespace {

using base::ColumnSpec;
using base::Error;
using base::ErrorCode;

constexpr int64_t kMaxColumnBytes = int64_t{512} << 20;

}  // namespace

std::vector<const ColumnSpec*> DataColumns(const base::DataSpec& spec) {
  std::vector<const ColumnSpec*> columns;
  for (const ColumnSpec& c : spec.inputs) columns.push_back(&c);
  for (const ColumnSpec& c : spec.targets) columns.push_back(&c);
  return columns;
}

void CreatePackedTable(const pg::TableName& output, bool temporary, const base::DataSpec& spec, int64_t rows, bool by_group) {
  std::string definitions, external;
  const std::string numbers = std::string(data::kPartitionColumn) + " integer, " + data::kBufferColumn + " integer";
  const auto add_data = [&](const std::string& name) {
    definitions += pg::QuoteIdent(name) + " pg_catalog.bytea, ";
    external += (external.empty() ? "" : ", ") + ("ALTER COLUMN " + pg::QuoteIdent(name) + " SET STORAGE EXTERNAL");
  };
  if (by_group) {
    definitions += std::string(data::kGroupColumn) + " bigint, " + numbers + ", ";
  } else if (pg::OnGreenplum()) {
    definitions += std::string(data::kDistributionColumn) + " integer, ";
  }
  for (const ColumnSpec* c : DataColumns(spec)) {
    const int64_t bytes = rows * static_cast<int64_t>(c->row_bytes());
    if (bytes > kMaxColumnBytes) {
      throw Error(ErrorCode::kLimitExceeded,
                  "a buffer of " + std::to_string(rows) + " rows of column \"" + c->name + "\" would have " + std::to_string(bytes) +
                      " bytes, at most " + std::to_string(kMaxColumnBytes) + " are possible",
                  "", "Choose a smaller buffer_size, or leave it out.");
    }
    add_data(c->name);
  }
  if (spec.has_weights) add_data(data::kWeightColumn);
  for (const ColumnSpec* c : DataColumns(spec)) definitions += pg::QuoteIdent(c->name + data::kShapeSuffix) + " integer[], ";
  if (by_group) {
    definitions.resize(definitions.size() - 2);
  } else {
    definitions += numbers;
  }
  pg::Execute(std::string(temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ") + output.Sql() + " (" + definitions + ")" +
              (by_group ? pg::DistributedBy(data::kGroupColumn) : pg::DistributedByKey(data::kDistributionColumn)));
  pg::Execute("ALTER TABLE " + output.Sql() + " " + external);
}

TableWriter::TableWriter(const pg::TableName& output, bool temporary, const base::DataSpec& spec, const PartitionRanks& ranks,
                       const BufferPlan& plan, const std::vector<bool>& standardized)
    : output_(output), spec_(spec), ranks_(ranks), plan_(plan), standardized_(standardized), builder_(spec), tally_(spec, ranks) {
  CreatePackedTable(output, temporary, spec, MaxBufferRows(plan, ranks));
  std::string placeholders;
  std::vector<std::string> types;
  const auto add = [&](const char* type, const char* cast) {
    types.push_back(type);
    placeholders += (types.size() > 1 ? ", $" : "$") + std::to_string(types.size()) + cast;
  };
  for (size_t i = 0; i < builder_.columns(); ++i) add("bytea", "");
  for (size_t i = 0; i < DataColumns(spec_).size(); ++i) add("int8[]", "::integer[]");
  add("int8", "::integer");
  add("int8", "::integer");
  insert_ = std::make_unique<pg::Statement>("INSERT INTO " + output_.Sql() + " VALUES (" + placeholders + ")", types, false);
  StartPartition();
}

TableWriter::~TableWriter() = default;

void TableWriter::StartPartition() {
  rows_left_ = ranks_.Rows(partition_);
  buffer_rows_ = BufferRows(plan_, rows_left_);
  buffer_ = 0;
}

void TableWriter::Add(std::string_view packed_row) {
  if (added_ == ranks_.rows()) throw Error(ErrorCode::kInternal, "more rows were handed out than packed");
  while (rows_left_ == 0) {
    ++partition_;
    StartPartition();
  }
  builder_.Add(packed_row);
  ++added_;
  --rows_left_;
  if (builder_.rows() == buffer_rows_ || rows_left_ == 0) WriteBuffer();
}

void TableWriter::WriteBuffer() {
  pg::Params params;
  std::vector<base::Bytes> columns;
  for (size_t i = 0; i < builder_.columns(); ++i) {
    const base::Bytes bytes = builder_.column(i);
    columns.push_back(bytes);
    params.emplace_back(pg::Bytea{{reinterpret_cast<const char*>(bytes.data), bytes.size}});
  }
  for (const ColumnSpec* c : DataColumns(spec_)) {
    std::vector<int64_t> shape = {builder_.rows()};
    shape.insert(shape.end(), c->shape.begin(), c->shape.end());
    params.emplace_back(std::move(shape));
  }
  params.emplace_back(partition_);
  params.emplace_back(buffer_);
  insert_->Run(params);
  tally_.Add(partition_, buffer_, DigestBuffer(spec_, standardized_, columns));
  ++buffer_;
  builder_.Clear();
}

Packed TableWriter::Finish() {
  if (added_ != ranks_.rows()) {
    throw Error(ErrorCode::kInternal,
                std::to_string(added_) + " rows were handed out of " + std::to_string(ranks_.rows()) + " that were packed");
  }
  insert_.reset();
  pg::Execute("ALTER TABLE " + output_.Sql() + " ADD PRIMARY KEY (" + data::kPartitionColumn + ", " + data::kBufferColumn + ")");
  pg::Execute("ANALYZE " + output_.Sql() + " (" + data::kPartitionColumn + ", " + data::kBufferColumn + ")");
  return tally_.Finish();
}

}  // namespace pack

#include "run/pack_write.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "run/pack_key.hpp"
#include "run/pack_source.hpp"

namespace run {
namespace {

using base::ColumnSpec;
using base::Error;
using base::ErrorCode;

constexpr int64_t kMaxColumnBytes = int64_t{512} << 20;

std::vector<const ColumnSpec*> DataColumns(const base::DataSpec& spec) {
  std::vector<const ColumnSpec*> columns;
  for (const ColumnSpec& c : spec.inputs) columns.push_back(&c);
  for (const ColumnSpec& c : spec.targets) columns.push_back(&c);
  return columns;
}

}  // namespace

PackWriter::PackWriter(const pg::TableName& output, bool temporary, const base::DataSpec& spec, int64_t rows, int partitions,
                       const BufferPlan& plan, const std::vector<bool>& standardized)
    : output_(output), spec_(spec), rows_(rows), plan_(plan), builder_(spec), digest_(0) {
  spec_.rows = rows;
  spec_.num_partitions = partitions;
  for (int p = 0; p < partitions; ++p) partition_rows_.push_back(FirstRank(p + 1, partitions, rows) - FirstRank(p, partitions, rows));
  partition_buffers_.assign(static_cast<size_t>(partitions), 0);
  const int64_t fullest = BufferRows(plan_, *std::max_element(partition_rows_.begin(), partition_rows_.end()));
  std::string definitions, placeholders, external;
  std::vector<std::string> types;
  const auto add_data = [&](const std::string& name) {
    definitions += pg::QuoteIdent(name) + " bytea, ";
    external += (external.empty() ? "" : ", ") + ("ALTER COLUMN " + pg::QuoteIdent(name) + " SET STORAGE EXTERNAL");
    types.push_back("bytea");
    placeholders += "$" + std::to_string(types.size()) + ", ";
  };
  for (const ColumnSpec* c : DataColumns(spec_)) {
    if (fullest * static_cast<int64_t>(c->row_bytes()) > kMaxColumnBytes) {
      throw Error(ErrorCode::kLimitExceeded,
                  "a buffer of " + std::to_string(fullest) + " rows of column \"" + c->name + "\" would have " +
                      std::to_string(fullest * static_cast<int64_t>(c->row_bytes())) + " bytes, at most " +
                      std::to_string(kMaxColumnBytes) + " are possible",
                  "", "Choose a smaller buffer_size, or leave it out.");
    }
    add_data(c->name);
  }
  if (spec_.has_weights) add_data(kWeightColumn);
  for (const ColumnSpec* c : DataColumns(spec_)) {
    definitions += pg::QuoteIdent(c->name + kShapeSuffix) + " integer[], ";
    types.push_back("int8[]");
    placeholders += "$" + std::to_string(types.size()) + "::integer[], ";
  }
  types.push_back("int8");
  types.push_back("int8");
  placeholders += "$" + std::to_string(types.size() - 1) + "::integer, $" + std::to_string(types.size()) + "::integer";
  pg::Execute(std::string(temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ") + output_.Sql() + " (" + definitions + kPartitionColumn +
              " integer, " + kBufferColumn + " integer)");
  pg::Execute("ALTER TABLE " + output_.Sql() + " " + external);
  insert_ = std::make_unique<pg::Statement>("INSERT INTO " + output_.Sql() + " VALUES (" + placeholders + ")", types, false);
  for (size_t i = 0; i < spec_.inputs.size(); ++i) {
    moments_.push_back(standardized.at(i) ? std::optional<Moments>(spec_.inputs[i]) : std::nullopt);
  }
  StartPartition();
}

PackWriter::~PackWriter() = default;

void PackWriter::StartPartition() {
  rows_left_ = partition_rows_.at(partition_);
  buffer_rows_ = BufferRows(plan_, rows_left_);
}

void PackWriter::Add(std::string_view packed_row) {
  if (added_ == rows_) throw Error(ErrorCode::kInternal, "more rows were handed out than packed");
  while (rows_left_ == 0) {
    ++partition_;
    StartPartition();
  }
  builder_.Add(packed_row);
  ++added_;
  --rows_left_;
  if (builder_.rows() == buffer_rows_ || rows_left_ == 0) WriteBuffer();
}

void PackWriter::WriteBuffer() {
  const int64_t rows = builder_.rows();
  pg::Params params;
  base::Hasher hasher(0);
  for (size_t i = 0; i < builder_.columns(); ++i) {
    const base::Bytes bytes = builder_.column(i);
    hasher.Update(bytes);
    params.emplace_back(pg::Bytea{{reinterpret_cast<const char*>(bytes.data), bytes.size}});
    if (i < moments_.size() && moments_[i]) moments_[i]->Add(bytes);
  }
  for (const ColumnSpec* c : DataColumns(spec_)) {
    std::vector<int64_t> shape = {rows};
    shape.insert(shape.end(), c->shape.begin(), c->shape.end());
    params.emplace_back(std::move(shape));
  }
  const int64_t buffer = partition_buffers_[partition_]++;
  params.emplace_back(static_cast<int64_t>(partition_));
  params.emplace_back(buffer);
  insert_->Run(params);
  const base::Hash128 hash = hasher.Finish();
  for (uint64_t word : {static_cast<uint64_t>(partition_), static_cast<uint64_t>(buffer), static_cast<uint64_t>(rows), hash.hi, hash.lo}) {
    digest_.UpdateU64(word);
  }
  max_buffer_rows_ = std::max(max_buffer_rows_, rows);
  builder_.Clear();
}

void PackWriter::Finish() {
  if (added_ != rows_) {
    throw Error(ErrorCode::kInternal, std::to_string(added_) + " rows were handed out of " + std::to_string(rows_) + " that were packed");
  }
  insert_.reset();
  for (size_t i = 0; i < moments_.size(); ++i) {
    if (moments_[i]) moments_[i]->Finish(&spec_.inputs[i]);
  }
  pg::Execute("ALTER TABLE " + output_.Sql() + " ADD PRIMARY KEY (" + kPartitionColumn + ", " + kBufferColumn + ")");
  pg::Execute("ANALYZE " + output_.Sql() + " (" + kPartitionColumn + ", " + kBufferColumn + ")");
}

std::string PackWriter::digest() const { return base::ToHex(digest_.Finish()); }

}  // namespace run

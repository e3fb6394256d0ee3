#include "data/buffer_source.hpp"

#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "data/buffer_view.hpp"
#include "pg/sql.hpp"

namespace data {
namespace {

using base::Error;
using base::ErrorCode;

// one at a time: a buffer is some megabytes
constexpr int64_t kBuffersAtOnce = 1;
constexpr size_t kLeadingColumns = 1;  // buffer_id, before the data columns

std::string SelectSql(const PackedTable& table, const std::string& condition) {
  return "SELECT buffer_id, " + table.DataColumns() + " FROM " + table.FromClause() +
         " WHERE partition_id OPERATOR(pg_catalog.=) $1::pg_catalog.int4" + condition + " ORDER BY partition_id, buffer_id";
}

}  // namespace

// Buffers of all groups are many and small: one that is missing in a cache would cost a scan of its own.
BufferSource::BufferSource(const PackedTable& table, BufferCache* cache, CachedTable which, CompleteColumns complete)
    : table_(table), cache_(table.all_groups ? nullptr : cache), which_(which), complete_(std::move(complete)), sql_(SelectSql(table, "")) {}

// The cache may have all, some or none of the buffers. Some: the others are read one by one, so that the order stays.
void BufferSource::ForEach(int partition, const std::function<void(const base::Buffer&)>& use) const {
  int64_t rows = 0;
  const auto count = [&](const base::Buffer& buffer) {
    use(buffer);
    rows += buffer.rows;
  };
  if (cache_ == nullptr || !cache_->HasPartition(which_, partition)) {
    Read(sql_, partition, count);
  } else {
    const int64_t buffers = table_.partition_buffers.at(static_cast<size_t>(partition));
    for (int64_t b = 0; b < buffers; b++) UseOne(partition, static_cast<int>(b), count);
  }
  CheckVisitedRows(table_, partition, rows);
}

void BufferSource::First(int partition, const std::function<void(const base::Buffer&)>& use) const { Read(sql_ + " LIMIT 1", partition, use); }

void BufferSource::UseOne(int partition, int buffer, const std::function<void(const base::Buffer&)>& use) const {
  const std::vector<base::Bytes> kept = KeptColumns(table_, which_, partition, buffer, complete_, cache_);
  if (!kept.empty()) return use(ViewBuffer(table_.spec, partition, buffer, kept));
  bool there = false;
  Read(SelectSql(table_, " AND buffer_id OPERATOR(pg_catalog.=) " + std::to_string(buffer)), partition, [&](const base::Buffer& found) {
    there = true;
    use(found);
  });
  if (there) return;
  throw Error(
      ErrorCode::kDataCorrupted,
      "packed table " + table_.name.Text() + " has no buffer " + std::to_string(buffer) + " of partition " + std::to_string(partition),
      "The packed table was changed after it was made.", "Pack the data again by " + table_.packer + ".");
}

void BufferSource::Read(const std::string& sql, int partition, const std::function<void(const base::Buffer&)>& use) const {
  pg::Cursor cursor(sql, {static_cast<int64_t>(partition)});
  std::vector<std::vector<float>> decoded;
  for (;;) {
    const pg::Result batch = cursor.Fetch(kBuffersAtOnce);
    if (batch.empty()) return;
    for (const auto& row : batch.rows) {
      std::vector<base::Bytes> columns;
      for (size_t i = kLeadingColumns; i < row.size(); i++) {
        if (!row[i] && !table_.HasColumn(i - kLeadingColumns)) {
          columns.push_back({});
          continue;
        }
        if (!row[i]) {
          throw Error(ErrorCode::kNullValue, "column \"" + batch.columns[i] + "\" of partition " + std::to_string(partition) + " is NULL");
        }
        columns.push_back({reinterpret_cast<const uint8_t*>(row[i]->data()), row[i]->size()});
      }
      const int buffer = base::WholeInt(row[0]);
      PrepareColumns(table_, which_, partition, buffer, complete_, cache_, &columns, &decoded);
      use(ViewBuffer(table_.spec, partition, buffer, columns));
    }
  }
}

}  // namespace data

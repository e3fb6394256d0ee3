#include "data/buffer_source.hpp"

#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pg/sql.hpp"
#include "data/buffer_view.hpp"
#include "data/packed_table.hpp"

namespace data {
namespace {

// one at a time: a buffer is some megabytes
constexpr int64_t kBuffersAtOnce = 1;
constexpr size_t kLeadingColumns = 1;  // buffer_id, before the data columns

std::string ScanSql(const PackedTable& table) {
  return "SELECT buffer_id, " + table.DataColumns() + " FROM " + table.name.Sql() +
         " WHERE partition_id OPERATOR(pg_catalog.=) $1::pg_catalog.int4 ORDER BY partition_id, buffer_id";
}

}  // namespace

BufferSource::BufferSource(const PackedTable& table) : sql_(ScanSql(table)), spec_(table.spec) {}

void BufferSource::ForEach(int partition, const std::function<void(const base::Buffer&)>& use) const { Scan(sql_, partition, use); }

void BufferSource::First(int partition, const std::function<void(const base::Buffer&)>& use) const { Scan(sql_ + " LIMIT 1", partition, use); }

void BufferSource::Scan(const std::string& sql, int partition, const std::function<void(const base::Buffer&)>& use) const {
  pg::Cursor cursor(sql, {static_cast<int64_t>(partition)});
  for (;;) {
    const pg::Result batch = cursor.Fetch(kBuffersAtOnce);
    if (batch.empty()) return;
    for (const auto& row : batch.rows) {
      std::vector<base::Bytes> columns;
      for (size_t i = kLeadingColumns; i < row.size(); i++) {
        if (!row[i]) {
          throw base::Error(base::ErrorCode::kNullValue,
                            "column \"" + batch.columns[i] + "\" of partition " + std::to_string(partition) + " is NULL");
        }
        columns.push_back({reinterpret_cast<const uint8_t*>(row[i]->data()), row[i]->size()});
      }
      use(ViewBuffer(spec_, partition, std::stoi(row[0].value()), columns));
    }
  }
}

}  // namespace data

#include "pack/sorted_staging.hpp"

#include <algorithm>
#include <string>

#include "base/plain_number.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "data/row_sql.hpp"
#include "pack/source.hpp"

namespace pack {
namespace {

constexpr int64_t kSliceWorkMems = 32;  // the server sorts a slice as so many runs and merges them once
constexpr int kMaxSlices = 256;
constexpr int64_t kFetchBytes = int64_t{1} << 20;
constexpr int64_t kMaxFetchRows = 4096;

}  // namespace

SortedStaging::SortedStaging(const pg::TableName& output, bool temporary, int64_t rows, size_t row_bytes) : name_(output), row_bytes_(row_bytes) {
  const int64_t work_mem =
      pg::Execute("SELECT s.setting FROM pg_catalog.pg_settings AS s WHERE s.name OPERATOR(pg_catalog.=) 'work_mem'").Int() *
      1024;  // the view has it in kB
  const double slice_bytes = static_cast<double>(kSliceWorkMems * work_mem);
  while (slices_ < kMaxSlices && static_cast<double>(rows) * static_cast<double>(row_bytes) > slices_ * slice_bytes) slices_ *= 2;
  // one packing at a time in a session, and other sessions have other numbers
  name_.name = "_cerebro_pack_" + pg::Execute("SELECT pg_catalog.pg_backend_pid()").Text();
  const std::string create = temporary ? "CREATE TEMPORARY TABLE " : "CREATE UNLOGGED TABLE ";
  // rows up to a page are kept whole; longer ones go to the toast table uncompressed. ANALYZE holds its sample of whole rows in memory:
  // 3,000 are enough to see that keys are distinct
  const std::string columns_tuned = " ALTER COLUMN packed SET STORAGE EXTERNAL, ALTER COLUMN key SET STATISTICS 10";
  const auto tune = [&columns_tuned](const std::string& table) {
    pg::Execute("ALTER TABLE " + table + columns_tuned);
    pg::Execute("ALTER TABLE " + table + " SET (toast_tuple_target = 8160, autovacuum_enabled = false)");
  };
  const std::string columns = " (key bigint, repeated boolean, packed bytea)";
  if (slices_ == 1) {
    pg::Execute(create + name_.Sql() + columns);
    tune(name_.Sql());
    return;
  }
  pg::Execute((temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ") + name_.Sql() + columns + " PARTITION BY RANGE (key)");
  pg::Execute("ALTER TABLE " + name_.Sql() + columns_tuned);
  for (int i = 0; i < slices_; ++i) {
    const auto bound = [this](int slice) {
      const auto unsigned_key = static_cast<uint64_t>((static_cast<unsigned __int128>(slice) << 64) / static_cast<unsigned>(slices_));
      return std::to_string(static_cast<int64_t>(unsigned_key ^ (uint64_t{1} << 63)));
    };
    pg::Execute(create + Slice(i) + " PARTITION OF " + name_.Sql() + " FOR VALUES FROM (" + (i == 0 ? "MINVALUE" : bound(i)) + ") TO (" +
                (i + 1 == slices_ ? "MAXVALUE" : bound(i + 1)) + ")");
    tune(Slice(i));
  }
}

std::string SortedStaging::Slice(int i) const { return slices_ == 1 ? name_.Sql() : name_.WithSuffix("_" + std::to_string(i)).Sql(); }

std::vector<int64_t> SortedStaging::Fill(const Source& source, const base::DataSpec& spec, uint64_t seed) {
  const std::string seed_sql = "'" + std::to_string(static_cast<int64_t>(seed)) + "'::bigint";
  const std::string folds = std::to_string(source.folds) + "::bigint";
  const std::string into = "INSERT INTO " + name_.Sql() + " (key, repeated, packed) ";
  const auto key = [&](const std::string& row, const std::string& repetition, const std::string& fold) {
    const std::string plain = "cerebro._row_key(" + row + ", " + seed_sql + ", " + repetition + ")";
    return source.folds == 0 ? plain : "cerebro._fold_key(" + plain + ", " + fold + ", " + folds + ")";
  };
  // OFFSET 0 keeps the planner from converting each row twice
  const pg::Result rows = pg::Execute(into + "SELECT " + key("p.packed", "0::bigint", "p.fold") + ", false, p.packed FROM (SELECT " +
                                      data::PackRowSql(spec, source.all, source.WeightName(), "s") + " AS packed" +
                                      (source.folds == 0 ? "" : ", " + source.fold + " AS fold") + " FROM " + source.From() + " OFFSET 0) AS p");
  pg::Execute("ANALYZE " + name_.Sql() + " (key)");
  const pg::Result repeated = pg::Execute(
      into + "SELECT " + key("d.packed", "d.repetition", "cerebro._fold_of_key(d.key, " + folds + ")") + ", true, d.packed FROM (SELECT s.key, s.packed, " +
      "pg_catalog.row_number() OVER (PARTITION BY s.key, s.packed) OPERATOR(pg_catalog.-) 1 AS repetition FROM " + name_.Sql() +
      " AS s WHERE s.key OPERATOR(pg_catalog.=) ANY (SELECT t.key FROM " + name_.Sql() +
      " AS t GROUP BY t.key HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1)) AS d WHERE d.repetition OPERATOR(pg_catalog.>) 0");
  pg::Debug("packed " + std::to_string(rows.processed) + " rows into " + std::to_string(slices_) + " slices, " +
            std::to_string(repeated.processed) + " of them repetitions");
  if (source.folds == 0) return {static_cast<int64_t>(rows.processed)};
  std::vector<int64_t> fold_rows(static_cast<size_t>(source.folds), 0);
  const pg::Result counts = pg::Execute("SELECT cerebro._fold_of_key(s.key, " + folds + "), pg_catalog.count(*) FROM " + name_.Sql() +
                                        " AS s WHERE NOT s.repeated GROUP BY 1");
  for (const auto& row : counts.rows) fold_rows.at(base::WholeNumber(row[0])) = base::WholeNumber(row[1]);
  return fold_rows;
}

void SortedStaging::ForEach(const std::function<void(std::string_view)>& use) const {
  const int64_t fetch = std::clamp<int64_t>(kFetchBytes / static_cast<int64_t>(std::max<size_t>(row_bytes_, 1)), 1, kMaxFetchRows);
  std::string previous;  // the last first copy
  bool any = false;
  for (int i = 0; i < slices_; ++i) {
    pg::Cursor cursor("SELECT s.packed, s.repeated FROM " + Slice(i) + " AS s ORDER BY s.key, s.packed, s.repeated", {}, false);
    for (;;) {
      pg::Result rows = cursor.Fetch(fetch);
      if (rows.empty()) break;
      for (auto& row : rows.rows) {
        const bool repeated = row.at(1).value_or("f") == "t";
        std::string packed = std::move(row.at(0).value());
        if (repeated) {
          use(packed);
        } else if (!any || packed != previous) {
          use(packed);
          previous = std::move(packed);
          any = true;
        }
      }
    }
  }
}

void SortedStaging::Drop() { pg::Execute("DROP TABLE " + name_.Sql()); }

}  // namespace pack

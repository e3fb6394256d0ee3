#include "pack/group_rows.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/plain_number.hpp"
#include "pack/null_labels.hpp"
#include "pack/source_state.hpp"
#include "pack/table_packing.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }


std::string Both(const std::string& a, const std::string& b) { return a.empty() ? b : b.empty() ? a : a + " AND " + b; }

std::string Where(const std::string& condition) { return condition.empty() ? "" : " WHERE " + condition; }

/// The columns that are packed, each once.
std::vector<const pg::Column*> CopiedColumns(const Source& source) {
  std::vector<const pg::Column*> columns;
  std::set<std::string> names;
  for (const SourceColumn& c : source.columns) {
    if (names.insert(c.column.name).second) columns.push_back(&c.column);
  }
  return columns;
}

}  // namespace

GroupRows::GroupRows(const Source& source, const std::vector<GroupKey>& keys, const GroupRequest& groups,
                     const SplitRequest& split, uint64_t seed, const pg::TableName& beside, bool temporary)
    : source_(source),
      keys_(keys),
      request_(groups),
      split_request_(split),
      seed_(seed),
      beside_(beside),
      temporary_(temporary) {
  groups_ = Working("groups");
  cuts_ = Working("cuts");
  rows_ = Working("rows");
  sizes_ = Working("sizes");
  vanished_ = Working("vanished");
}

pg::TableName GroupRows::Working(const char* what) const {
  pg::TableName name = beside_;
  name.name = std::string("_cerebro_") + what + "_" + pg::Execute("SELECT pg_catalog.pg_backend_pid()").Text();
  return name;
}

void GroupRows::Create(const pg::TableName& table, const std::string& columns, const char* distributed_by) {
  pg::Execute((temporary_ ? "CREATE TEMPORARY TABLE " : "CREATE UNLOGGED TABLE ") + table.Sql() + " (" + columns + ")" +
              pg::DistributedBy(distributed_by));
  made_.push_back(table);
}

void GroupRows::CreateAs(const pg::TableName& table, const std::string& query, const char* distributed_by) {
  // the storage options of pg::DistributedBy would have to stand before AS
  const std::string distribution =
      pg::OnGreenplum() ? " DISTRIBUTED BY (" + std::string(distributed_by) + ")" : std::string();
  pg::Execute((temporary_ ? "CREATE TEMPORARY TABLE " : "CREATE UNLOGGED TABLE ") + table.Sql() + " AS " + query +
              distribution);
  made_.push_back(table);
}

void GroupRows::Drop(const pg::TableName& table) {
  pg::Execute("DROP TABLE " + table.Sql());
  made_.erase(
      std::find_if(made_.begin(), made_.end(), [&](const pg::TableName& made) { return made.name == table.name; }));
}

void GroupRows::DropAll() {
  for (const pg::TableName& table : made_) pg::Execute("DROP TABLE " + table.Sql());
  made_.clear();
}

void GroupRows::Make(const std::optional<int32_t>& num_partitions) {
  source_state_ = DescribeSourceState(source_, NeededColumns());
  OpenRows();
  FindGroups();
  SplitAndCopy(num_partitions);
  if (packed_groups_ == 0) RefuseAllSkipped();
  if (!split_request_.validates() || row_split_.validation_rows > 0) return;
  throw Error(ErrorCode::kInvalidData, "no group of table " + source_.Text() + " has a row that validates",
              "Its " + base::Thousands(group_count_) +
                  " groups are split one by one. A class keeps a row that trains, and rows of equal contents are on one"
                  " side.",
              "Raise validation_fraction, or group by other columns.");
}

void GroupRows::MakeFurther(const pg::TableName& before) {
  if (split_request_.drop_null_labels) row_split_.null_labels = LeaveOutNullLabels(&source_);
  CreateGroups();
  group_count_ = static_cast<int64_t>(pg::Execute("INSERT INTO " + groups_.Sql() + " SELECT g.group_id, " +
                                                  KeyList(keys_, "g") + " FROM " + before.Sql() + " AS g")
                                          .processed);
  pg::Execute("ANALYZE " + groups_.Sql());
  side_ = "true";
  CopyRows();
  left_out_rows_ = pg::Execute("SELECT pg_catalog.count(*) FROM " + source_.From()).Int() - copied_rows_;
  CreateSizes();
  pg::Execute("INSERT INTO " + sizes_.Sql() +
              " SELECT b.group_id, b.group_rows, COALESCE(n.rows, 0::bigint), b.partitions, b.reason, b.source_digest"
              " FROM " +
              before.Sql() +
              " AS b LEFT JOIN (SELECT s._cerebro_group AS group_id, pg_catalog.count(*) AS rows FROM " + rows_.Sql() +
              " AS s GROUP BY 1) AS n ON n.group_id OPERATOR(pg_catalog.=) b.group_id");
  pg::Execute("ANALYZE " + sizes_.Sql());
  SumUp();
  training_rows_ = 0;  // of this source
}

/// What is known of rows and their sides before there are groups.
void GroupRows::OpenRows() {
  if (split_request_.drop_null_labels) row_split_.null_labels = LeaveOutNullLabels(&source_);
  CheckNullKeys();
  if (split_request_.split_column) {
    SplitRequest by_column = split_request_;
    by_column.drop_null_labels = false;  // they are left out already
    by_column.of_part = is_part_;
    side_ = "(" + SplitRows(source_, by_column, seed_, beside_, temporary_).validation + ")";
  }
  if (split_request_.split_by_time) time_ = OpenTimeColumn(source_, *split_request_.split_by_time, source_.filter);
}

void GroupRows::SplitAndCopy(const std::optional<int32_t>& num_partitions) {
  if (time_) {
    CutByTime();
  } else if (split_request_.validation_fraction) {
    CutByContent();
  }
  CopyRows();
  Measure(num_partitions);
}

void GroupRows::CheckNullKeys() const {
  if (request_.null_groups) return;
  for (const GroupKey& key : keys_) {
    if (key.column.not_null) continue;
    const std::string null = "s." + pg::QuoteIdent(key.column.name) + " IS NULL";
    const int64_t nulls = pg::Execute("SELECT pg_catalog.count(*) FROM " + source_.name.Sql() + " AS s" +
                                      Where(Both(source_.filter, null)))
                              .Int();
    if (nulls == 0) continue;
    throw Error(
        ErrorCode::kNullValue,
        "column " + Quoted(key.column.name) + " of grouping_cols is NULL in " + CountOfRows(nulls),
        "null_groups is false.",
        "Fill the values in, leave such rows out by a view, or let them be a group of their own: null_groups => true.");
  }
}

void GroupRows::CreateGroups() {
  std::string columns = "group_id bigint";
  for (const GroupKey& key : keys_) columns += ", " + key.Definition();
  Create(groups_, columns, "group_id");
}

void GroupRows::FindGroups() {
  CreateGroups();
  const pg::Result found =
      pg::Execute("INSERT INTO " + groups_.Sql() + " SELECT pg_catalog.row_number() OVER (ORDER BY " +
                  KeyOrder(keys_, "d") + "), " + KeyList(keys_, "d") + " FROM (SELECT " + KeyList(keys_, "s") +
                  " FROM " + source_.From() + " GROUP BY " + KeyList(keys_, "s") + ") AS d");
  group_count_ = static_cast<int64_t>(found.processed);
  if (group_count_ == 0) {
    throw Error(ErrorCode::kInvalidData, "table " + source_.Text() + " is empty", "",
                "Load rows into it first; at least one row is needed.");
  }
  if (group_count_ > request_.max_groups) RefuseGroups();
  CheckKeySizes(keys_, groups_);
  pg::Execute("ANALYZE " + groups_.Sql());
}

/// The columns of the source that decide what is packed of a row, and in which group; each once.
std::vector<std::string> GroupRows::NeededColumns() const {
  std::vector<std::string> names;
  const auto add = [&names](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const GroupKey& key : keys_) add(key.column.name);
  for (const SourceColumn& c : source_.columns) add(c.column.name);
  const auto add_named = [&](const std::optional<std::string>& text, const char* what) {
    if (!text) return;
    for (const std::string& name : pg::ParseColumnList(*text, what)) {
      if (pg::FindColumn(source_.all, name) != nullptr) add(name);  // else it is refused later
    }
  };
  add_named(split_request_.split_column, "split_column");
  add_named(split_request_.split_by_time, "split_by_time");
  return names;
}

/// Of rows in whatever order: how many, and the sum of their hashes.
std::string GroupRows::DigestSql(const std::string& rows, const std::string& hashes) {
  return "pg_catalog.md5((" + rows + ")::pg_catalog.text OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) (" +
         hashes + ")::pg_catalog.text)";
}

void GroupRows::RefuseGroups() const {
  std::string list, counts;
  for (const GroupKey& key : keys_) {
    const std::string name = "g." + pg::QuoteIdent(key.column.name);
    counts += (counts.empty() ? "" : ", ") +
              ("pg_catalog.count(DISTINCT " + name + ") OPERATOR(pg_catalog.+) pg_catalog.max(CASE WHEN " + name +
               " IS NULL THEN 1 ELSE 0 END)");
  }
  const pg::Result values = pg::Execute("SELECT " + counts + " FROM " + groups_.Sql() + " AS g");
  double product = 1;
  for (size_t i = 0; i < keys_.size(); ++i) {
    const int64_t count = base::WholeOrZero(values.at(0, i));
    product *= static_cast<double>(count);
    list += (list.empty() ? "" : ", ") + Quoted(keys_[i].column.name) + " " + base::Thousands(count);
  }
  std::string detail = "Different values: " + list;
  if (keys_.size() > 1 && product < 1e18)
    detail += "; their product is " + base::Thousands(static_cast<int64_t>(product));
  throw Error(ErrorCode::kLimitExceeded,
              "grouping_cols makes " + base::Thousands(group_count_) + " groups of table " + source_.Text() +
                  ", more than max_groups " + base::Thousands(request_.max_groups),
              detail + ".",
              "Name other columns in grouping_cols, or raise max_groups (up to " + base::Thousands(kMostGroups) + ").");
}

/// "<source> AS s JOIN <groups> AS g ON ...": every row with its group.
std::string GroupRows::JoinGroups() const {
  return source_.name.Sql() + " AS s JOIN " + groups_.Sql() + " AS g ON " + SameKeys(keys_, groups_);
}

// pack/row_split.hpp splits a table by the same rules: shares are rounded over the classes of a group as one sum, a
// class keeps a row that trains, and a cut among rows of equal contents is made before or behind them, whichever is
// nearer.
void GroupRows::CutByContent() {
  const pg::TableName hashes = Working("split");
  Create(hashes, "group_id bigint, class bigint, key bigint", "group_id");
  pg::Execute("INSERT INTO " + hashes.Sql() + " SELECT g.group_id, " + LabelKeySql(source_) + ", " +
              ContentKeySql(source_, seed_) + " FROM " + JoinGroups() + Where(source_.filter));
  Create(cuts_, "group_id bigint, class bigint, last_key bigint", "group_id");
  const std::string fraction = pg::NumberText(*split_request_.validation_fraction) + "::pg_catalog.float8";
  const auto share = [&fraction](const std::string& rows) {
    return "pg_catalog.floor(" + fraction + " OPERATOR(pg_catalog.*) (" + rows +
           ")::pg_catalog.float8 OPERATOR(pg_catalog.+) 0.5::pg_catalog.float8)";
  };
  const std::string counted =
      "SELECT d.group_id, d.class, d.key, d.n, (pg_catalog.sum(d.n) OVER (PARTITION BY d.group_id, d.class ORDER BY "
      "d.key))::bigint AS upto,"
      " (pg_catalog.sum(d.n) OVER (PARTITION BY d.group_id, d.class))::bigint AS class_rows,"
      " (pg_catalog.sum(d.n) OVER (PARTITION BY d.group_id ORDER BY d.class))::bigint AS seen"
      " FROM (SELECT k.group_id, k.class, k.key, pg_catalog.count(*) AS n FROM " +
      hashes.Sql() + " AS k GROUP BY k.group_id, k.class, k.key) AS d";
  const std::string shared = "SELECT c.*, LEAST((" + share("c.seen") + " OPERATOR(pg_catalog.-) " +
                             share("c.seen OPERATOR(pg_catalog.-) c.class_rows") +
                             ")::bigint, c.class_rows OPERATOR(pg_catalog.-) 1) AS wanted FROM (" + counted + ") AS c";
  pg::Execute("INSERT INTO " + cuts_.Sql() +
              " SELECT w.group_id, w.class, CASE WHEN (w.upto OPERATOR(pg_catalog.-) w.wanted) OPERATOR(pg_catalog.<=)"
              " (w.wanted OPERATOR(pg_catalog.-) (w.upto OPERATOR(pg_catalog.-) w.n)) AND w.upto OPERATOR(pg_catalog.<)"
              " w.class_rows THEN w.key ELSE w.key OPERATOR(pg_catalog.-) 1 END FROM (" +
              shared +
              ") AS w WHERE w.wanted OPERATOR(pg_catalog.>) 0 AND w.wanted OPERATOR(pg_catalog.<=) w.upto"
              " AND (w.upto OPERATOR(pg_catalog.-) w.n) OPERATOR(pg_catalog.<) w.wanted");
  Drop(hashes);
  pg::Execute("ANALYZE " + cuts_.Sql());
  has_cuts_ = true;
  side_ = "(c.last_key IS NOT NULL AND " + ContentKeySql(source_, seed_) + " OPERATOR(pg_catalog.<=) c.last_key)";
}

void GroupRows::CutByTime() {
  const TimeColumn& time = *time_;
  const pg::TableName times = Working("split");
  Create(times, "group_id bigint, t " + time.type + ", n bigint", "group_id");
  pg::Execute("INSERT INTO " + times.Sql() + " SELECT g.group_id, " + time.value + ", pg_catalog.count(*) FROM " +
              JoinGroups() + Where(source_.filter) + " GROUP BY 1, 2");
  Create(cuts_, "group_id bigint, t " + time.type, "group_id");
  const std::string later =
      "SELECT k.group_id, k.t, (pg_catalog.sum(k.n) OVER (PARTITION BY k.group_id ORDER BY k.t DESC))::bigint AS later,"
      " (pg_catalog.sum(k.n) OVER (PARTITION BY k.group_id))::bigint AS group_rows FROM " +
      times.Sql() + " AS k";
  const std::string wanted = "pg_catalog.floor(" + pg::NumberText(*split_request_.validation_fraction) +
                             "::pg_catalog.float8 OPERATOR(pg_catalog.*) l.group_rows::pg_catalog.float8 "
                             "OPERATOR(pg_catalog.+) 0.5::pg_catalog.float8)";
  pg::Execute("INSERT INTO " + cuts_.Sql() +
              " SELECT r.group_id, r.t FROM (SELECT l.group_id, l.t, pg_catalog.row_number() OVER (PARTITION BY "
              "l.group_id ORDER BY"
              " pg_catalog.abs(l.later::pg_catalog.float8 OPERATOR(pg_catalog.-) " +
              wanted + "), l.later) AS nth FROM (" + later +
              ") AS l WHERE l.later OPERATOR(pg_catalog.<) l.group_rows) AS r WHERE r.nth OPERATOR(pg_catalog.=) 1");
  Drop(times);
  pg::Execute("ANALYZE " + cuts_.Sql());
  has_cuts_ = true;
  side_ = "(c.t IS NOT NULL AND " + time.value + " OPERATOR(pg_catalog.>=) c.t)";
}

/// A row's contents with all that decides what is made of it: its weight and its side, too.
std::string GroupRows::HashSql() const {
  if (is_hashed_) return "s._cerebro_hash";
  std::string row = RowSql(source_, "s");
  row.pop_back();
  if (split_request_.split_column) row += ", " + side_;
  if (time_) row += ", cerebro._label_text(" + time_->value + ")";
  return "cerebro._content_key(" + row + "), 0::bigint)";
}

void GroupRows::CopyRows() {
  std::string columns =
      "_cerebro_group bigint, _cerebro_validates boolean, _cerebro_class bigint, _cerebro_hash bigint";
  std::string values =
      "g.group_id, " + (side_.empty() ? "false" : side_) + ", " + LabelKeySql(source_) + ", " + HashSql();
  if (source_.has_ctid) {
    columns += ", _cerebro_ctid pg_catalog.tid";
    values += ", " + (source_.copied_from ? source_.copied_ctid : "s.ctid");
    if (pg::OnGreenplum()) {
      columns += ", _cerebro_segment integer";
      values += ", s.gp_segment_id";
    }
  }
  for (const pg::Column* column : CopiedColumns(source_)) {
    if (column->name.rfind("_cerebro_", 0) == 0) {
      throw Error(ErrorCode::kInvalidParameter, "column name " + Quoted(column->name) + " cannot be packed by group",
                  "Names that begin with _cerebro_ are used while rows are packed.",
                  "Give the column another name in a view over the source table.");
    }
    columns += ", " + pg::QuoteIdent(column->name) + " " + column->sql_type;
    values += ", s." + pg::QuoteIdent(column->name);
  }
  Create(rows_, columns, "_cerebro_group");
  std::string join = JoinGroups();
  if (has_cuts_) {
    join += " LEFT JOIN " + cuts_.Sql() + " AS c ON c.group_id OPERATOR(pg_catalog.=) g.group_id";
    if (!time_) {
      join += " AND c.class OPERATOR(pg_catalog.=) " + LabelKeySql(source_);
    }
  }
  const pg::Result copied =
      pg::Execute("INSERT INTO " + rows_.Sql() + " SELECT " + values + " FROM " + join + Where(source_.filter));
  pg::Execute("ANALYZE " + rows_.Sql() + " (_cerebro_group)");
  copied_rows_ = static_cast<int64_t>(copied.processed);
  pg::Debug("copied " + std::to_string(copied.processed) + " rows of " + std::to_string(group_count_) + " groups");
}

void GroupRows::CreateSizes() {
  Create(sizes_,
         "group_id bigint, group_rows bigint, validation_rows bigint, partitions integer, reason pg_catalog.text, "
         "source_digest pg_catalog.text",
         "group_id");
}

void GroupRows::Measure(const std::optional<int32_t>& num_partitions) {
  CreateSizes();
  const bool labels =
      std::any_of(source_.columns.begin(), source_.columns.end(), [](const SourceColumn& c) { return c.labels(); });
  const std::string counted =
      "SELECT s._cerebro_group AS group_id, pg_catalog.count(CASE WHEN NOT s._cerebro_validates THEN 1 END) AS "
      "training,"
      " pg_catalog.count(CASE WHEN s._cerebro_validates THEN 1 END) AS validation,"
      " pg_catalog.min(CASE WHEN NOT s._cerebro_validates THEN s._cerebro_class END) OPERATOR(pg_catalog.=)"
      " pg_catalog.max(CASE WHEN NOT s._cerebro_validates THEN s._cerebro_class END) AS one_label,"
      " pg_catalog.sum(s._cerebro_hash) AS hashes FROM " +
      rows_.Sql() + " AS s GROUP BY 1";
  const std::string both = "n.training OPERATOR(pg_catalog.+) n.validation";
  const auto rows_text = [](const std::string& count) {
    return "(CASE WHEN " + count + " OPERATOR(pg_catalog.=) 1 THEN '1 row' ELSE (" + count +
           ")::pg_catalog.text OPERATOR(pg_catalog.||) ' rows' END)";
  };
  std::string reason =
      "CASE WHEN n.group_id IS NULL THEN 'its rows were deleted while the table was packed'::pg_catalog.text";
  if (request_.min_rows) {
    const std::string least = std::to_string(*request_.min_rows);
    reason += " WHEN " + both + " OPERATOR(pg_catalog.<) " + least + "::bigint THEN " + rows_text(both) +
              " OPERATOR(pg_catalog.||) ', fewer than min_rows " + least + "'";
  }
  reason += " WHEN n.training OPERATOR(pg_catalog.=) 0 THEN 'no row that trains'";
  if (labels) {
    reason += " WHEN n.one_label THEN 'one label only in ' OPERATOR(pg_catalog.||) " + rows_text("n.training");
  }
  reason += " END";
  const std::string partitions = num_partitions ? "LEAST(" + std::to_string(*num_partitions) + "::bigint, m.training)"
                                                : "GREATEST(1::bigint, LEAST(" + std::to_string(kDefaultPartitions) +
                                                      "::bigint, m.training OPERATOR(pg_catalog./) " +
                                                      std::to_string(kFewestPartitionRows) + "::bigint))";
  pg::Execute("INSERT INTO " + sizes_.Sql() +
              " SELECT m.group_id, m.training, m.validation, (CASE WHEN m.reason IS NULL THEN " + partitions +
              " ELSE 0 END)::integer, m.reason, " + DigestSql("m.rows", "m.hashes") +
              " FROM (SELECT g.group_id, COALESCE(n.training, 0::bigint) AS training, COALESCE(n.validation, "
              "0::bigint) AS validation, " +
              reason + " AS reason, n.hashes, " + both + " AS rows FROM " + groups_.Sql() + " AS g LEFT JOIN (" +
              counted + ") AS n ON n.group_id OPERATOR(pg_catalog.=) g.group_id) AS m");
  pg::Execute("ANALYZE " + sizes_.Sql());
  SumUp();
}

void GroupRows::SumUp() {
  const pg::Result totals = pg::Execute(
      "SELECT pg_catalog.count(CASE WHEN z.partitions OPERATOR(pg_catalog.>) 0 THEN 1 END),"
      " pg_catalog.max(CASE WHEN z.partitions OPERATOR(pg_catalog.>) 0 THEN z.group_rows END),"
      " pg_catalog.max(z.validation_rows), pg_catalog.sum(z.validation_rows), pg_catalog.sum(z.group_rows) FROM " +
      sizes_.Sql() + " AS z");
  packed_groups_ = base::WholeOrZero(totals.at(0, 0));
  largest_rows_ = base::WholeOrZero(totals.at(0, 1));
  largest_validation_rows_ = base::WholeOrZero(totals.at(0, 2));
  row_split_.validation_rows = base::WholeOrZero(totals.at(0, 3));
  training_rows_ = base::WholeOrZero(totals.at(0, 4));
}

void GroupRows::RefuseAllSkipped() const {
  const std::string first =
      pg::Execute("SELECT z.reason FROM " + sizes_.Sql() + " AS z ORDER BY z.group_id LIMIT 1").Text();
  throw Error(ErrorCode::kInvalidData,
              "all " + base::Thousands(group_count_) + " groups of table " + source_.Text() + " would be skipped",
              "The first one: " + first + ".", "Group by other columns, or lower min_rows.");
}

Source GroupRows::Half(bool validates) const {
  Source half = source_;
  if (!half.copied_from) half.copied_from = source_.name;
  half.name = rows_;
  half.copied_ctid = "s._cerebro_ctid";
  half.copied_segment = "s._cerebro_segment";
  half.filter = validates ? "s._cerebro_validates" : "NOT s._cerebro_validates";
  if (validates) {  // without weights, as validation_preprocessor_dl has them
    if (half.has_weights) half.columns.pop_back();
    half.has_weights = false;
  }
  return half;
}

Source GroupRows::OfGroup(const Source& half, int64_t group_id) const {
  Source group = half;
  group.filter +=
      std::string(" AND ") + kCopiedGroup + " OPERATOR(pg_catalog.=) '" + std::to_string(group_id) + "'::bigint";
  return group;
}

void GroupRows::IndexGroups() const {
  pg::Execute("CREATE INDEX ON " + rows_.Sql() + " (_cerebro_group)");
  pg::Execute("ANALYZE " + rows_.Sql() + " (_cerebro_group)");
}

}  // namespace pack

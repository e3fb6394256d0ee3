#include "store/feature_catalogue.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/plain_number.hpp"
#include "base/whole_characters.hpp"
#include "pg/cluster.hpp"
#include "pg/foreign_code.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "data/packed_format.hpp"

namespace store {
namespace {

constexpr size_t kMostNameBytes = 63;  // what the server keeps of a name
constexpr size_t kDigestDigits = 12;
constexpr size_t kHashDigits = 8;
constexpr int64_t kMarksAtOnce = 10000;
constexpr int kMostTables = 100;  // one more than of one digest, all but one out of date: two more digits

// Another type may bring casts and comparisons of its own.
const pg::ColumnTypes& CatalogueColumns() {
  static const auto* columns = new pg::ColumnTypes{{"digest", "pg_catalog.text"},
                                                  {"source_table", "pg_catalog.text"},
                                                  {"source_digest", "pg_catalog.text"},
                                                  {"extents", "pg_catalog.int8[]"},
                                                  {"source_checksum", "pg_catalog.text"},
                                                  {"feature_table", "pg_catalog.text"},
                                                  {"feature_checksum", "pg_catalog.text"},
                                                  {"layer", "pg_catalog.text"},
                                                  {"model", "pg_catalog.text"},
                                                  {"shape", "pg_catalog.int8[]"},
                                                  {"encoding", "pg_catalog.text"},
                                                  {"feature_precision", "pg_catalog.text"},
                                                  {"bytes", "pg_catalog.int8"},
                                                  {"rows", "pg_catalog.int8"},
                                                  {"seconds", "pg_catalog.float8"},
                                                  {"made_at", "pg_catalog.timestamptz"},
                                                  {"last_use", "pg_catalog.timestamptz"}};
  return *columns;
}

std::string ColumnsSql() {
  std::string sql;
  for (const auto& [name, type] : CatalogueColumns()) sql += (sql.empty() ? "" : ", ") + std::string(name) + " " + type;
  return sql;
}

std::vector<int64_t> Integers(const std::string& array) {
  std::vector<int64_t> out;
  for (const pg::Cell& cell : pg::ParseArrayText(array)) out.push_back(base::WholeOrZero(cell));
  return out;
}

bool IsCatalogue(const pg::TableName& name) {
  if (!pg::CodeOf(name, pg::TableUse::kRead, CatalogueColumns()).empty()) return false;
  const std::vector<pg::Column> columns = pg::TableColumns(name, "catalogue");
  return std::all_of(CatalogueColumns().begin(), CatalogueColumns().end(),
                     [&](const auto& column) { return pg::FindColumn(columns, column.first) != nullptr; });
}

/// Whether a row of the catalogue may name this table as a set of this digest.
bool NamesSet(const pg::TableName& catalogue, const std::string& digest, const std::string& table_sql) {
  if (digest.find_first_not_of("0123456789abcdef") != std::string::npos) return false;
  const std::string suffix = "_" + digest.substr(0, kDigestDigits);
  if (catalogue.name.size() + suffix.size() + 3 > kMostNameBytes) return false;
  if (catalogue.WithSuffix(suffix).Sql() == table_sql) return true;
  for (int nth = 2; nth < kMostTables; ++nth) {
    if (catalogue.WithSuffix(suffix + "_" + std::to_string(nth)).Sql() == table_sql) return true;
  }
  return false;
}

}  // namespace

// A name that is too long, and one in a schema where tables of other schemas have theirs, gets a hash of the table's full name.
FeatureNames::FeatureNames(const pg::TableName& packed) : catalogue(packed) {
  const std::string schema = pg::CurrentSettings().features_schema;
  const bool elsewhere = !schema.empty() && packed.schema.rfind("pg_temp", 0) != 0 && schema != packed.schema;
  const size_t room = kMostNameBytes - std::string(kFeaturesSuffix).size() - 1 - kDigestDigits - 3;
  if (elsewhere || packed.name.size() > room) {
    const std::string full = packed.Sql();
    catalogue.name = std::string(base::WholeCharacters(packed.name, room - 1 - kHashDigits)) + "_" + base::ToHex(base::Hash(full.data(), full.size(), 0)).substr(0, kHashDigits);
  }
  catalogue.name += kFeaturesSuffix;
  if (elsewhere) {
    catalogue.schema = schema;
    catalogue.bare = false;
  }
}

pg::TableName FeatureNames::Set(const std::string& digest, int nth) const {
  return catalogue.WithSuffix("_" + digest.substr(0, kDigestDigits) + (nth == 1 ? "" : "_" + std::to_string(nth)));
}

HeapMarks::HeapMarks(const std::string& table_sql) {
  pg::Cursor cursor("SELECT partition_id, buffer_id, pg_catalog.concat(ctid::pg_catalog.text, xmin::pg_catalog.text) FROM " + table_sql);
  for (;;) {
    const pg::Result rows = cursor.Fetch(kMarksAtOnce);
    if (rows.empty()) break;
    for (const auto& row : rows.rows) {
      const int64_t partition = row[0] ? base::WholeNumber(row[0]) : -1;
      if (partition < 0 || partition >= (int64_t{1} << 31) || !row[1]) continue;
      if (static_cast<size_t>(partition) >= partitions_.size()) partitions_.resize(static_cast<size_t>(partition) + 1);
      partitions_[static_cast<size_t>(partition)].emplace_back(base::WholeNumber(row[1]), row[2].value_or(""));
    }
  }
  for (auto& partition : partitions_) std::sort(partition.begin(), partition.end());
}

std::optional<std::string> HeapMarks::Checksum(const std::vector<int64_t>& extents) const {
  base::Hasher hasher(0);
  for (size_t p = 0; p < extents.size(); ++p) {
    const size_t there = p < partitions_.size() ? partitions_[p].size() : 0;
    const auto wanted = static_cast<size_t>(std::max<int64_t>(extents[p], 0));
    if (there < wanted) return std::nullopt;
    hasher.UpdateU64(wanted);
    for (size_t b = 0; b < wanted; ++b) {
      const auto& [buffer, mark] = partitions_[p][b];
      if (buffer != static_cast<int64_t>(b)) return std::nullopt;
      hasher.UpdateU64(mark.size());
      hasher.Update(mark.data(), mark.size());
    }
  }
  return base::ToHex(hasher.Finish());
}

bool HeapMarks::HasMore(const std::vector<int64_t>& extents) const {
  for (size_t p = 0; p < partitions_.size(); ++p) {
    if (static_cast<int64_t>(partitions_[p].size()) > (p < extents.size() ? extents[p] : 0)) return true;
  }
  return false;
}

std::vector<FeatureRow> ReadFeatureRows(const pg::TableName& catalogue) {
  if (!IsCatalogue(catalogue)) return {};
  const pg::Result found = pg::Read(
      "SELECT digest, source_table, source_digest, extents::pg_catalog.text, source_checksum, feature_table, feature_checksum, layer, model,"
      " shape::pg_catalog.text, encoding, feature_precision, bytes, rows, seconds, made_at::pg_catalog.text, last_use::pg_catalog.text FROM " +
      catalogue.Sql() + " ORDER BY last_use, made_at");
  std::map<std::string, FeatureRow> newest;
  std::map<std::string, std::pair<size_t, std::string>> used;  // when it was used last, as a number of a row and as a timestamp
  for (size_t i = 0; i < found.rows.size(); ++i) {
    const auto& row = found.rows[i];
    if (!row[0] || row[0]->size() < kDigestDigits || !row[16]) continue;
    used[*row[0]] = {i, *row[16]};
    if (!row[5]) continue;  // a use
    if (!NamesSet(catalogue, *row[0], *row[5])) continue;
    if (std::any_of(row.begin(), row.end(), [](const pg::Cell& cell) { return !cell; })) continue;
    FeatureRow& r = newest[*row[0]];
    r.replaced.erase(std::remove(r.replaced.begin(), r.replaced.end(), *row[5]), r.replaced.end());
    if (!r.feature_table.empty() && r.feature_table != *row[5]) r.replaced.push_back(r.feature_table);
    r.digest = *row[0];
    r.source_table = *row[1];
    r.source_digest = *row[2];
    r.extents = Integers(*row[3]);
    r.source_checksum = *row[4];
    r.feature_table = *row[5];
    r.feature_checksum = *row[6];
    r.layer = *row[7];
    r.model = *row[8];
    r.shape = Integers(*row[9]);
    r.encoding = *row[10];
    r.precision = *row[11];
    r.bytes = base::WholeNumber(row[12]);
    r.rows = base::WholeNumber(row[13]);
    r.seconds = base::RealOrNaN(row[14]);
    r.made_at = *row[15];
  }
  std::vector<FeatureRow> rows;
  for (auto& [digest, row] : newest) {
    row.last_use = used[digest].second;
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [&](const FeatureRow& a, const FeatureRow& b) { return used[a.digest].first < used[b.digest].first; });
  return rows;
}

namespace {

bool HasCatalogue(const FeatureNames& names, const pg::TableName& packed) {
  if (!pg::TableExists(names.catalogue)) return false;
  const std::string why = WhyNotTrusted(names.catalogue, packed);
  if (!why.empty()) {
    throw base::Error(base::ErrorCode::kPrerequisiteState, "stored features of packed table " + packed.Text() + " cannot be listed: " + why, "",
                      "Give stored features a schema of their own: SET cerebro.features_schema.");
  }
  if (!IsCatalogue(names.catalogue)) {
    throw base::Error(base::ErrorCode::kDuplicateTable,
                      "relation " + names.catalogue.Text() + " already exists and is no catalogue of stored features",
                      "Features of the packed table would be listed in a table of this name.",
                      "Rename it, or give stored features a schema of their own: SET cerebro.features_schema.");
  }
  return true;
}

/// Throws unless nothing but the row is written.
void RequireAlone(const pg::TableName& catalogue) {
  const std::string why = WhyNotWritten(catalogue);
  if (why.empty()) return;
  throw base::Error(base::ErrorCode::kPrerequisiteState, "stored features cannot be listed: " + why, "",
                    "Take them away, or give stored features a schema of their own: SET cerebro.features_schema.");
}

}  // namespace

std::string WhyNotTrusted(const pg::TableName& catalogue, const pg::TableName& packed) {
  const std::optional<pg::TableFacts> facts = pg::FactsOf(catalogue);
  if (!facts || TrustsTable(catalogue, packed)) return {};
  return "table " + catalogue.Text() + " belongs to role " + pg::QuoteIdent(facts->owner_name);
}

std::string WhyNotWritten(const pg::TableName& catalogue) {
  const std::string code = pg::CodeOf(catalogue, pg::TableUse::kWrite, CatalogueColumns());
  return code.empty() ? code : "table " + catalogue.Text() + " " + code;
}

// Of two sessions that make the first features of a table, with different layers, the second waits for the first one's transaction: until then
// the list is not there for it, and its name is taken.
void CreateFeatureCatalogue(const FeatureNames& names, const pg::TableName& packed, bool temporary) {
  constexpr const char* kMaking = "making the list";
  if (HasCatalogue(names, packed)) return;
  if (!temporary && !pg::TryClaimTable(names.catalogue, pg::TableClaim::kChange, kMaking)) {
    pg::Notice("another session is making the first stored features of the same packed table: this one waits until its transaction has ended",
               "SET cerebro.enable_feature_materialization = off trains without stored features.");
    pg::AwaitTable(names.catalogue, pg::TableClaim::kChange, kMaking);
    const pg::FreshSnapshot snapshot;  // which sees what was waited for
    if (HasCatalogue(names, packed)) return;
  }
  pg::Execute(std::string(temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ") + names.catalogue.Sql() + " (" + ColumnsSql() + ")" +
              pg::DistributedBy("digest"));
}

std::string FeatureComment(const FeatureRow& row) {
  std::string text = "features " + row.digest + " " + row.precision + " as " + row.encoding + ", shape";
  for (const int64_t d : row.shape) text += " " + std::to_string(d);
  return text;
}

namespace {

std::string CommentOn(const pg::TableName& table) {
  const pg::Result found = pg::Read("SELECT pg_catalog.obj_description($1::pg_catalog.regclass::pg_catalog.oid, 'pg_class'::pg_catalog.name)",
                                    {table.Sql()});
  return found.empty() ? std::string() : found.at(0, 0).value_or("");
}

}  // namespace

bool IsFeatureSet(const pg::TableName& table, const std::string& digest) {
  return pg::CodeOf(table, pg::TableUse::kRead).empty() && CommentOn(table).rfind("features " + digest + " ", 0) == 0;
}

void InsertFeatureRow(const FeatureNames& names, const FeatureRow& row) {
  RequireAlone(names.catalogue);
  pg::Execute("INSERT INTO " + names.catalogue.Sql() +
                  " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, pg_catalog.clock_timestamp(),"
                  " pg_catalog.clock_timestamp()",
              {row.digest, row.source_table, row.source_digest, row.extents, row.source_checksum, row.feature_table, row.feature_checksum, row.layer,
               row.model, row.shape, row.encoding, row.precision, row.bytes, row.rows, row.seconds});
}

// A run of many parts comes here in each, and all of them are one statement: one row says that it uses the set.
void InsertFeatureUse(const FeatureNames& names, const std::string& digest) {
  static auto* statement = new std::string();
  static auto* marked = new std::set<std::string>();
  const std::string now = pg::Read("SELECT pg_catalog.statement_timestamp()::pg_catalog.text").Text();
  if (*statement != now) {
    *statement = now;
    marked->clear();
  }
  if (!marked->insert(names.catalogue.Sql() + " " + digest).second) return;
  RequireAlone(names.catalogue);
  pg::Execute("INSERT INTO " + names.catalogue.Sql() + " (digest, last_use) SELECT $1, pg_catalog.clock_timestamp()", {digest});
}

FeatureJudge::FeatureJudge(const data::PackedTable& table) : table_(table) {
  const pg::TableName summary = table.name.WithSuffix("_summary");
  if (pg::FindColumn(pg::TableColumns(summary, "packed table"), data::kEarlierDigestsColumn) == nullptr) return;
  const pg::Result found = pg::Read(std::string("SELECT s.") + data::kEarlierDigestsColumn + "::pg_catalog.text FROM " + summary.Sql() + " AS s");
  if (found.empty() || !found.at(0, 0)) return;
  for (const pg::Cell& cell : pg::ParseArrayText(found.Text())) earlier_.push_back(cell.value_or(""));
}

const HeapMarks& FeatureJudge::Marks() {
  if (!marks_) marks_.emplace(table_.name.Sql());
  return *marks_;
}

std::string FeatureJudge::SourceChecksum() {
  const std::optional<std::string> sum = Marks().Checksum(table_.partition_buffers);
  const bool appended = std::find(earlier_.begin(), earlier_.end(), table_.digest) != earlier_.end();  // since the table was opened
  if (sum && (appended || !Marks().HasMore(table_.partition_buffers))) return *sum;
  throw base::Error(base::ErrorCode::kDataCorrupted, "packed table " + table_.name.Text() + " has other buffers than its summary says",
                    "The packed table was changed after it was made.", "Pack the data again by " + table_.packer + ".");
}

FeatureVerdict FeatureJudge::Judge(const FeatureRow& row) {
  const auto stale = [](std::string why) { return FeatureVerdict{FeatureState::kStale, std::move(why)}; };
  if (row.source_table != table_.name.Sql()) return stale("they are of table " + row.source_table);
  const bool same = row.source_digest == table_.digest;
  if (!same && std::find(earlier_.begin(), earlier_.end(), row.source_digest) == earlier_.end()) {
    return stale("the table was packed anew since they were made");
  }
  if (row.extents.size() != table_.partition_buffers.size()) return stale("the table has another number of partitions");
  for (size_t p = 0; p < row.extents.size(); ++p) {
    if (row.extents[p] < 0 || row.extents[p] > table_.partition_buffers[p]) return stale("the table has fewer buffers than it had");
  }
  if (same && row.extents != table_.partition_buffers) return stale("the table has other buffers than it had");
  if (Marks().Checksum(row.extents) != row.source_checksum) {
    return stale("rows of the table were changed or rewritten since they were made");
  }
  const pg::TableName set = pg::ParseTableName(row.feature_table, "feature_table");
  // claimed before it is locked: who drops it has its name claimed, and a reader that waited for that one might be waited for
  if (!pg::TryClaimTable(set, pg::TableClaim::kUse, kUseOfFeatures)) return stale("another session drops them");
  if (!pg::TableExists(set)) return stale("their table " + row.feature_table + " is gone");
  if (!TrustsTable(set, table_.name)) return stale("their table " + row.feature_table + " belongs to another role");
  const std::string code = pg::CodeOf(set, pg::TableUse::kRead);
  if (!code.empty()) return stale("their table " + row.feature_table + " " + code);
  if (CommentOn(set) != FeatureComment(row)) {
    return stale("their table " + row.feature_table + " lacks the comment that says what it holds");
  }
  const HeapMarks own(row.feature_table);
  if (own.Checksum(row.extents) != row.feature_checksum || own.HasMore(row.extents)) {
    return stale("rows of their table " + row.feature_table + " were changed or rewritten");
  }
  return {row.extents == table_.partition_buffers ? FeatureState::kFresh : FeatureState::kExtendable, ""};
}

std::vector<FeatureCatalogue> FindFeatureCatalogues() {
  // names first: a catalog has many tables, and few end so
  const pg::Result found = pg::Read(
      "SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
      " ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
      " WHERE pg_catalog.right(c.relname::pg_catalog.text, 9) OPERATOR(pg_catalog.=) '_features'::pg_catalog.text"
      " AND c.relkind OPERATOR(pg_catalog.=) 'r'::pg_catalog.\"char\" AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)"
      " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'::pg_catalog.text)"
      " AND pg_catalog.has_table_privilege(c.oid, 'SELECT'::pg_catalog.text) ORDER BY 1, 2");
  std::vector<FeatureCatalogue> catalogues;
  for (const auto& row : found.rows) {
    const pg::TableName name{*row[0], *row[1]};
    if (!IsCatalogue(name)) continue;
    const std::optional<pg::TableFacts> facts = pg::FactsOf(name);
    if (facts && facts->readable) catalogues.push_back({name, facts->owner_name, facts->owner});
  }
  return catalogues;
}

bool TrustsTable(const pg::TableName& table, const pg::TableName& packed) {
  const std::optional<pg::TableFacts> facts = pg::FactsOf(table);
  if (!facts || !facts->readable) return false;
  if (pg::TrustsRole(facts->owner)) return true;
  const std::optional<pg::TableFacts> source = pg::FactsOf(packed);
  return source && source->owner == facts->owner;
}

int64_t TableBytes(const std::string& table_sql) {
  return pg::Read("SELECT pg_catalog.pg_total_relation_size($1::pg_catalog.regclass)", {table_sql}).Int();
}

}  // namespace store

// How EnsureFeatures goes: sets that are there and fresh are claimed for use and taken. The others are claimed for making, in the order of their
// digests, and looked for once more under a new snapshot: the session that was waited for may have made them. What is still missing is computed
// in one pass for each graph, and written; room is made before. A set that is out of date is dropped where nobody uses it, else left to be
// dropped later, and the new one gets another name.
#include "store/features.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "data/packed_format.hpp"
#include "pg/cluster.hpp"
#include "pg/foreign_code.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "store/feature_catalogue.hpp"
#include "store/feature_maker.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kUse = kUseOfFeatures;
constexpr const char* kMaking = "making";
constexpr int kMostTables = 99;          // of one digest, all but one out of date: as rows of the catalogue may name them

pg::TableName TableOf(const FeatureRow& row) { return pg::ParseTableName(row.feature_table, "feature_table"); }

StoredFeatures Found(const FeatureRow& row, bool complete) {
  StoredFeatures found;
  found.digest = row.digest;
  found.table = row.feature_table;
  found.encoding = row.encoding;
  found.precision = row.precision;
  found.shape = row.shape;
  found.bytes = row.bytes;
  found.rows = row.rows;
  found.complete = complete;
  return found;
}

std::string Megabytes(double bytes) {
  const auto tenths = static_cast<int64_t>(bytes / 1e5 + 0.5);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MB";
}

std::string Described(const FeatureRow& row) { return "layer \"" + row.layer + "\" (" + row.digest.substr(0, 12) + ")"; }

bool MayRead(const pg::TableName& table) {
  return pg::TableExists(table) && !pg::RowSecurityApplies(table) &&
         pg::Read("SELECT pg_catalog.has_table_privilege($1::pg_catalog.regclass::pg_catalog.oid, 'SELECT'::pg_catalog.text)::pg_catalog.int4", {table.Sql()})
                 .Int() == 1;
}

/// A set on its way.
struct Set {
  const FeatureRequest* request = nullptr;
  std::optional<FeatureRow> row;   // what the catalogue says of it
  FeatureVerdict verdict;          // of that row
  bool ready() const { return row && verdict.state == FeatureState::kFresh; }
  // while it is made
  data::FeatureEncoding encoding = data::FeatureEncoding::kFloat32;
  double estimate = 0;  // bytes on disk that it will take besides what it has
};

class Ensuring {
 public:
  Ensuring(const data::PackedTable& table, const std::vector<FeatureRequest>& requests, const engine::Options& options, int workers,
           FeatureCosts* costs, const FeatureProgress& progress)
      : table_(table), names_(table.name), options_(options), workers_(workers), costs_(costs), progress_(progress) {
    for (const FeatureRequest& request : requests) sets_[request.digest].request = &request;
  }

  void Run();
  std::vector<StoredFeatures> Result(const std::vector<FeatureRequest>& requests) const;

 private:
  void Look();
  std::vector<FeatureRow> Rows() const;
  void ClaimForMaking();
  void Estimate(const std::vector<Set*>& together);
  void MakeRoom();
  void MakeTogether(const std::vector<Set*>& together);
  int Compute(const std::vector<Set*>& together, const std::vector<pg::TableName>& tables, const std::vector<int64_t>& extents);
  void CheckRoom(const std::vector<pg::TableName>& tables) const;
  pg::TableName CreateTable(const Set& set) const;
  void WriteRow(Set* set, const pg::TableName& name, double seconds);
  void SayWhy(const Set& set) const;
  static std::vector<int64_t> Extents(const Set& set, size_t partitions);

  const data::PackedTable& table_;
  const FeatureNames names_;
  const engine::Options options_;
  const int workers_;
  FeatureCosts* const costs_;
  const FeatureProgress& progress_;
  std::map<std::string, Set> sets_;  // by digest
  double there_ = 0;                 // bytes of sets that stay, and of those that have been made
};

std::vector<FeatureRow> Ensuring::Rows() const {
  return WhyNotTrusted(names_.catalogue, table_.name).empty() ? ReadFeatureRows(names_.catalogue) : std::vector<FeatureRow>();
}

bool MayDrop(const pg::TableName& table) {
  return pg::Read("SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE'::pg_catalog.text)::pg_catalog.int4 FROM pg_catalog.pg_class c"
                  " WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass::pg_catalog.oid",
                  {table.Sql()})
             .Int() == 1;
}

/// Whether the caller may add to it, and runs nobody else's code by that.
bool MayExtend(const pg::TableName& table) {
  const std::optional<pg::TableFacts> facts = pg::FactsOf(table);
  return facts && pg::TrustsRole(facts->owner) && MayDrop(table) && pg::WhyNotSafe(table, pg::TableUse::kWrite).empty();
}

// Sets that may be used are claimed: from then on nobody drops them.
void Ensuring::Look() {
  const pg::FreshSnapshot snapshot;
  FeatureJudge judge(table_);
  for (const FeatureRow& row : Rows()) {
    const auto found = sets_.find(row.digest);
    if (found == sets_.end()) continue;
    Set& set = found->second;
    set.row = row;
    set.verdict = judge.Judge(row);
    if (set.verdict.state == FeatureState::kStale) continue;
    if (set.row->precision != set.request->precision) {
      set.verdict = {FeatureState::kStale, "they were stored as " + set.row->precision + ", and cerebro.feature_precision is " + set.request->precision};
    } else if (!pg::TryClaimTable(TableOf(row), pg::TableClaim::kUse, kUse) || !pg::TableExists(TableOf(row))) {
      set.verdict = {FeatureState::kStale, "another session has dropped them"};
    } else if (set.verdict.state == FeatureState::kExtendable && !MayExtend(TableOf(row))) {
      set.verdict = {FeatureState::kStale, "rows were appended, and their table " + row.feature_table + " belongs to another role"};
    }
  }
}

void Ensuring::ClaimForMaking() {
  bool waited = false;
  for (auto& [digest, set] : sets_) {
    if (set.ready()) continue;
    const pg::TableName name = names_.Set(digest, 1);
    if (pg::TryClaimTable(name, pg::TableClaim::kChange, kMaking)) continue;
    pg::Notice("another session is making features of layer \"" + set.request->layer + "\" of packed table " + table_.name.Text() +
                   ": this one waits until its transaction has ended",
               "SET cerebro.enable_feature_materialization = off trains without stored features.");
    pg::AwaitTable(name, pg::TableClaim::kChange, kMaking);
    waited = true;
  }
  if (waited) Look();
}

std::vector<int64_t> Ensuring::Extents(const Set& set, size_t partitions) {
  if (set.row && set.verdict.state == FeatureState::kExtendable) return set.row->extents;
  return std::vector<int64_t>(partitions, 0);
}

void Ensuring::SayWhy(const Set& set) const {
  if (!set.row || set.verdict.state != FeatureState::kStale) return;
  pg::Notice("stored features of " + Described(*set.row) + " of packed table " + table_.name.Text() + " are not used: " + set.verdict.why,
             "They are computed again and replace the others.");
}

FeatureJob JobOf(const data::PackedTable& table, const std::vector<Set*>& together, const engine::Options& options) {
  FeatureJob job;
  job.table = table;
  job.graph = together.front()->request->graph;
  job.options = options;
  for (const Set* set : together) {
    job.calls.push_back(set->request->call);
    job.encodings.push_back(set->encoding);
  }
  return job;
}

// The most that a set will take; and how its values are stored, by a sample of rows, unless it is there already.
void Ensuring::Estimate(const std::vector<Set*>& together) {
  const data::PageLayout pages = ServerPages();
  FeatureMaker maker(JobOf(table_, together, options_), together.front()->request->block);
  std::vector<std::vector<float>> values;
  const int64_t rows = maker.Sample(&values);
  for (size_t i = 0; i < together.size(); ++i) {
    Set& set = *together[i];
    const base::Shape& shape = maker.shapes()[i];
    const int64_t elements = base::ElementCount(shape);
    if (table_.max_buffer_rows * elements * static_cast<int64_t>(sizeof(float)) > kMostFeatureBytes) {
      throw Error(ErrorCode::kLimitExceeded,
                  "features of layer \"" + set.request->layer + "\" cannot be stored: a buffer of " + std::to_string(table_.max_buffer_rows) +
                      " rows would have more than " + std::to_string(kMostFeatureBytes) + " bytes",
                  "", "Pack the data with a smaller buffer_size.");
    }
    const bool extends = set.row && set.verdict.state == FeatureState::kExtendable;
    set.encoding = extends ? data::FeatureEncodingFromName(set.row->encoding)
                           : data::ChooseFeatureEncoding(set.request->precision, values[i].data(), rows, elements);
    set.estimate = MostSetBytes(pages, table_, set.request->precision, elements, shape.empty() ? 1 : shape.back());
    if (extends) set.estimate = std::max(0.0, set.estimate - static_cast<double>(set.row->bytes));
  }
}

/// Drops a set that nobody uses. False: it stays; so does a table that is none, whatever the catalogue says.
bool DropUnused(const std::string& digest, const std::string& table_sql) {
  const pg::TableName table = pg::ParseTableName(table_sql, "feature_table");
  if (!pg::TableExists(table) || !MayDrop(table) || !pg::TryClaimTable(table, pg::TableClaim::kChange, kUse)) return false;
  if (!IsFeatureSet(table, digest)) return false;
  pg::Execute("DROP TABLE " + table.Sql());
  return true;
}

void Ensuring::MakeRoom() {
  const int64_t limit = pg::CurrentSettings().materialize_disk;
  double wanted = 0, kept = 0;
  std::set<std::string> keep;
  std::string largest;
  double most = -1;
  for (auto& [digest, set] : sets_) {
    if (set.row && set.verdict.state != FeatureState::kStale) {
      keep.insert(set.row->feature_table);
      kept += static_cast<double>(set.row->bytes);
    }
    if (set.ready()) continue;
    wanted += set.estimate;
    if (set.estimate > most) largest = set.request->layer;
    most = std::max(most, set.estimate);
  }
  if (wanted + kept > static_cast<double>(limit)) {
    throw Error(ErrorCode::kLimitExceeded,
                "stored features of packed table " + table_.name.Text() + " need " + Megabytes(wanted + kept) + ", cerebro.materialize_disk is " +
                    Megabytes(static_cast<double>(limit)),
                "Those of layer \"" + largest + "\" need most.",
                "Raise cerebro.materialize_disk, set cerebro.feature_precision to a shorter type, or train without stored features: "
                "SET cerebro.enable_feature_materialization = off.");
  }
  double there = kept;
  std::vector<FeatureRow> others;  // used longest ago first
  for (const FeatureRow& row : Rows()) {
    // those that were in use when they were replaced
    for (const std::string& replaced : row.replaced) {
      if (keep.count(replaced) != 0 || DropUnused(row.digest, replaced)) continue;
      if (pg::TableExists(pg::ParseTableName(replaced, "feature_table"))) there += static_cast<double>(TableBytes(replaced));  // still in use
    }
    if (keep.count(row.feature_table) != 0 || !pg::TableExists(TableOf(row))) continue;
    // those that are replaced go, whether there is room or not
    if (sets_.count(row.digest) != 0 && DropUnused(row.digest, row.feature_table)) continue;
    there += static_cast<double>(row.bytes);
    others.push_back(row);
  }
  for (const FeatureRow& row : others) {
    if (there + wanted <= static_cast<double>(limit)) break;
    if (!DropUnused(row.digest, row.feature_table)) continue;
    there -= static_cast<double>(row.bytes);
    pg::Notice("stored features of " + Described(row) + " of packed table " + table_.name.Text() + " were dropped to make room: " +
                   Megabytes(static_cast<double>(row.bytes)),
               "They were used last at " + row.last_use + ". cerebro.materialize_disk says how much stored features of a packed table may take.");
  }
  there_ = there;
  if (there + wanted <= static_cast<double>(limit)) return;
  throw Error(ErrorCode::kLimitExceeded,
              "there is no room for " + Megabytes(wanted) + " of stored features of packed table " + table_.name.Text() + ": cerebro.materialize_disk is " +
                  Megabytes(static_cast<double>(limit)),
              "Others take " + Megabytes(there) + "; they are used by other sessions, or belong to other roles.",
              "Raise cerebro.materialize_disk, or train without stored features: SET cerebro.enable_feature_materialization = off.");
}

/// What the set's comment says, and its row.
void Describe(const Set& set, FeatureRow* row) {
  row->digest = set.request->digest;
  row->precision = set.request->precision;
  row->encoding = data::FeatureEncodingName(set.encoding);
  row->shape = set.request->graph->calls[static_cast<size_t>(set.request->call)].output_shape;
}

pg::TableName Ensuring::CreateTable(const Set& set) const {
  for (int nth = 1; nth <= kMostTables; ++nth) {
    const pg::TableName name = names_.Set(set.request->digest, nth);
    if (pg::TableExists(name)) continue;
    const std::string key = pg::OnGreenplum() ? std::string(data::kDistributionColumn) + " integer, " : "";
    pg::Execute(std::string(table_.temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ") + name.Sql() + " (" + key + data::kPartitionColumn +
                " integer, " + data::kBufferColumn + " integer, features pg_catalog.bytea)" + pg::DistributedByKey(data::kDistributionColumn));
    pg::Execute("ALTER TABLE " + name.Sql() + " ALTER COLUMN features SET STORAGE EXTERNAL");
    FeatureRow row;
    Describe(set, &row);
    pg::Execute("COMMENT ON TABLE " + name.Sql() + " IS " + pg::QuoteLiteral(FeatureComment(row)));
    if (!pg::TryClaimTable(name, pg::TableClaim::kUse, kUse)) {
      throw Error(ErrorCode::kPrerequisiteState, "table " + name.Text() + " is being changed by another session");
    }
    return name;
  }
  throw Error(ErrorCode::kLimitExceeded, "there are " + std::to_string(kMostTables) + " tables " + names_.Set(set.request->digest, 1).Text() + ", ..._2, ...",
              "Features that are out of date are dropped when nobody uses them.", "Drop them: SELECT cerebro.drop_features(" +
                  pg::QuoteLiteral(table_.name.Text()) + ").");
}

// The bound of the estimate has been kept, or the run ends.
void Ensuring::CheckRoom(const std::vector<pg::TableName>& tables) const {
  double bytes = there_;
  for (const pg::TableName& table : tables) bytes += static_cast<double>(TableBytes(table.Sql()));
  const auto limit = static_cast<double>(pg::CurrentSettings().materialize_disk);
  if (bytes <= limit) return;
  throw Error(ErrorCode::kLimitExceeded,
              "stored features of packed table " + table_.name.Text() + " take " + Megabytes(bytes) + ", cerebro.materialize_disk is " +
                  Megabytes(limit),
              "They take more than was estimated.",
              "Raise cerebro.materialize_disk, or train without stored features: SET cerebro.enable_feature_materialization = off.");
}

// Fills the tables from the buffers `extents` on. Returns how many parallel workers took part.
int Ensuring::Compute(const std::vector<Set*>& together, const std::vector<pg::TableName>& tables, const std::vector<int64_t>& extents) {
  const void* block = together.front()->request->block;
  if (pg::OnGreenplum()) {
    for (size_t i = 0; i < together.size(); ++i) {
      MakeFeaturesOnSegments(JobOf(table_, {together[i]}, options_), block, extents, tables[i].Sql());
      CheckRoom(tables);
      if (progress_) progress_(static_cast<int64_t>(i) + 1, static_cast<int64_t>(together.size()));
    }
    return 0;
  }
  std::vector<FeatureItem> items;
  for (size_t p = 0; p < extents.size(); ++p) {
    for (int64_t b = extents[p]; b < table_.partition_buffers[p]; ++b) items.push_back({static_cast<int32_t>(p), static_cast<int32_t>(b), 0});
  }
  const auto all = static_cast<int64_t>(items.size());
  int64_t done = 0;
  if (progress_) progress_(done, all);
  // no statement is prepared while there are workers
  std::vector<std::unique_ptr<pg::Statement>> inserts(tables.size());
  return MakeFeatures(JobOf(table_, together, options_), block, std::move(items), workers_,
                      [&](const FeatureItem& item, const std::vector<std::string_view>& encoded) {
                        for (size_t i = 0; i < tables.size(); ++i) {
                          if (inserts[i] == nullptr) {
                            inserts[i] = std::make_unique<pg::Statement>(
                                "INSERT INTO " + tables[i].Sql() +
                                    " (partition_id, buffer_id, features) VALUES ($1::pg_catalog.int4, $2::pg_catalog.int4, $3)",
                                std::vector<std::string>{"int8", "int8", "bytea"}, false);
                          }
                          inserts[i]->Run({static_cast<int64_t>(item.partition), static_cast<int64_t>(item.buffer), pg::Bytea{encoded[i]}});
                        }
                        CheckRoom(tables);
                        if (progress_) progress_(++done, all);
                      });
}

// The sets of one graph, one block and the same missing buffers.
void Ensuring::MakeTogether(const std::vector<Set*>& together) {
  const double started = pg::Now();
  const std::vector<int64_t> extents = Extents(*together.front(), table_.partition_buffers.size());
  std::vector<pg::TableName> tables;
  for (const Set* set : together) {
    SayWhy(*set);
    const bool extends = set->row && set->verdict.state == FeatureState::kExtendable;
    tables.push_back(extends ? TableOf(*set->row) : CreateTable(*set));
  }
  for (const Set* set : together) {
    if (set->row && set->verdict.state == FeatureState::kExtendable) there_ -= static_cast<double>(set->row->bytes);  // counted by CheckRoom
  }
  const int workers = Compute(together, tables, extents);
  const double seconds = (pg::Now() - started) / static_cast<double>(together.size());
  for (size_t i = 0; i < together.size(); ++i) WriteRow(together[i], tables[i], seconds);
  if (costs_ != nullptr) {
    costs_->seconds += pg::Now() - started;
    costs_->workers = std::max(costs_->workers, workers);
  }
}

void Ensuring::WriteRow(Set* set, const pg::TableName& name, double seconds) {
  const bool extends = set->row && set->verdict.state == FeatureState::kExtendable;
  if (!extends) {
    pg::Execute("CREATE UNIQUE INDEX ON " + name.Sql() + " (" + (pg::OnGreenplum() ? std::string(data::kDistributionColumn) + ", " : "") +
                data::kPartitionColumn + ", " + data::kBufferColumn + ")");
  }
  pg::Execute("ANALYZE " + name.Sql());
  const pg::FreshSnapshot snapshot;
  FeatureRow row;
  if (extends) row = *set->row;
  row.digest = set->request->digest;
  row.source_table = table_.name.Sql();
  row.source_digest = table_.digest;
  row.extents = table_.partition_buffers;
  row.source_checksum = FeatureJudge(table_).SourceChecksum();
  row.feature_table = name.Sql();
  const std::optional<std::string> own = HeapMarks(name.Sql()).Checksum(row.extents);
  if (!own) throw Error(ErrorCode::kInternal, "features of some buffers are missing in " + name.Text());
  row.feature_checksum = *own;
  const int64_t bytes = TableBytes(name.Sql());
  if (costs_ != nullptr) {
    costs_->bytes_written += bytes - (extends ? row.bytes : 0);
    (extends ? costs_->extended : costs_->made)++;
  }
  if (!extends) {
    row.layer = set->request->layer;
    row.model = set->request->model;
    Describe(*set, &row);
  }
  there_ += static_cast<double>(bytes);
  row.bytes = bytes;
  row.rows = table_.spec.rows;
  row.seconds += seconds;
  InsertFeatureRow(names_, row);
  set->row = row;
  set->verdict = {FeatureState::kFresh, ""};
}

void Ensuring::Run() {
  Look();
  ClaimForMaking();
  const pg::FreshSnapshot snapshot;  // who was waited for has made tables
  std::map<std::pair<const void*, std::vector<int64_t>>, std::vector<Set*>> passes;  // and of one graph, whose state the block is
  for (auto& [digest, set] : sets_) {
    if (set.ready()) {
      if (costs_ != nullptr) costs_->found++;
      if (pg::TableExists(names_.catalogue) && MayMakeFeatures(table_)) InsertFeatureUse(names_, digest);
      continue;
    }
    passes[{set.request->block, Extents(set, table_.partition_buffers.size())}].push_back(&set);
  }
  if (passes.empty()) return;
  for (auto& [key, together] : passes) Estimate(together);
  MakeRoom();
  CreateFeatureCatalogue(names_, table_.name, table_.temporary);
  for (auto& [key, together] : passes) MakeTogether(together);
}

std::vector<StoredFeatures> Ensuring::Result(const std::vector<FeatureRequest>& requests) const {
  std::vector<StoredFeatures> result;
  for (const FeatureRequest& request : requests) result.push_back(Found(sets_.at(request.digest).row.value(), true));
  return result;
}

}  // namespace

std::vector<StoredFeatures> FindFeatures(const data::PackedTable& table) {
  const FeatureNames names(table.name);
  std::vector<StoredFeatures> found;
  if (!MayRead(names.catalogue) || !WhyNotTrusted(names.catalogue, table.name).empty()) return found;
  std::optional<FeatureJudge> judge;
  for (const FeatureRow& row : ReadFeatureRows(names.catalogue)) {
    if (!judge) judge.emplace(table);
    const FeatureVerdict verdict = judge->Judge(row);
    if (verdict.state != FeatureState::kStale) found.push_back(Found(row, verdict.state == FeatureState::kFresh));
  }
  return found;
}

std::string WhyNoFeatures(const data::PackedTable& table) {
  constexpr const char* kWayOut = "; SET cerebro.features_schema";
  const std::optional<pg::TableFacts> facts = pg::FactsOf(table.name);
  if (facts && !facts->stays) return "features of views and foreign tables are not stored";
  const FeatureNames names(table.name);
  if (!pg::MayCreate(names.catalogue)) return "you may not create tables in schema " + pg::QuoteIdent(names.catalogue.schema) + kWayOut;
  if (!pg::TableExists(names.catalogue)) return {};
  const bool writes =
      MayRead(names.catalogue) &&
      pg::Read("SELECT pg_catalog.has_table_privilege(c.oid, 'INSERT'::pg_catalog.text)::pg_catalog.int4 FROM pg_catalog.pg_class c"
                  " WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass::pg_catalog.oid",
                  {names.catalogue.Sql()})
             .Int() == 1;
  if (!writes) return "you may not read and write table " + names.catalogue.Text() + kWayOut;
  std::string why = WhyNotTrusted(names.catalogue, table.name);
  if (why.empty()) why = WhyNotWritten(names.catalogue);
  return why.empty() ? why : why + kWayOut;
}

bool MayMakeFeatures(const data::PackedTable& table) { return WhyNoFeatures(table).empty(); }

std::vector<StoredFeatures> EnsureFeatures(const data::PackedTable& table, const std::vector<FeatureRequest>& requests,
                                           const engine::Options& options, int workers, FeatureCosts* costs, const FeatureProgress& progress) {
  if (requests.empty()) return {};
  Ensuring ensuring(table, requests, options, workers, costs, progress);
  ensuring.Run();
  return ensuring.Result(requests);
}

data::PageLayout ServerPages() {
  data::PageLayout pages;
  pages.page_bytes = pg::Read("SELECT pg_catalog.current_setting('block_size'::pg_catalog.text)::pg_catalog.int8").Int();
  pages.segments = std::max(1, pg::SegmentCount());
  return pages;
}

double MostSetBytes(const data::PageLayout& pages, const data::PackedTable& table, const std::string& precision, int64_t elements,
                    int64_t channels) {
  data::StorageExtent extent;
  extent.rows = table.spec.rows;
  for (const int64_t buffers : table.partition_buffers) extent.buffers += buffers;
  return data::FeatureTableBytes(pages, extent, data::MostEncodedBytes(precision, elements, channels));
}

}  // namespace store

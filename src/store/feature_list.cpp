// Stored features as they are listed and dropped; how they are found and made: features.cpp.
#include "store/features.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "pg/foreign_code.hpp"
#include "pg/report.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "store/feature_catalogue.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;

pg::TableName TableOf(const FeatureRow& row) { return pg::ParseTableName(row.feature_table, "feature_table"); }

[[noreturn]] void ThrowMissing(const std::string& what) {
  throw Error(ErrorCode::kUndefinedObject, what, "", "SELECT * FROM cerebro.materialized_features lists those that you may read.");
}

/// Drops a set's table; a table that is none stays, whatever the list says. False: there was no such set.
bool DropSet(const std::string& table_sql, const std::string& digest) {
  const pg::TableName table = pg::ParseTableName(table_sql, "feature_table");
  if (!pg::TableExists(table)) return false;
  // claimed before it is locked (features.hpp)
  if (!pg::TryClaimTable(table, pg::TableClaim::kChange, kUseOfFeatures)) {
    throw Error(ErrorCode::kPrerequisiteState, "stored features " + table.Text() + " are in use by another session", "",
                "Wait for its run to end, or cancel it.");
  }
  if (!IsFeatureSet(table, digest)) {
    pg::Notice("table " + table.Text() + " is left as it is: it is listed as stored features, and lacks their comment",
               "Look at it, and drop it by DROP TABLE where it is one of stored features.");
    return false;
  }
  pg::RequireOwner(table);
  pg::Execute("DROP TABLE " + table.Sql());
  return true;
}

/// What is said of a set of a list that the caller has not named: nothing is opened but plain tables of roles that the caller trusts.
std::string StateOf(const FeatureRow& row) {
  const pg::TableName source = pg::ParseTableName(row.source_table, "source_table");
  for (const pg::TableName& table : {source, source.WithSuffix("_summary")}) {
    const std::optional<pg::TableFacts> facts = pg::FactsOf(table);
    if (!facts || !facts->readable) return "stale: the packed table cannot be read";
    if (!pg::TrustsRole(facts->owner)) return "unknown: the packed table belongs to role " + pg::QuoteIdent(facts->owner_name);
    const std::string code = pg::WhyNotSafe(table, pg::TableUse::kRead);
    if (!code.empty()) return "unknown: the packed table " + code;
  }
  const pg::TableName set = TableOf(row);
  const std::optional<pg::TableFacts> facts = pg::GlanceAt(set);  // locked when it is claimed
  if (!facts || !facts->readable) return "unknown: their table cannot be read";
  if (!pg::TrustsRole(facts->owner)) return "unknown: their table belongs to role " + pg::QuoteIdent(facts->owner_name);
  try {
    const data::PackedTable table = data::OpenPackedTable(row.source_table, "source_table");
    const FeatureVerdict verdict = FeatureJudge(table).Judge(row);
    if (verdict.state == FeatureState::kFresh) return "fresh";
    return verdict.state == FeatureState::kExtendable ? "rows were appended" : "stale: " + verdict.why;
  } catch (const Error& e) {  // not the server's own, which end the statement
    return std::string("stale: ") + e.what();
  }
}

}  // namespace

int64_t FeatureBytes(const data::PackedTable& table) {
  int64_t bytes = 0;
  for (const FeatureRow& row : ReadFeatureRows(FeatureNames(table.name).catalogue)) {
    if (pg::TableExists(TableOf(row))) bytes += row.bytes;
  }
  return bytes;
}

int64_t DropFeatures(std::string_view packed_table, const std::optional<std::string>& digest) {
  const pg::TableName packed = pg::ParseTableName(packed_table, "packed_table");
  const FeatureNames names(packed);
  constexpr size_t kFewestDigits = 12;
  if (digest && (digest->size() < kFewestDigits || digest->find_first_not_of("0123456789abcdef") != std::string::npos)) {
    throw Error(ErrorCode::kInvalidParameter, "'" + *digest + "' is no digest of stored features", "",
                "Give the digest that cerebro.materialized_features shows, or its first 12 digits or more.");
  }
  if (!pg::TableExists(names.catalogue)) ThrowMissing("there are no stored features of table " + packed.Text());
  pg::RequireOwner(names.catalogue);
  // a run that is going on adds rows: the list stays for it, and its sets are not seen here
  const bool alone = !digest && pg::TryLockAlone(names.catalogue);
  const pg::FreshSnapshot newest;
  int64_t dropped = 0;
  bool matching = false;
  for (const FeatureRow& row : ReadFeatureRows(names.catalogue)) {
    if (digest && row.digest.rfind(*digest, 0) != 0) continue;
    matching = true;
    std::vector<std::string> tables = row.replaced;
    tables.push_back(row.feature_table);
    for (const std::string& name : tables) {
      if (DropSet(name, row.digest) && name == row.feature_table) dropped++;
    }
    if (alone) continue;
    pg::Execute("DELETE FROM " + names.catalogue.Sql() + " WHERE digest OPERATOR(pg_catalog.=) $1 AND (feature_table IS NULL OR feature_table"
                " OPERATOR(pg_catalog.=) ANY ($2))", {row.digest, tables});
  }
  if (digest && !matching) ThrowMissing("there are no stored features of table " + packed.Text() + " whose digest begins with " + *digest);
  if (alone) pg::Execute("DROP TABLE " + names.catalogue.Sql());
  return dropped;
}

// Nobody has named these lists. One of a role that the caller does not trust is read with that role's rights, and its sets are not looked at.
std::vector<std::vector<std::optional<std::string>>> ListFeatures() {
  std::vector<std::vector<std::optional<std::string>>> list;
  for (const FeatureCatalogue& catalogue : FindFeatureCatalogues()) {
    const bool trusted = pg::TrustsRole(catalogue.owner_id);
    std::vector<FeatureRow> rows;
    if (trusted) {
      rows = ReadFeatureRows(catalogue.name);
    } else {
      const pg::RestrictedTo owner(catalogue.owner_id);
      const std::optional<pg::TableFacts> facts = pg::FactsOf(catalogue.name);
      if (facts && facts->readable && facts->owner == catalogue.owner_id) rows = ReadFeatureRows(catalogue.name);
    }
    for (const FeatureRow& row : rows) {
      if (!pg::GlanceAt(TableOf(row))) continue;
      std::string shape;
      for (const int64_t d : row.shape) shape += (shape.empty() ? "" : ",") + std::to_string(d);
      std::string state;
      try {
        state = trusted ? StateOf(row) : "unknown: the list belongs to role " + pg::QuoteIdent(catalogue.owner);
      } catch (const Error& e) {  // of names that are none
        state = std::string("stale: ") + e.what();
      }
      list.push_back({row.source_table, row.digest, row.layer, row.model, "{" + shape + "}", row.encoding, std::to_string(row.bytes),
                      std::to_string(row.rows), state, row.feature_table, row.source_digest, catalogue.owner, pg::NumberText(row.seconds), row.made_at,
                      row.last_use});
    }
  }
  return list;
}

}  // namespace store

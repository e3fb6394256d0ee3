// The catalogue of a packed table's stored features, and what says whether a set is still what it was.
//
//   <packed>_features        digest, source_table, source_digest, extents, source_checksum, feature_table, feature_checksum, layer, model, shape,
//                            encoding, feature_precision, bytes, rows, seconds, made_at, last_use
//
// Rows are only added while a run is going on: a transaction that trains is long, and a row that it has updated would keep every other run
// waiting. Of several rows of a digest the newest by made_at counts; rows of a use say only digest and last_use. Rows that nothing refers to
// any more are deleted by cerebro.drop_features().
//
// A set's source version is the packer's digest of the table, how many buffers each partition had (extents), and a checksum over (buffer, ctid,
// xmin) of these buffers: no packed value is fetched. A table that was appended to by cerebro.append_rows keeps its old digests
// (<packed>_summary.earlier_digests), so that a set of fewer buffers is known as an old part of it. The same checksum over the set's own
// table says that nobody changed that. What the set holds stands in a comment on its table, which its owner alone can write: a row of the
// catalogue that says otherwise is not believed.
//
// Whose code may run. A catalogue is used where its owner is the packed table's, whom the caller trusts who names that table, or a role that the
// caller trusts by itself (pg::TrustsRole); so is a set. Catalogue and sets must be tables that run no code where they are used
// (pg::CodeOf), whoever owns them. A row names a set by the catalogue's own name and its digest, and no other table: a row that does
// not is left out. Where all catalogues are listed nobody has named one: those of others are read with their owners' rights.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "data/packed_table.hpp"
#include "pg/names.hpp"

namespace store {

constexpr const char* kFeaturesSuffix = "_features";
/// What a set's name is claimed for by who reads it, and by who drops it: pg::TryClaimTable, before the table itself is locked.
constexpr const char* kUseOfFeatures = "use";

/// Where the features of a packed table are kept: in its schema, or in cerebro.features_schema.
struct FeatureNames {
  explicit FeatureNames(const pg::TableName& packed);
  pg::TableName catalogue;
  /// The set's table: nth of this digest. A second one is made while the first is in use and out of date.
  pg::TableName Set(const std::string& digest, int nth) const;
};

/// Of a table with columns partition_id and buffer_id: what tells its rows from others. Read on the active snapshot.
class HeapMarks {
 public:
  explicit HeapMarks(const std::string& table_sql);
  /// Over the first extents[p] buffers of each partition p; nullopt where one of them is not there.
  std::optional<std::string> Checksum(const std::vector<int64_t>& extents) const;
  /// Whether there are rows beyond.
  bool HasMore(const std::vector<int64_t>& extents) const;

 private:
  std::vector<std::vector<std::pair<int64_t, std::string>>> partitions_;  // buffer, mark; in the order of the buffers
};

/// A row of the catalogue.
struct FeatureRow {
  std::string digest, source_table, source_digest;
  std::vector<int64_t> extents;
  std::string source_checksum, feature_table, feature_checksum, layer, model;
  base::Shape shape;
  std::string encoding, precision;
  int64_t bytes = 0, rows = 0;
  double seconds = 0;
  std::string made_at, last_use;  // timestamps; last_use: the latest of all rows of this digest
  std::vector<std::string> replaced;  // tables of earlier rows: in use when they were replaced, or gone
};

/// The newest row of each digest, used longest ago first. Empty when there is no catalogue; rows that cannot be read, or name a table that is
/// none of the catalogue's sets, are left out. Statements are read-only.
std::vector<FeatureRow> ReadFeatureRows(const pg::TableName& catalogue);

/// Why the catalogue that is there is not used for this packed table, as a clause; "" where it is, or is not there.
std::string WhyNotTrusted(const pg::TableName& catalogue, const pg::TableName& packed);
/// Likewise, by who adds rows to it.
std::string WhyNotWritten(const pg::TableName& catalogue);

/// Makes the catalogue where there is none. Errors: the server's own; kDuplicateTable where another table has its name.
void CreateFeatureCatalogue(const FeatureNames& names, const pg::TableName& packed, bool temporary);
/// The comment on a set's table. REQUIRES digest, encoding, precision and shape.
std::string FeatureComment(const FeatureRow& row);
/// Whether the table is a set of this digest: one that runs no code, and whose comment says so.
bool IsFeatureSet(const pg::TableName& table, const std::string& digest);
void InsertFeatureRow(const FeatureNames& names, const FeatureRow& row);
void InsertFeatureUse(const FeatureNames& names, const std::string& digest);

enum class FeatureState { kFresh, kExtendable, kStale };

struct FeatureVerdict {
  FeatureState state = FeatureState::kStale;
  std::string why;  // of kStale: a clause
};

/// Holds sets of one packed table against it.
class FeatureJudge {
 public:
  /// Reads the table's marks when they are first needed.
  explicit FeatureJudge(const data::PackedTable& table);
  FeatureVerdict Judge(const FeatureRow& row);
  /// Of the table as it is now.
  std::string SourceChecksum();

 private:
  const data::PackedTable& table_;
  std::vector<std::string> earlier_;
  std::optional<HeapMarks> marks_;
  const HeapMarks& Marks();
};

/// All catalogues of stored features that the caller may read: a scan of the server's catalog. None of their rows is read.
struct FeatureCatalogue {
  pg::TableName name;
  std::string owner;
  uint32_t owner_id = 0;
};
std::vector<FeatureCatalogue> FindFeatureCatalogues();

/// Whether a table that features were read from or written to by others may be trusted: its owner is the packed table's, or trusted by the caller.
bool TrustsTable(const pg::TableName& table, const pg::TableName& packed);

/// Of all segments, with indexes and what is stored out of line.
int64_t TableBytes(const std::string& table_sql);

}  // namespace store

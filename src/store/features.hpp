// Stored features: what the frozen part of a network gives for the rows of a packed table, computed once and kept as a table.
//
//   <packed>_features                 the catalogue of a packed table: a row a set of features (store/feature_catalogue.hpp)
//   <packed>_features_<12 hex>        a set: [__dist_key__,] partition_id, buffer_id, features; a row a buffer of the packed table
//
// in the packed table's schema, or in cerebro.features_schema. A set is named by its digest: that of the frozen part with its weights and of
// the packed columns that it reads (plan/frozen.hpp). It is used only where its source is what it was: the same packed contents (the
// packer's digest) and, for each partition, the same heap (a checksum over ctid and xmin, no value is fetched). Where rows were appended
// (cerebro.append_rows), the buffers that are missing are computed and the others stay. Everything else that does not agree is replaced, and
// a NOTICE says why.
//
// Statements write: to be called in the session, before a run enters parallel mode, and before the run's own tables are made. What reads the
// sets afterwards in the same statement needs a snapshot that sees them: hold a pg::FreshSnapshot (pg/snapshot.hpp) from here to the end of the
// run.
//
// Claims (advisory locks on the set's name, until the end of the transaction): who makes or extends a set claims "making" for itself, so that of
// two sessions that want the same set the second waits, with a NOTICE, and then finds it. Who uses a set claims "use" beside others; who drops
// one claims the same name alone, and passes over a set that is in use. Reading a set to find out whether it is fresh is a use, too.
//
// The order, by which no two sessions wait for each other:
//   1. "use" of a set, before its table is read or locked in any other way, also while a run is planned. Never waited for: a set that is
//      being dropped is out of date.
//   2. "making" of all missing sets of a packed table, in the order of their digests; it is waited for. Packed tables of one run come in the
//      order of their names.
//   3. The name of the catalogue, where there is none: it is waited for, since another session's is not visible before its transaction has
//      ended. Who holds it has all of (2) of this table.
//   4. The name of a set alone, before it is dropped. Never waited for: a set in use stays, and goes when features of the table are made
//      next.
// So who waits (2, 3) holds only locks of tables that nobody wants to drop (4).
//
// The catalogue's rows are never updated (store/feature_catalogue.hpp), so
// that no run waits for another one's row.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "data/feature_codec.hpp"
#include "data/feature_storage.hpp"
#include "data/packed_table.hpp"
#include "engine/core/program.hpp"

namespace store {

/// A set of features that is to be had.
struct FeatureRequest {
  std::string digest;                        // 32 hexadecimal digits
  std::shared_ptr<const base::Graph> graph;  // the whole one; requests of one graph and block are computed in one pass
  int call = 0;                              // index into graph->calls, whose output it is
  const void* block = nullptr;               // a state of the whole graph, any optimizer: weights are read from it. Outlives the call. nullptr: there are none
  std::string layer;                         // for people
  std::string model;                         // likewise: the architecture's name or number
  std::string precision = "float32";         // of the stored values: cerebro.feature_precision
};

/// A set that is there and fresh. `table` and `encoding` are what data::FeatureColumn wants.
struct StoredFeatures {
  std::string digest;
  std::string table;      // SQL name, with its schema, quoted
  std::string encoding;   // data::FeatureEncodingName
  std::string precision;  // that was asked for
  base::Shape shape;
  int64_t bytes = 0;      // on disk, of all buffers
  int64_t rows = 0;       // that have features
  bool complete = true;   // false: rows were appended to the source since; EnsureFeatures computes only theirs
};

/// What the plan may know: sets of the table that are usable, by digest. Reads only; says nothing of stale ones. Sets that the caller may not
/// read are left out. Cheap: no packed value is fetched.
std::vector<StoredFeatures> FindFeatures(const data::PackedTable& table);

/// Called as buffers are stored: how many of how many, over all sets that are made together.
using FeatureProgress = std::function<void(int64_t done, int64_t all)>;

struct FeatureCosts {
  int made = 0, found = 0, extended = 0;  // sets
  double seconds = 0;                     // of making and extending
  int64_t bytes_written = 0;
  int workers = 0;                        // that computed; 0: the session, or segments
};

/// Pages of the server, on every segment: what data::FeatureTableBytes wants.
data::PageLayout ServerPages();
/// The most bytes that a set of features of the table can take on disk: what EnsureFeatures finds room for. elements, channels: of a row.
double MostSetBytes(const data::PageLayout& pages, const data::PackedTable& table, const std::string& precision, int64_t elements,
                    int64_t channels);

/// The longest value of a buffer that is stored: no set is possible where max_buffer_rows x elements x 4 bytes is more.
constexpr int64_t kMostFeatureBytes = int64_t{512} << 20;

/// Why the caller may not make sets of this table, or "". Sets that are there may be read all the same.
std::string WhyNoFeatures(const data::PackedTable& table);
bool MayMakeFeatures(const data::PackedTable& table);

/// Finds or makes the sets, in the order of the requests. options: of the engine that computes them (precision float32 or float64, CPU).
/// workers: how many parallel processes may compute (0 = this session alone; ignored on Greenplum, where segments do). Sets that are used
/// are marked as used now. Where the table's sets would take more than cerebro.materialize_disk, the ones used longest ago go first, never one of
/// `requests`; sets in use by other sessions stay. Errors: kLimitExceeded when the requests alone need more than cerebro.materialize_disk; the server's own where the caller
/// may not create tables (hint: cerebro.features_schema).
std::vector<StoredFeatures> EnsureFeatures(const data::PackedTable& table, const std::vector<FeatureRequest>& requests,
                                           const engine::Options& options, int workers, FeatureCosts* costs = nullptr,
                                           const FeatureProgress& progress = {});

/// Bytes that all sets of this table take on disk, stale ones included.
int64_t FeatureBytes(const data::PackedTable& table);

/// cerebro.drop_features: drops the sets whose digests begin so (12 digits or more), or all of the table and its catalogue. The packed table
/// need not exist any more. Returns how many. Errors: kUndefinedObject when there is none; kPrerequisiteState when one is in use.
int64_t DropFeatures(std::string_view packed_table, const std::optional<std::string>& digest);

/// cerebro.materialized_features: a row a set that the caller may read, as text, in the order of the view's columns.
std::vector<std::vector<std::optional<std::string>>> ListFeatures();

}  // namespace store

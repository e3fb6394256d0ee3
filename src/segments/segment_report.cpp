#include "segments/segment_report.hpp"

#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/plain_number.hpp"
#include "engine/core/model.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "segments/process_cache.hpp"

namespace segments {
namespace {

using base::Error;
using base::ErrorCode;

std::string TextOf(const base::Value& report, const char* key) {
  const base::Value* value = report.Find(key);
  return value != nullptr && value->is_string() ? value->string() : std::string();
}

}  // namespace

std::string SegmentReport() {
  const ProcessCacheSize process_cache = CurrentProcessCacheSize();
  return base::FormatJson(base::Dict{{"library", pg::LibraryBuildId()},
                                     {"build", engine::BuildDescription()},
                                     {"programs", process_cache.programs},
                                     {"buffer_bytes", process_cache.buffer_bytes},
                                     {"reserved_bytes", process_cache.reserved_bytes}});
}

void CheckSegmentLibraries() {
  const std::string mine = pg::LibraryBuildId(), build = engine::BuildDescription();
  const pg::Result reports = pg::Read("SELECT gp_segment_id, cerebro._segment_report() FROM gp_dist_random('pg_catalog.gp_id') ORDER BY 1");
  std::string wrong, other;
  std::string other_build;
  for (const auto& row : reports.rows) {
    const base::Value report = base::ParseLiteral(row[1].value_or("{}"));
    if (TextOf(report, "library") != mine) wrong += (wrong.empty() ? "" : ", ") + *row[0];
    if (TextOf(report, "build") != build) {
      other += (other.empty() ? "" : ", ") + *row[0];
      other_build = TextOf(report, "build");
    }
  }
  if (!wrong.empty()) {
    throw Error(ErrorCode::kPrerequisiteState, "segment " + wrong + " runs another pg_cerebro library than the coordinator",
                "The coordinator's library has build id " + mine + ".", "Install the same pg_cerebro.so on every host, then reconnect.");
  }
  if (!other.empty()) {
    pg::Warning("segment " + other + " computes with another build than the coordinator (" + other_build +
                    "): results will not repeat bit for bit elsewhere",
                "The coordinator's build is " + build + ".");
  }
}

void CheckSegmentDevices(const std::vector<int>& segments) {
  const std::set<int> wanted(segments.begin(), segments.end());
  const pg::Result devices = pg::Read("SELECT gp_segment_id, cerebro._device_count() FROM gp_dist_random('pg_catalog.gp_id') ORDER BY 1");
  std::string without;
  for (const auto& row : devices.rows) {
    if (wanted.count(base::WholeInt(row[0])) == 0 || base::WholeInt(row[1]) > 0) continue;
    without += (without.empty() ? "" : ", ") + *row[0];
  }
  if (without.empty()) return;
  throw Error(ErrorCode::kFeatureNotSupported, "use_gpus is set but no CUDA device is seen on segment " + without,
              "pg_cerebro there was built without CUDA, or the host has no usable GPU.",
              "Call the function with use_gpus => false, or pack the data with distribution_rules => 'gpu_segments'.");
}

}  // namespace segments

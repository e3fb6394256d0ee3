// The run of this process: the visit that a driver makes here, by its visit_id. Only the driver sets it; fit_step(visit_id, ...) looks the
// active visit up and refuses every other number, so that no SQL text can reach a model's memory.
#pragma once

#include "data/buffer_cache.hpp"
#include "data/feature_columns.hpp"
#include "data/packed_table.hpp"
#include "train/bundle_visit.hpp"

namespace train {

/// The visit in progress, as the aggregate sees it.
struct ActiveVisit {
  int visit_id = -1;             // the bundle's number
  BundleVisit* models = nullptr;  // its models, attached to their states
  data::BufferCache* cache = nullptr;  // of the run in this process, or nullptr
  const data::PackedTable* table = nullptr;  // whose buffers come
  data::CompleteColumns complete;  // puts in the features that are computed here; may be empty
};

/// The visit that this process is in, or nullptr.
ActiveVisit* CurrentVisit();

/// Makes a visit the current one for the lifetime of the object.
class VisitScope {
 public:
  explicit VisitScope(ActiveVisit* visit);
  ~VisitScope();
  VisitScope(const VisitScope&) = delete;
  VisitScope& operator=(const VisitScope&) = delete;

 private:
  ActiveVisit* outer_;
};

}  // namespace train

// The run of this process: the models that a driver trains here, by slot number. Only the driver sets it; fit_step(slot, ...) looks the
// active slot up and refuses every other number, so that no SQL text can reach a model's memory.
#pragma once

#include "engine/model.hpp"

namespace run {

class BufferCache;

/// The visit in progress, as the aggregate sees it.
struct ActiveVisit {
  int slot = -1;
  engine::Model* model = nullptr;        // attached to its state
  const base::DataSpec* data = nullptr;
  BufferCache* cache = nullptr;          // of the run in this process, or nullptr
  bool begun = false;                    // the aggregate was started
  bool ended = false;                    // ... and came to its end
  engine::TrainResult result;
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

}  // namespace run

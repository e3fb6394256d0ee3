// Progress of running fits, seen from other connections without preloading: one fixed-layout file a run in the server's temporary
// directory, written by the caller only, under a sequence lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pg {

enum class Phase : int { kPlanning = 1, kInitialising = 2, kTraining = 3, kEvaluating = 4, kWriting = 5, kStoringFeatures = 6 };

struct ProgressRow {
  int pid = 0;
  uint32_t database = 0, role = 0;  // OIDs
  std::string model_table;          // cut to 127 bytes
  Phase phase = Phase::kPlanning;
  int64_t iteration = 0, iterations = 0;
  int64_t visits_done = 0, visits_total = 0;  // in kStoringFeatures: buffers
  int models = 0, models_training = 0, workers = 0;
  // of a living run; -1: it is none, or nothing is there to be said
  int models_waiting = -1, models_stopped = -1;
  int64_t rung = -1, bracket = -1;  // the lowest of the models that train
  int64_t best_mst_key = -1;
  double best_value = 0;            // of that model, where there is one
  double rows_per_second = 0;
  double seconds_left = -1;         // < 0: not known yet
  double started_at = 0;            // seconds since the epoch
};

/// The writer's side; the file goes with the object or, at the latest, with the transaction.
class Progress {
 public:
  explicit Progress(const std::string& model_table);
  ~Progress();
  /// Writes the row; pid, database, role and started_at are filled in.
  void Update(const ProgressRow& row);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// All running fits that the caller may see: its own role's (or a role it is member of), or all for pg_read_all_stats.
std::vector<ProgressRow> ReadProgress();

}  // namespace pg

// All settings of the extension, with limits and units. Registered by _PG_init and by nothing else.
#pragma once

#include <cstdint>
#include <string>

namespace pg {

struct Settings {
  int threads;                 // cerebro.threads: threads a model, 1
  int workers;                 // cerebro.workers: -1 = as many as cores and max_parallel_workers allow, 0 = train in the session itself
  int bundles;                 // cerebro.bundles: 0 = from cores (plan::DefaultBundles)
  int64_t shared_state_mem;    // cerebro.shared_state_mem, bytes (kB unit in SQL): most memory of states in /dev/shm, 1 GB
  int64_t cache_mem;           // cerebro.cache_mem, bytes (kB unit in SQL): packed buffers that a process keeps during a run, 256 MB
  int64_t buffer_bytes;        // cerebro.buffer_bytes, bytes (kB unit in SQL): size of a packed buffer, 4 MB
  int64_t model_cache_mem;     // cerebro.model_cache_mem, bytes (kB unit in SQL): models that a process keeps for predictions in queries, 256 MB
  bool enable_horizontal;      // cerebro.enable_horizontal: models of one shape train side by side, on
  bool enable_shared_scan;     // cerebro.enable_shared_scan: one query a visit of a bundle, on
  int64_t fusion_mem;           // cerebro.fusion_mem, bytes (kB unit in SQL): states and workspace of models side by side, 256 MB
  int64_t group_mem;            // cerebro.group_mem, bytes (kB unit in SQL): what comes of the groups that are trained between two writes, 256 MB
  int64_t max_memory;          // cerebro.max_memory, bytes (kB unit in SQL): most memory of a run's processes together; -1 = what is free
  bool enable_feature_sharing;          // cerebro.enable_feature_sharing: frozen layers computed once a visit for all models, on
  bool enable_feature_materialization;  // cerebro.enable_feature_materialization: what frozen layers give kept in tables, on
  int64_t materialize_mem;     // cerebro.materialize_mem, bytes (kB unit in SQL): most memory of features, all processes of a run, 1 GB
  int64_t materialize_disk;    // cerebro.materialize_disk, bytes (kB unit in SQL): most disk space of a packed table's features, 50 GB
  std::string feature_precision;  // cerebro.feature_precision: float32, bfloat16, float16 or uint8, of stored features
  std::string features_schema;    // cerebro.features_schema: where features are stored; empty: beside their packed table
  bool float64;                // cerebro.precision = 'float64'
  int device_rank;             // worker number of this process, or its segment on Greenplum, for GPU placement
};

/// Current values.
Settings CurrentSettings();

/// Cores that the server may use: sysconf, at least 1.
int Cores();
/// max_parallel_workers and max_worker_processes, the smaller.
int WorkerLimit();

/// Called by _PG_init only.
void RegisterSettings();

}  // namespace pg

// Where the server starts a parallel worker: by name, so the function is exported from the module.
#include "pg/guard.hpp"
#include "pg/worker.hpp"
#include "store/feature_maker.hpp"
#include "workers/group_process.hpp"
#include "workers/worker.hpp"

#if CEREBRO_HAS_PARALLEL

extern "C" {

PGDLLEXPORT void pg_cerebro_worker_main(dsm_segment* segment, shm_toc* toc);
PGDLLEXPORT void pg_cerebro_feature_worker_main(dsm_segment* segment, shm_toc* toc);
PGDLLEXPORT void pg_cerebro_group_worker_main(dsm_segment* segment, shm_toc* toc);

void pg_cerebro_worker_main(dsm_segment*, shm_toc* toc) {
  pg::entry([&] { pg::RunParallelWorker(toc, workers::RunWorker); });
}

void pg_cerebro_feature_worker_main(dsm_segment*, shm_toc* toc) {
  pg::entry([&] { pg::RunParallelWorker(toc, store::RunFeatureWorker); });
}

void pg_cerebro_group_worker_main(dsm_segment*, shm_toc* toc) {
  pg::entry([&] { pg::RunParallelWorker(toc, workers::RunGroupWorker); });
}

}  // extern "C"

#endif

// The way into a parallel worker: src/entry exports the function that the server calls, which comes here. Includes postgres.h.
#pragma once

#include "pg/guard.hpp"

#if CEREBRO_HAS_PARALLEL
extern "C" {
#include "storage/dsm.h"
#include "storage/shm_toc.h"
}

namespace pg {

/// Finds the shared block and runs RunWorker (pg/parallel.hpp) on it. Call inside entry().
void RunParallelWorker(shm_toc* toc);

}  // namespace pg
#endif

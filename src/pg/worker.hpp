// The way into a parallel worker: src/entry exports the function that the server calls, which comes here. Includes postgres.h.
#pragma once

#include "pg/guard.hpp"

#if CEREBRO_HAS_PARALLEL
extern "C" {
#include "storage/dsm.h"
#include "storage/shm_toc.h"
}

namespace pg {

/// What a worker does with the shared block; `number` counts the workers from 0.
using WorkerMain = void (*)(void* shared, size_t bytes, int number);

/// Finds the shared block and calls `work` on it. Call inside entry().
void RunParallelWorker(shm_toc* toc, WorkerMain work);

}  // namespace pg
#endif

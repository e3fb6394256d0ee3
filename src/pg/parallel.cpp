// Workers by ParallelContext, and waiting in shared memory.
//
// What is shared: the table of contents of the server's own segment names ours under kBlockKey. Workers attach to it in
// RunParallelWorker. The leader alone makes and destroys it.
//
// Ways out. In order: Finish, then the destructor destroys the context and leaves parallel mode, and the memory's
// destructor the segment. A C++ exception of ours: the destructors do the same, which ends the workers and waits for
// them. A server error: the destructors do nothing; the abort of the (sub)transaction that the entry's raise leads to
// ends the workers, frees the segments and leaves parallel mode.
#include "pg/parallel.hpp"

#include <sys/statvfs.h>

#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "pg/cluster.hpp"
#include "pg/guard.hpp"
#include "pg/library.hpp"
#include "pg/worker.hpp"

extern "C" {
#include "storage/spin.h"
#include "utils/snapmgr.h"
#if CEREBRO_HAS_PARALLEL
#include "access/parallel.h"
#include "access/xact.h"
#include "storage/condition_variable.h"
#include "storage/dsm_impl.h"
#endif
}

namespace pg {
namespace {

constexpr size_t kAlignment = 64;

struct Sync {
  slock_t lock;
#if CEREBRO_HAS_PARALLEL
  ConditionVariable changed;
#endif
};
static_assert(sizeof(Sync) <= sizeof(SharedSync::bytes) && alignof(Sync) <= alignof(SharedSync), "SharedSync is too small for this server");

Sync* In(SharedSync* sync) { return reinterpret_cast<Sync*>(sync->bytes); }

}  // namespace

void SharedSync::Init() {
  std::memset(bytes, 0, sizeof(bytes));
  SpinLockInit(&In(this)->lock);
#if CEREBRO_HAS_PARALLEL
  ConditionVariableInit(&In(this)->changed);
#endif
}

void SharedSync::Lock() { SpinLockAcquire(&In(this)->lock); }

void SharedSync::Unlock() { SpinLockRelease(&In(this)->lock); }

void SharedSync::Broadcast() {
#if CEREBRO_HAS_PARALLEL
  ConditionVariableBroadcast(&In(this)->changed);  // raises nothing
#endif
}

void PrepareWait(SharedSync* sync) {
#if CEREBRO_HAS_PARALLEL
  call([&] { ConditionVariablePrepareToSleep(&In(sync)->changed); });
#endif
}

// A Broadcast since PrepareWait has set our latch, so the first sleep ends at once. One sleep and no loop: the caller
// looks at its condition after every return anyway, and the server before 13 has no timed sleep on a condition
// variable.
//
// An error ends the preparation at once: the abort that follows would do it too, but by then the memory of the
// condition may be gone.
void Wait(SharedSync*, int timeout_ms) {
  try {
    call([&] {
      compat::WaitOwnLatch(timeout_ms);
      CHECK_FOR_INTERRUPTS();
    });
  } catch (PgError& error) {
    CancelWait();
    error.HideWorkerStatement();
    throw;
  } catch (...) {
    CancelWait();
    throw;
  }
}

void CancelWait() {
#if CEREBRO_HAS_PARALLEL
  ConditionVariableCancelSleep();  // raises nothing: also allowed while a server error is in flight
#endif
}

#if CEREBRO_HAS_PARALLEL

namespace {
constexpr uint64 kBlockKey = UINT64CONST(0xCE4EB40000000001);
constexpr uint64 kBuildKey = UINT64CONST(0xCE4EB40000000002);  // the session's build id, a C string

/// What the table of contents holds.
struct SharedBlock {
  dsm_handle handle;
  uint64 bytes;
};
}  // namespace

/// segment == nullptr: the block is this process's own.
struct SharedMemory::Impl {
  dsm_segment* segment = nullptr;
  void* block = nullptr;
  size_t bytes = 0;

  ~Impl() {
    if (segment != nullptr) {
      CallInDestructor([this] { dsm_detach(segment); });
    } else {
      ::operator delete(block, std::align_val_t(kAlignment));
    }
  }
};

SharedMemory::SharedMemory(size_t bytes) : impl_(std::make_unique<Impl>()) {
  Impl* impl = impl_.get();
  impl->bytes = bytes;
  call([&] {
    impl->segment = dsm_create(bytes, DSM_CREATE_NULL_IF_MAXSEGMENTS);
    if (impl->segment != nullptr) impl->block = dsm_segment_address(impl->segment);
  });
  if (impl->segment == nullptr) impl->block = ::operator new(bytes, std::align_val_t(kAlignment));
}

/// context == nullptr: no worker can see the memory; there is no parallel mode.
struct Parallel::Impl {
  ParallelContext* context = nullptr;
  bool pushed_snapshot = false;

  ~Impl() {
    CancelWait();  // a wait that an exception left prepared must not outlive the memory
    if (context == nullptr) return;
    CallInDestructor([this] {
      DestroyParallelContext(context);
      ExitParallelMode();
      if (pushed_snapshot) PopActiveSnapshot();
    });
  }
};

namespace {

/// call() for what may raise a worker's error.
template <typename F>
auto CallForWorkers(F&& f) -> decltype(f()) {
  try {
    return call(std::forward<F>(f));
  } catch (PgError& error) {
    error.HideWorkerStatement();
    throw;
  }
}

// The very file that the session runs: workers load it, too.
std::string OwnFile() {
  std::string file = LibraryFile();
  return file.empty() ? "$libdir/pg_cerebro" : file;
}

}  // namespace

Parallel::Parallel(int workers, const SharedMemory& memory, const char* entry) : impl_(std::make_unique<Impl>()) {
  if (workers <= 0 || memory.impl_->segment == nullptr) return;
  Impl* impl = impl_.get();
  const std::string library = OwnFile();
  const std::string build = LibraryBuildId();
  call([&] {
    if (!ActiveSnapshotSet()) {
      PushActiveSnapshot(GetTransactionSnapshot());
      impl->pushed_snapshot = true;
    }
    EnterParallelMode();
    impl->context = CreateParallelContext(library.c_str(), entry, workers);
    shm_toc_estimate_chunk(&impl->context->estimator, sizeof(SharedBlock));
    shm_toc_estimate_chunk(&impl->context->estimator, build.size() + 1);
    shm_toc_estimate_keys(&impl->context->estimator, 2);
    InitializeParallelDSM(impl->context);
    // without a free segment slot the server gives private memory and no workers: the same code goes on
    auto* block = static_cast<SharedBlock*>(shm_toc_allocate(impl->context->toc, sizeof(SharedBlock)));
    *block = {dsm_segment_handle(memory.impl_->segment), memory.impl_->bytes};
    shm_toc_insert(impl->context->toc, kBlockKey, block);
    auto* build_id = static_cast<char*>(shm_toc_allocate(impl->context->toc, build.size() + 1));
    memcpy(build_id, build.c_str(), build.size() + 1);
    shm_toc_insert(impl->context->toc, kBuildKey, build_id);
  });
}

Parallel::~Parallel() = default;

void Parallel::Launch() {
  ParallelContext* context = impl_->context;
  if (context != nullptr) call([&] { LaunchParallelWorkers(context); });
}

int Parallel::WaitForStart() {
  ParallelContext* context = impl_->context;
  if (context == nullptr) return 0;
  return CallForWorkers([&] {
    // a worker whose process could not be made would otherwise be waited for without end
    WaitForParallelWorkersToAttach(context);
    return context->nworkers_launched;
  });
}

void Parallel::Finish() {
  ParallelContext* context = impl_->context;
  if (context != nullptr) CallForWorkers([&] { WaitForParallelWorkersToFinish(context); });
}

bool InParallelWorker() { return IsParallelWorker(); }

namespace {

// The layout of the shared block is known to one build only.
void RequireSameBuild(shm_toc* toc) {
  const auto* theirs = call([&] { return static_cast<const char*>(shm_toc_lookup(toc, kBuildKey, true)); });
  const std::string mine = LibraryBuildId();
  if (theirs != nullptr && mine == theirs) return;
  throw base::Error(base::ErrorCode::kPrerequisiteState, "a parallel worker has loaded another pg_cerebro library than this session",
                    "The session's library has build id " + std::string(theirs == nullptr ? "unknown" : theirs) + ", the worker's " + mine + ".",
                    "The library was replaced while the session was open: reconnect. If it is in shared_preload_libraries, restart the server.");
}

}  // namespace

void RunParallelWorker(shm_toc* toc, WorkerMain work) {
  RequireSameBuild(toc);
  struct Found {
    void* block;
    uint64 bytes;
  };
  const Found found = call([&] {
    const auto* block = static_cast<const SharedBlock*>(shm_toc_lookup(toc, kBlockKey, false));
    dsm_segment* segment = dsm_attach(block->handle);
    if (segment == nullptr) ereport(ERROR, (errmsg("the memory of a parallel run is gone")));
    dsm_pin_mapping(segment);  // until the process ends
    return Found{dsm_segment_address(segment), block->bytes};
  });
  work(found.block, found.bytes, ParallelWorkerNumber);
}

uint64_t FreeSharedMemory() {
  if (dynamic_shared_memory_type != DSM_IMPL_POSIX) return std::numeric_limits<uint64_t>::max() / 2;
  struct statvfs room;
  if (statvfs("/dev/shm", &room) != 0) return std::numeric_limits<uint64_t>::max() / 2;  // not where Linux has it
  return static_cast<uint64_t>(room.f_bavail) * room.f_frsize;
}

#else  // no workers: the memory is this process's own

struct SharedMemory::Impl {
  void* block = nullptr;
  size_t bytes = 0;
  ~Impl() { ::operator delete(block, std::align_val_t(kAlignment)); }
};

SharedMemory::SharedMemory(size_t bytes) : impl_(std::make_unique<Impl>()) {
  impl_->block = ::operator new(bytes, std::align_val_t(kAlignment));
  impl_->bytes = bytes;
}

struct Parallel::Impl {};

Parallel::Parallel(int, const SharedMemory&, const char*) : impl_(std::make_unique<Impl>()) {}

Parallel::~Parallel() = default;
void Parallel::Launch() {}
int Parallel::WaitForStart() { return 0; }
void Parallel::Finish() {}
bool InParallelWorker() { return false; }
uint64_t FreeSharedMemory() { return std::numeric_limits<uint64_t>::max() / 2; }

#endif

SharedMemory::~SharedMemory() = default;
void* SharedMemory::data() const { return impl_->block; }

}  // namespace pg

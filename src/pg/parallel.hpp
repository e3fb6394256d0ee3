// A parallel run: ParallelContext workers, one block of shared memory, a lock and a condition in it.
//
// Order of a run: SharedMemory m(bytes); Parallel p(workers, m); fill m; p.Launch(); p.WaitForStart(); work;
// p.Finish(); ~Parallel; read m. While there is a Parallel no statement may write (the server refuses it). An error in
// a worker is raised in the caller at its next Wait or CheckInterrupts, whole; on an error of the caller's the server's
// abort ends the workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace pg {

/// A lock and a condition in shared memory. Lock is a spin lock: hold it for microseconds, throw nothing while holding
/// it.
struct alignas(64) SharedSync {
  unsigned char bytes[128];
  void Init();
  void Lock();
  void Unlock();
  /// Wakes every process in Wait.
  void Broadcast();
};

/// Waits for a Broadcast or `timeout_ms`, and serves interrupts. Use: sync.Lock; check; Unlock; PrepareWait; check
/// again under Lock; Wait. PrepareWait makes a Broadcast after it end the next Wait at once; CancelWait ends the
/// preparation, and must come before the memory of `sync` goes. An error out of Wait has ended it. A process waits for
/// one SharedSync at a time.
void PrepareWait(SharedSync* sync);
void Wait(SharedSync* sync, int timeout_ms);
void CancelWait();

/// A block of memory that workers see: a dynamic shared memory segment of its own, so that what they leave in it needs
/// no copy when they and their context are gone. It starts at a multiple of 64; its contents are undefined. It goes at
/// the end of the transaction at the latest.
class SharedMemory {
 public:
  /// Errors: the server's own, when there is no room. Without a free segment slot the memory is this process's own, and
  /// no worker sees it.
  explicit SharedMemory(size_t bytes);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  void* data() const;

 private:
  friend class Parallel;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Parallel {
 public:
  /// Enters parallel mode and makes a context for up to `workers` workers that see `memory`, which outlives it. entry: the function of this
  /// library in which they begin (src/entry/worker.cpp).
  Parallel(int workers, const SharedMemory& memory, const char* entry = "pg_cerebro_worker_main");
  ~Parallel();
  Parallel(const Parallel&) = delete;
  Parallel& operator=(const Parallel&) = delete;

  /// Asks for the workers. They start while the caller goes on.
  void Launch();
  /// Waits until all that started are attached. Returns how many; 0 is possible (no free worker slots).
  int WaitForStart();
  /// Waits until all workers have ended and raises their errors.
  void Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// True in a process started by Parallel.
bool InParallelWorker();

/// Free bytes of /dev/shm (posix shared memory), or a large number where the server uses another kind.
uint64_t FreeSharedMemory();

/// A memory block in a file of the server's temporary directory, mapped shared: for states too large for /dev/shm. The
/// name begins with the server's temporary prefix, so that a crash restart sweeps it. Space is reserved first;
/// kDiskFull with a hint when there is none.
class MappedFile {
 public:
  /// Creates the file; it is removed by the destructor and at the end of the transaction at the latest.
  static MappedFile Create(size_t bytes);
  /// Maps the file of another process.
  static MappedFile Open(const std::string& path, size_t bytes);
  ~MappedFile();
  MappedFile(MappedFile&&) noexcept;
  MappedFile& operator=(MappedFile&&) noexcept;
  void* data() const;
  const std::string& path() const;

 private:
  MappedFile();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pg

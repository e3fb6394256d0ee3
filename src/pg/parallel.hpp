// A parallel run: ParallelContext workers, one block of shared memory, a lock and a condition in it.
//
// Order of a run: Parallel p(workers, bytes); fill p.shared(); p.Launch(); work; p.Finish(); read p.shared(); ~Parallel. Between
// construction and destruction no statement may write (the server refuses it). An error in a worker is raised in the caller at its next
// Wait or CheckInterrupts, whole; on an error of the caller's the server's abort ends the workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace pg {

/// A lock and a condition in shared memory. Lock is a spin lock: hold it for microseconds, throw nothing while holding it.
struct alignas(64) SharedSync {
  unsigned char bytes[128];
  void Init();
  void Lock();
  void Unlock();
  /// Wakes every process in Wait.
  void Broadcast();
};

/// Waits for a Broadcast or `timeout_ms`, and serves interrupts. Use: sync.Lock; check; Unlock; PrepareWait; check again under Lock; Wait.
/// PrepareWait makes a Broadcast after it end the next Wait at once; CancelWait ends the preparation, and must come before the memory of
/// `sync` goes. An error out of Wait has ended it. A process waits for one SharedSync at a time.
void PrepareWait(SharedSync* sync);
void Wait(SharedSync* sync, int timeout_ms);
void CancelWait();

class Parallel {
 public:
  /// Enters parallel mode and makes a context for up to `workers` workers with `bytes` of zeroed shared memory aligned to 64 bytes.
  Parallel(int workers, size_t bytes);
  ~Parallel();
  Parallel(const Parallel&) = delete;
  Parallel& operator=(const Parallel&) = delete;

  void* shared() const;
  /// Launches and waits until all that started are attached. Returns how many; 0 is possible (no free worker slots).
  int Launch();
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

/// A memory block in a file of the server's temporary directory, mapped shared: for states too large for /dev/shm. The name begins with the
/// server's temporary prefix, so that a crash restart sweeps it. Space is reserved first; kDiskFull with a hint when there is none.
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

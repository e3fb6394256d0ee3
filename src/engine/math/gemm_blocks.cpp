// Large products on one thread or several. Threads share the columns of the result, or its rows where there are more of
// them; what an element is does not depend on that (gemm_blocks.hpp).
#include "engine/math/gemm_blocks.hpp"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#include "engine/math/gemm_tiles.hpp"
#include "engine/math/poll.hpp"

namespace engine::math {

namespace {

// To wake a thread takes some 10 us or, on a busy machine, 100: a product that takes a millisecond is worth it.
constexpr double kSharedOperations = 5e7;
constexpr int64_t kLeastShare = 64, kShareUnit = 16;  // rows or columns of a thread

/// Lives as long as the process: its threads wait when the process ends.
class Pool {
 public:
  /// Starts threads until there are `most`, the caller among them, or the system gives no more.
  void Grow(int most) {
    try {
      for (; threads_ + 1 < most; ++threads_) std::thread(&Pool::Serve, this, threads_ + 1).detach();
    } catch (const std::system_error&) {
      // fewer, then
    }
  }

  int threads() const { return threads_ + 1; }

  /// Calls work(part) for all parts below `parts`, part 0 in this thread. REQUIRES parts <= threads(). Only part 0 may
  /// throw; all are done when this returns or throws.
  template <typename Work>
  void Run(int parts, const Work& work) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      call_ = [](const void* what, int part) { (*static_cast<const Work*>(what))(part); };
      work_ = &work;
      parts_ = parts;
      working_ = parts - 1;
      ++round_;
    }
    begin_.notify_all();
    const Finish finish{this};
    work(0);
  }

 private:
  struct Finish {
    Pool* pool;
    ~Finish() {
      std::unique_lock<std::mutex> lock(pool->mutex_);
      pool->end_.wait(lock, [this] { return pool->working_ == 0; });
    }
  };

  void Serve(int part) {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      begin_.wait(lock, [&] { return round_ != seen; });
      seen = round_;
      if (part >= parts_) continue;
      lock.unlock();
      call_(work_, part);
      lock.lock();
      if (--working_ == 0) end_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable begin_, end_;
  int threads_ = 0;  // besides the caller
  // the work of a round, under mutex_
  uint64_t round_ = 0;
  void (*call_)(const void* work, int part) = nullptr;
  const void* work_ = nullptr;
  int parts_ = 0;
  int working_ = 0;  // threads besides the caller that are not yet done
};

Pool& ThePool() {
  static Pool* const pool = new Pool;
  return *pool;
}

int threads_set = 1;

constexpr size_t kAlignment = 64;

struct Delete {
  void operator()(void* memory) const { ::operator delete(memory, std::align_val_t{kAlignment}); }
};

// Of both precisions, for so many threads. Whoever multiplies is the process's one thread that computes.
void* Memory(int threads, size_t bytes) {
  static std::unique_ptr<void, Delete> memory;
  static size_t size = 0;
  const size_t wanted = static_cast<size_t>(threads) * bytes;
  if (size < wanted) {
    size = 0;
    memory.reset();
    memory.reset(::operator new(wanted, std::align_val_t{kAlignment}));
    size = wanted;
  }
  return memory.get();
}

void NoPoll() {}

// The part of `parts` shares of a product.
template <typename T>
BlockedProduct<T> Share(BlockedProduct<T> product, int part, int parts) {
  const bool by_columns = product.n >= product.m;
  const int64_t whole = by_columns ? product.n : product.m;
  const int64_t unit = (whole + kShareUnit * parts - 1) / (kShareUnit * parts) * kShareUnit;
  const int64_t first = std::min(whole, part * unit), count = std::min(unit, whole - first);
  if (by_columns) {
    product.b = product.b.Part(0, first);
    if (product.bias != nullptr) product.bias += first;
    product.c += first;
    product.n = count;
  } else {
    product.a = product.a.Part(first, 0);
    product.c += first * product.c_stride;
    product.m = count;
  }
  return product;
}

}  // namespace

void SetProductThreads(int threads) {
  threads_set = threads;
  if (threads > 1) ThePool().Grow(threads);
}

int ProductThreads() { return threads_set < 2 ? 1 : std::min(threads_set, ThePool().threads()); }

template <typename T>
void MultiplyBlocks(const BlockedProduct<T>& product) {
  constexpr size_t kBytes = static_cast<size_t>(BlockMemory<T>::kElements) * sizeof(T);
  const double operations = 2.0 * static_cast<double>(product.m) * static_cast<double>(product.n) * static_cast<double>(product.k);
  const int64_t shares = std::max(product.m, product.n) / kLeastShare;
  const int parts = operations < kSharedOperations ? 1 : static_cast<int>(std::clamp<int64_t>(shares, 1, ProductThreads()));
  T* const memory = static_cast<T*>(Memory(parts, kBytes));
  const GemmKernels<T>& kernels = TheGemmKernels<T>();
  if (parts == 1) return kernels.blocks(product, memory, PollInterrupts);
  ThePool().Run(parts, [&](int part) {
    kernels.blocks(Share(product, part, parts), memory + part * BlockMemory<T>::kElements, part == 0 ? PollInterrupts : NoPoll);
  });
}

template void MultiplyBlocks(const BlockedProduct<float>&);
template void MultiplyBlocks(const BlockedProduct<double>&);

}  // namespace engine::math

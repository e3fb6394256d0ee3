// A training step by kernels takes nothing from the heap: allocations of a visit do not grow with its steps.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "fixture.hpp"

namespace {

std::atomic<int64_t> allocations{0};

void* Allocate(std::size_t size, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = alignment == 0 ? std::malloc(size) : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// Not inlined: the compiler would see memory of operator new given to free, and warn of what is the intention here.
__attribute__((noinline)) void Release(void* memory) { std::free(memory); }

}  // namespace

// The whole test program allocates through these.
void* operator new(std::size_t size) { return Allocate(size == 0 ? 1 : size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) { return Allocate(size, static_cast<std::size_t>(alignment)); }
void operator delete(void* memory) noexcept { Release(memory); }
void operator delete(void* memory, std::size_t) noexcept { Release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { Release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { Release(memory); }

namespace {

int64_t AllocationsOfAVisit(int epochs, bool kernels, double clipnorm, double global_clipnorm) {
  const base::Graph graph = fixture::Sequential(
      fixture::Dense("a", 20, "tanh", R"(, "batch_input_shape": [null, 6],
                     "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.1}})") +
      R"(,{"class_name": "Dropout", "config": {"name": "d", "rate": 0.25}},)" + fixture::Dense("o", 3, "softmax"));
  fixture::Table table;
  table.AddInput("x", {6}, fixture::Numbers(180));
  table.AddTarget("y", {3}, std::vector<double>(90, 1.0));
  base::TrainConfig config = fixture::Config(base::LossKind::kCategoricalCrossentropy, 8, 0.001);
  config.optimizer.kind = base::OptimizerKind::kAdam;
  config.optimizer.clipnorm = clipnorm;
  config.optimizer.global_clipnorm = global_clipnorm;
  config.class_weight = {{1, 2.0}};
  config.shuffle = true;
  config.epochs = epochs;
  engine::Options options;
  options.kernels = kernels;
  engine::Model model(graph, config, table.spec, options);
  fixture::Block block(model.layout());
  model.Initialise(block.get(), 1, 1, 1);
  model.Attach(block.get());
  const base::Buffer buffer = table.Buffer(30);
  model.BeginVisit();
  const int64_t before = allocations.load();
  model.Train(buffer, {});
  return allocations.load() - before;
}

}  // namespace

TEST(KernelTrain, StepsTakeNothingFromTheHeap) {
  for (double clip : {0.0, 0.5}) {
    EXPECT_EQ(AllocationsOfAVisit(20, true, clip, 0), AllocationsOfAVisit(1, true, clip, 0));
    EXPECT_EQ(AllocationsOfAVisit(20, true, 0, clip), AllocationsOfAVisit(1, true, 0, clip));
  }
  EXPECT_GT(AllocationsOfAVisit(20, false, 0, 0), AllocationsOfAVisit(1, false, 0, 0));  // autograd's are seen, so the counter counts
}

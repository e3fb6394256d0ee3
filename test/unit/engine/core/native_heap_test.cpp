// A training step by kernels takes nothing from the heap: allocations of a visit do not grow with its steps.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "models.hpp"

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

const std::string kDense = fixture::Dense("a", 20, "tanh", R"(, "batch_input_shape": [null, 6],
                                          "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.1}})") +
                           R"(,{"class_name": "Dropout", "config": {"name": "d", "rate": 0.25}},)";
const std::string kImages =
    R"({"class_name": "Reshape", "config": {"name": "r", "target_shape": [2, 3, 1], "batch_input_shape": [null, 6]}},
    {"class_name": "Conv2D", "config": {"name": "c", "filters": 5, "kernel_size": [2, 2], "padding": "same", "activation": "gelu"}},
    {"class_name": "BatchNormalization", "config": {"name": "b"}},
    {"class_name": "MaxPooling2D", "config": {"name": "m", "padding": "same"}},
    {"class_name": "Conv2D", "config": {"name": "e", "filters": 20, "kernel_size": [1, 2], "activation": "relu"}},
    {"class_name": "LayerNormalization", "config": {"name": "n"}},
    {"class_name": "GlobalAveragePooling2D", "config": {"name": "g"}},)";
const std::string kIndexes = R"({"class_name": "Embedding", "config": {"name": "e", "input_dim": 9, "output_dim": 4,
                                                                       "batch_input_shape": [null, 6]}},
    {"class_name": "Flatten", "config": {"name": "f"}},)";

int64_t AllocationsOfAVisit(const std::string& layers, int epochs, bool kernels, double clipnorm, double global_clipnorm) {
  const base::Graph graph = fixture::Sequential(layers + fixture::Dense("o", 3, "softmax"));
  fixture::Table table;
  std::vector<double> x = fixture::Numbers(180);
  for (double& v : x) v = static_cast<double>(static_cast<int>(4 + 4 * v));
  table.AddInput("x", {6}, x);
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
  fixture::Block block(model.program().layout());
  model.Initialise(block.get(), 1, 1, 1);
  model.Attach(block.get());
  const base::Buffer buffer = table.Buffer(30);
  EXPECT_EQ(model.program().has_kernels(), kernels);
  model.BeginVisit();
  const int64_t before = allocations.load();
  model.Train(buffer, {});
  return allocations.load() - before;
}

}  // namespace

TEST(NativeTrain, StepsTakeNothingFromTheHeap) {
  for (const std::string& layers : {kDense, kImages, kIndexes}) {
    for (double clip : {0.0, 0.5}) {
      EXPECT_EQ(AllocationsOfAVisit(layers, 20, true, clip, 0), AllocationsOfAVisit(layers, 1, true, clip, 0));
      EXPECT_EQ(AllocationsOfAVisit(layers, 20, true, 0, clip), AllocationsOfAVisit(layers, 1, true, 0, clip));
    }
  }
  // autograd's are seen, so the counter counts
  EXPECT_GT(AllocationsOfAVisit(kDense, 20, false, 0, 0), AllocationsOfAVisit(kDense, 1, false, 0, 0));
}

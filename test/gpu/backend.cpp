// Every layer, loss and optimizer that has kernels for devices, on a device against the processor: the forward pass,
// the gradient, some optimizer steps. It measures the device's optimizer steps, too.
//
//   gpu_backend [--fake | --backwards] [--measure] [part of a name]...
//
// --fake: the device that computes in the processor's memory; --backwards: the same, with the items of a phase from the
// last one to the first. Without either: the first CUDA device. Exit status 1 when something differs, 77 without a
// device.
//
// The cases are in test/gpu/cases.hpp.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/core/device_context.hpp"
#include "engine/core/model_group.hpp"
#include "engine/core/devices.hpp"
#include "engine/core/runtime.hpp"
#include "engine/core/state_scorer.hpp"
#include "gpu/cases.hpp"

namespace {

using gpu::Case;
using gpu::Column;

struct Trained {
  std::vector<float> weights;
  std::vector<double> sums;
  double loss = 0;
  int64_t batches = 0;
};

using Block = std::unique_ptr<void, bench::FreeAligned>;

base::Graph GraphOf(const Case& c) {
  return c.functional.empty() ? bench::GraphOf(c.network) : wire::ReadKeras(c.functional);
}

void RequireDevice(const Case& c, const bench::Rows& rows, const base::TrainConfig& config,
                   const engine::Options& options) {
  if (options.device < 0) return;
  const auto graph = std::make_shared<const base::Graph>(GraphOf(c));
  const engine::DeviceTraining training = engine::TrainingOnDevice(graph, config, rows.data, options);
  if (!training.on_device) throw std::runtime_error("no kernels on devices: " + training.refusal);
}

/// `buffers` times the buffer in one visit, on the processor or on the device.
Trained Train(const Case& c, const bench::Rows& rows, const base::TrainConfig& config, int buffers, bool device) {
  engine::Options options;
  options.device = device ? 0 : -1;
  engine::Model model(GraphOf(c), config, rows.data, options);
  const engine::Program& program = model.program();
  RequireDevice(c, rows, config, options);
  Block block(::operator new(program.layout().bytes, std::align_val_t(64)));
  model.Initialise(block.get(), 1, 2, 1);
  model.Attach(block.get());
  model.BeginVisit(engine::BufferEnd::kCarries);
  Trained trained;
  const auto add = [&](const engine::TrainResult& result) {
    trained.loss += result.loss_sum;
    trained.batches += result.batches;
  };
  for (int i = 0; i < buffers; ++i) add(model.Train(rows.buffer, {}));
  add(model.EndVisit());
  model.Detach();
  std::string bytes;
  program.StoreWeights(block.get(), &bytes);
  trained.weights.resize(bytes.size() / sizeof(float));
  std::memcpy(trained.weights.data(), bytes.data(), bytes.size());
  engine::StateScorer scorer(
      {{std::shared_ptr<const engine::Program>(std::shared_ptr<void>(), &program), &config, block.get()}});
  trained.sums.assign(scorer.sums_size(), 0.0);
  scorer.Evaluate(rows.buffer, trained.sums.data(), {});
  return trained;
}

double Distance(double a, double b) {
  if (std::isnan(a) != std::isnan(b)) return INFINITY;
  return std::isnan(a) ? 0 : std::fabs(a - b) / std::max(1.0, std::fabs(b));
}

template <typename T>
double Distance(const std::vector<T>& a, const std::vector<T>& b) {
  double largest = a.size() == b.size() ? 0 : INFINITY;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i)
    largest = std::max(largest, Distance(static_cast<double>(a[i]), static_cast<double>(b[i])));
  return largest;
}

/// The weights' gradient of the first rows: what an optimizer step of SGD with rate 1 takes off.
std::vector<float> Gradient(const Case& c, const bench::Rows& rows, bool device) {
  base::TrainConfig config = c.config;
  config.optimizer = definitions::DefaultConfig(*definitions::FindOptimizer("SGD"));
  config.optimizer.learning_rate = 1;
  config.batch_size = static_cast<int>(rows.buffer.rows);
  std::vector<float> before = Train(c, rows, config, 0, device).weights;
  const std::vector<float> after = Train(c, rows, config, 1, device).weights;
  for (size_t i = 0; i < before.size(); ++i) before[i] -= after[i];
  return before;
}

/// Microseconds of an optimizer step of `models` models side by side.
double Measure(const Case& c, const bench::Rows& rows, int models) {
  engine::Options options;
  options.device = 0;
  const auto program = std::make_shared<const engine::Program>(
      std::make_shared<const base::Graph>(GraphOf(c)), c.config, rows.data, options);
  std::vector<std::unique_ptr<engine::Model>> made;
  std::vector<Block> blocks;
  std::vector<engine::Model*> members;
  for (int m = 0; m < models; ++m) {
    made.push_back(std::make_unique<engine::Model>(program, c.config));
    blocks.emplace_back(::operator new(program->layout().bytes, std::align_val_t(64)));
    made.back()->Initialise(blocks.back().get(), 1, static_cast<uint64_t>(m), 1);
    made.back()->Attach(blocks.back().get());
    members.push_back(made.back().get());
  }
  engine::ModelGroup group(members);
  double seconds = 0;
  int64_t batches = 0;
  for (int visit = 0; visit < 2; ++visit) {  // the first one is to warm up
    const auto started = std::chrono::steady_clock::now();
    for (engine::Model* model : members) model->BeginVisit();
    for (int i = 0; i < 20; ++i) group.Train(rows.buffer, {});
    batches = group.EndVisit({})[0].batches;
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  }
  return 1e6 * seconds / static_cast<double>(batches);
}

bool Run(const Case& c, bool measure) {
  bench::Rows rows = bench::MakeRows(c.network, gpu::kRows);
  std::vector<bench::Rows> more;
  for (const Column& column : c.columns) {
    bench::Case of{"", "", column.shape, 1, gpu::kBatch};
    of.categories = column.categories;
    more.push_back(bench::MakeRows(of, gpu::kRows));
    rows.data.inputs.push_back(more.back().data.inputs[0]);
    rows.data.inputs.back().name = "x" + std::to_string(more.size());
    rows.buffer.inputs.push_back(more.back().buffer.inputs[0]);
  }
  if (c.config.losses[0].kind == base::LossKind::kSparseCategoricalCrossentropy) {
    for (size_t r = 0; r < static_cast<size_t>(gpu::kRows); ++r) rows.y[r] = static_cast<uint8_t>(r * r % 4);
    rows.data.targets[0].shape = {};
    rows.data.targets[0].kind = base::TargetKind::kClassIndex;
    rows.data.targets[0].num_classes = 4;
  }
  const Trained here = Train(c, rows, c.config, 3, false), there = Train(c, rows, c.config, 3, true);
  const double forward = Distance(Train(c, rows, c.config, 0, true).sums, Train(c, rows, c.config, 0, false).sums);
  const double gradient = Distance(Gradient(c, rows, true), Gradient(c, rows, false));
  const double weights = Distance(there.weights, here.weights), loss = Distance(there.loss, here.loss);
  const bool same = forward < c.tolerance && gradient < c.tolerance && weights < c.tolerance && loss < c.tolerance &&
                    there.batches == here.batches;
  std::printf("%-48s forward %.1e  gradient %.1e  weights %.1e  loss %.1e", c.name.c_str(), forward, gradient, weights,
              loss);
  if (measure) std::printf("  %8.1f us", Measure(c, rows, 8));
  std::printf("  %s\n", same ? "same" : "DIFFERENT");
  return same;
}

}  // namespace

int main(int argc, char** argv) {
  bool measure = false;
  engine::DeviceOptions options;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--fake") == 0) {
      options.fake_devices = std::max(1, options.fake_devices);
    } else if (std::strcmp(argv[i], "--backwards") == 0) {
      options.fake_devices = 1;
      options.fake_backwards = true;
    } else if (std::strcmp(argv[i], "--measure") == 0) {
      measure = true;
    } else {
      wanted.push_back(argv[i]);
    }
  }
  engine::SetThreads(1);
  engine::SetDeviceOptions(options);
  if (engine::KernelDeviceCount() == 0) {
    std::printf("no device. %s\n", engine::KernelDeviceProblem().c_str());
    return 77;
  }
  const std::vector<Case> cases = gpu::AllCases();
  int run = 0, failed = 0;
  for (const Case& c : cases) {
    bool takes = wanted.empty();
    for (const std::string& part : wanted) takes = takes || c.name.find(part) != std::string::npos;
    if (!takes) continue;
    ++run;
    try {
      if (!Run(c, measure)) ++failed;
    } catch (const base::Error& error) {
      ++failed;
      std::printf("%-48s FAILED: %s. %s\n", c.name.c_str(), error.what(), error.detail().c_str());
    } catch (const std::exception& error) {
      ++failed;
      std::printf("%-48s FAILED: %s\n", c.name.c_str(), error.what());
    }
    std::fflush(stdout);
  }
  std::printf("%d cases, %d different\n", run, failed);
  engine::CloseDevice();
  return failed == 0 && run > 0 ? 0 : 1;
}

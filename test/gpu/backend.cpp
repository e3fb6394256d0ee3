// Every layer, loss and optimizer that has kernels for devices, on a device against the processor: the forward pass,
// the gradient, some optimizer steps. It measures the device's optimizer steps, too.
//
//   gpu_backend [option...] [part of a name]...
//
//   --fake        the device that the processor plays, instead of the first CUDA device
//   --backwards   the same, with the items of a phase from the last one to the first
//   --path replay | persistent      how groups compute
//   --precision tf32 | bfloat16     of factors; what a device rounds is held against what the fake device rounds
//   --seconds N   a case that takes longer has failed: default 60 on a real device, no limit on the fake one
//   --together    all cases in this process: for tools that watch one process. Else a case that breaks the device, or
//                 hangs, does not take the others with it: they go on in a process of their own
//   --measure     prints microseconds of an optimizer step
//   --fails-at N  the fake device fails for good at the Nth launch of a process: to see the other cases go on
//
// Exit status 1 when something differs, 77 without a device. The cases are in test/gpu/cases.hpp.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
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

/// The rows of a case, with their further columns.
struct CaseRows {
  explicit CaseRows(const Case& c) : rows(bench::MakeRows(c.network, gpu::kRows)) {
    for (const Column& column : c.columns) {
      bench::Case of{"", "", column.shape, 1, gpu::kBatch};
      of.categories = column.categories;
      more.push_back(bench::MakeRows(of, gpu::kRows));
      rows.data.inputs.push_back(more.back().data.inputs[0]);
      rows.data.inputs.back().name = "x" + std::to_string(more.size());
      rows.buffer.inputs.push_back(more.back().buffer.inputs[0]);
    }
    if (c.config.losses[0].kind != base::LossKind::kSparseCategoricalCrossentropy) return;
    for (size_t r = 0; r < static_cast<size_t>(gpu::kRows); ++r) rows.y[r] = static_cast<uint8_t>(r * r % 4);
    rows.data.targets[0].shape = {};
    rows.data.targets[0].kind = base::TargetKind::kClassIndex;
    rows.data.targets[0].num_classes = 4;
  }
  bench::Rows rows;
  std::vector<bench::Rows> more;
};

/// All that is compared of a case.
struct Computed {
  Trained trained;
  std::vector<double> sums;
  std::vector<float> gradient;
};

Computed Compute(const Case& c, bool device) {
  const CaseRows of(c);
  return {Train(c, of.rows, c.config, 3, device), Train(c, of.rows, c.config, 0, device).sums,
          Gradient(c, of.rows, device)};
}

struct Settings {
  engine::DeviceOptions device;
  engine::device::Path path = engine::device::Path::kAuto;
  bool measure = false, together = false;
  int seconds = -1;
  std::vector<std::string> wanted;

  bool Rounds() const { return device.precision != "float32"; }
  void Use() const {
    engine::SetDeviceOptions(device);
    engine::SetDevicePath(path);
  }
};

/// What the device is held against: the processor; where factors are rounded, the fake device, which computes forwards.
Computed Reference(const Case& c, const Settings& settings) {
  if (!settings.Rounds()) return Compute(c, false);
  engine::DeviceOptions fake;
  fake.precision = settings.device.precision;
  fake.fake_devices = 1;
  engine::SetDeviceOptions(fake);
  engine::SetDevicePath(engine::device::Path::kAuto);
  return Compute(c, true);
}

/// A sum in another order may round to the next factor, which is 2^-11 or 2^-8 away.
double Tolerance(const Case& c, const Settings& settings) {
  return std::max(c.tolerance, settings.device.precision == "tf32" ? 2e-3 : settings.Rounds() ? 2e-2 : 0.0);
}

bool Run(const Case& c, const Computed& here, const Settings& settings) {
  const Computed there = Compute(c, true);
  const double tolerance = Tolerance(c, settings), forward = Distance(there.sums, here.sums),
               gradient = Distance(there.gradient, here.gradient),
               weights = Distance(there.trained.weights, here.trained.weights),
               loss = Distance(there.trained.loss, here.trained.loss);
  const bool same = forward < tolerance && gradient < tolerance && weights < tolerance && loss < tolerance &&
                    there.trained.batches == here.trained.batches;
  std::printf("%-48s forward %.1e  gradient %.1e  weights %.1e  loss %.1e", c.name.c_str(), forward, gradient, weights,
              loss);
  if (settings.measure) std::printf("  %8.1f us", Measure(c, CaseRows(c).rows, 8));
  std::printf("  %s\n", same ? "same" : "DIFFERENT");
  return same;
}

constexpr int kNoDevice = 77;

/// One byte a case, as it is done.
enum class Outcome : char { kSame = 's', kDifferent = 'd', kFailed = 'f' };

Outcome RunOrFail(const Case& c, const Computed& here, const Settings& settings) {
  try {
    return Run(c, here, settings) ? Outcome::kSame : Outcome::kDifferent;
  } catch (const base::Error& error) {
    std::printf("%-48s FAILED: %s. %s\n", c.name.c_str(), error.what(), error.detail().c_str());
  } catch (const std::exception& error) {
    std::printf("%-48s FAILED: %s\n", c.name.c_str(), error.what());
  }
  return Outcome::kFailed;
}

/// Calls done after each case, until it returns false. Returns an exit status: kNoDevice, or 0.
template <class Done>
int RunCases(const std::vector<Case>& cases, size_t first, const Settings& settings, const Done& done) {
  engine::SetThreads(1);
  std::vector<Computed> references;  // of all, so that a device is opened once
  for (size_t c = first; c < cases.size(); ++c) references.push_back(Reference(cases[c], settings));
  settings.Use();
  if (engine::KernelDeviceCount() == 0) {
    std::printf("no device. %s\n", engine::KernelDeviceProblem().c_str());
    std::fflush(stdout);
    return kNoDevice;
  }
  for (size_t c = first; c < cases.size(); ++c) {
    alarm(static_cast<unsigned>(settings.seconds));
    const Outcome outcome = RunOrFail(cases[c], references[c - first], settings);
    alarm(0);
    std::fflush(stdout);
    if (!done(outcome)) break;
  }
  engine::CloseDevice();
  return 0;
}

/// Runs the cases in a process of their own, behind a failure the rest in another one. No device is seen before a fork.
int RunInProcesses(const std::vector<Case>& cases, const Settings& settings, std::vector<Outcome>* outcomes) {
  while (outcomes->size() < cases.size()) {
    int results[2];
    if (pipe(results) != 0) return 1;
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) return 1;
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(results[0]);
      const int status = RunCases(cases, outcomes->size(), settings, [&](Outcome outcome) {
        const char byte = static_cast<char>(outcome);
        return write(results[1], &byte, 1) == 1 && outcome != Outcome::kFailed;
      });
      std::fflush(stdout);
      _exit(status);
    }
    close(results[1]);
    for (char byte; read(results[0], &byte, 1) == 1;) outcomes->push_back(static_cast<Outcome>(byte));
    close(results[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == kNoDevice) return kNoDevice;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
    const std::string how = !WIFSIGNALED(status)           ? "exit status " + std::to_string(WEXITSTATUS(status))
                            : WTERMSIG(status) == SIGALRM ? "it took too long"
                                                           : std::string("signal ") + strsignal(WTERMSIG(status));
    if (outcomes->size() == cases.size()) {  // at the end of all
      std::printf("a process FAILED: %s\n", how.c_str());
      return 1;
    }
    std::printf("%-48s FAILED: %s\n", cases[outcomes->size()].name.c_str(), how.c_str());
    outcomes->push_back(Outcome::kFailed);
  }
  return 0;
}

bool Read(int argc, char** argv, Settings* settings) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto value = [&] { return i + 1 < argc ? std::string(argv[++i]) : std::string(); };
    if (argument == "--fake" || argument == "--backwards") {
      settings->device.fake_devices = 1;
      settings->device.fake_backwards = settings->device.fake_backwards || argument == "--backwards";
    } else if (argument == "--measure") {
      settings->measure = true;
    } else if (argument == "--together") {
      settings->together = true;
    } else if (argument == "--seconds") {
      settings->seconds = std::atoi(value().c_str());
    } else if (argument == "--fails-at") {
      settings->device.fake_fails_at = std::atoll(value().c_str());
      settings->device.fake_fails_for_good = true;
    } else if (argument == "--path") {
      settings->path = value() == "replay" ? engine::device::Path::kReplay : engine::device::Path::kPersistent;
    } else if (argument == "--precision") {
      settings->device.precision = value();
    } else if (argument.rfind("--", 0) == 0) {
      return false;
    } else {
      settings->wanted.push_back(argument);
    }
  }
  if (settings->seconds < 0) settings->seconds = settings->device.fake_devices > 0 ? 0 : 60;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  if (!Read(argc, argv, &settings)) {
    std::fprintf(stderr, "gpu_backend: see the head of test/gpu/backend.cpp\n");
    return 2;
  }
  std::vector<Case> cases;
  for (const Case& c : gpu::AllCases()) {
    bool takes = settings.wanted.empty();
    for (const std::string& part : settings.wanted) takes = takes || c.name.find(part) != std::string::npos;
    if (takes) cases.push_back(c);
  }
  std::vector<Outcome> outcomes;
  const int status = settings.together ? RunCases(cases, 0, settings,
                                                  [&](Outcome outcome) {
                                                    outcomes.push_back(outcome);
                                                    return true;
                                                  })
                                       : RunInProcesses(cases, settings, &outcomes);
  if (status == kNoDevice) return kNoDevice;
  const auto different =
      std::count_if(outcomes.begin(), outcomes.end(), [](Outcome outcome) { return outcome != Outcome::kSame; });
  std::printf("%zu cases, %zu different\n", outcomes.size(), static_cast<size_t>(different));
  return status == 0 && different == 0 && !outcomes.empty() ? 0 : 1;
}

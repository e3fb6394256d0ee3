// Figures of the device path, one line each: a name and microseconds, or a ratio.
//
//   gpu_measure steps <network> <models> [auto | persistent | replay]   an optimizer step of all models side by side
//   gpu_measure hop <megabytes>        a state from one process to another by the processor's memory, and the copies' limit
//   gpu_measure share <processes>      optimizer steps a second of so many processes on one device, together; each one has
//                                      as many models as one alone
//   gpu_measure blas                   the BLAS that the processor computes with
//   --fake first: on the device that the processor plays
//
// Networks: small (64-32-10, batch 32), wide (784-128-10, batch 32), lenet, mobile (blocks with depthwise convolutions
// and batch normalisations, on 32 x 32 pixels).
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "bench/models.hpp"
#include "engine/core/device_context.hpp"
#include "engine/core/model_group.hpp"
#include "engine/core/devices.hpp"
#include "engine/core/runtime.hpp"
#include "engine/math/blas_library.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double Since(Clock::time_point started) { return std::chrono::duration<double>(Clock::now() - started).count(); }

bench::Case Network(const std::string& name) {
  if (name == "small") return bench::Perceptron({64, 32, 10}, 32);
  if (name == "wide") return bench::Perceptron({784, 128, 10}, 32);
  if (name == "mobile") return bench::MobileNet(32);
  if (name == "lenet") return bench::LeNet("lenet", 6, 16, "valid", {120, 84}, 32);
  throw std::runtime_error("no network " + name);
}

/// Models of one network that train side by side on one buffer.
class Group {
 public:
  Group(const bench::Case& c, int models, int64_t rows) : rows_(bench::MakeRows(c, rows)) {
    engine::Options options;
    options.device = 0;
    const base::TrainConfig config = bench::ConfigOf(c);
    const auto program = std::make_shared<const engine::Program>(std::make_shared<const base::Graph>(bench::GraphOf(c)),
                                                                 config, rows_.data, options);
    for (int m = 0; m < models; ++m) {
      made_.push_back(std::make_unique<engine::Model>(program, config));
      blocks_.emplace_back(::operator new(program->layout().bytes, std::align_val_t(64)));
      made_.back()->Initialise(blocks_.back().get(), 1, static_cast<uint64_t>(m), 1);
      made_.back()->Attach(blocks_.back().get());
      members_.push_back(made_.back().get());
    }
    group_ = std::make_unique<engine::ModelGroup>(members_);
  }

  /// Optimizer steps of each model.
  int64_t Visit(int buffers) {
    const engine::BufferContent content(1);  // it stays on the device
    for (engine::Model* model : members_) model->BeginVisit();
    for (int i = 0; i < buffers; ++i) group_->Train(rows_.buffer, {});
    return group_->EndVisit({})[0].batches;
  }

 private:
  bench::Rows rows_;
  std::vector<std::unique_ptr<engine::Model>> made_;
  std::vector<std::unique_ptr<void, bench::FreeAligned>> blocks_;
  std::vector<engine::Model*> members_;
  std::unique_ptr<engine::ModelGroup> group_;
};

/// Median microseconds of an optimizer step of all models, of some visits.
double Steps(const std::string& network, int models, int64_t rows, int visits) {
  Group group(Network(network), models, rows);
  group.Visit(1);
  std::vector<double> times;
  for (int i = 0; i < visits; ++i) {
    const auto started = Clock::now();
    const int64_t steps = group.Visit(4);
    times.push_back(1e6 * Since(started) / static_cast<double>(steps));
  }
  return bench::Median(times);
}

/// A child that goes with its parent, and does not keep the output open behind it.
pid_t Fork() {
  const pid_t parent = getpid(), child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  return 0;
}

// The parent's device writes the state to memory that both share, the child's reads it from there. The limit: the same
// copies from and to pinned memory.
int Hop(size_t bytes) {
  void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) return 1;
  std::memset(block, 0, bytes);
  int ready[2];
  if (pipe(ready) != 0) return 1;
  const pid_t child = Fork();
  if (child == 0) {
    close(ready[1]);  // so that the parent's end, whatever it is, ends the wait
    const auto device = engine::TheDevice(0, {});
    auto& memory = *device->memory();
    void* const warm = memory.Take(bytes);
    memory.Give(warm);
    char go;
    if (read(ready[0], &go, 1) != 1) _exit(1);
    const auto started = Clock::now();
    if (memory.HoldState(block, bytes) == nullptr) _exit(1);
    device->backend()->Wait();
    std::printf("state_in_us %.1f\n", 1e6 * Since(started));
    std::fflush(stdout);
    engine::CloseDevice();
    _exit(0);
  }
  close(ready[0]);
  const auto device = engine::TheDevice(0, {});
  engine::device::Memory& memory = *device->memory();
  if (memory.HoldState(block, bytes) == nullptr) return 1;
  memory.WriteBack({block});
  auto started = Clock::now();
  memory.WriteBack({block});
  std::printf("state_out_us %.1f\n", 1e6 * Since(started));
  void* pinned = device->backend()->AllocatePinned(bytes);
  std::memset(pinned, 0, bytes);
  void* there = memory.Take(bytes);
  for (int i = 0; i < 2; ++i) {
    started = Clock::now();
    device->backend()->CopyToHost(pinned, there, bytes);
    device->backend()->CopyToDevice(there, pinned, bytes);
    device->backend()->Wait();
  }
  std::printf("state_limit_us %.1f\n", 1e6 * Since(started));
  std::fflush(stdout);
  if (write(ready[1], "g", 1) != 1) return 1;
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? 0 : 1;
}

// Optimizer steps of all processes in a time that all of them are at work.
int Share(int processes, int models, int64_t rows, double seconds) {
  int results[2];
  if (pipe(results) != 0) return 1;
  const double begins = std::chrono::duration<double>(Clock::now().time_since_epoch()).count() + 3 + processes;
  for (int p = 0; p < processes; ++p) {
    if (Fork() != 0) continue;
    close(results[0]);
    try {
      Group group(Network("wide"), models, rows);
      group.Visit(1);
      while (std::chrono::duration<double>(Clock::now().time_since_epoch()).count() < begins) usleep(100);
      const auto started = Clock::now();
      int64_t steps = 0;
      while (Since(started) < seconds) steps += group.Visit(1);
      const double rate = static_cast<double>(steps) * models / Since(started);
      if (write(results[1], &rate, sizeof(rate)) != sizeof(rate)) _exit(1);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      _exit(1);
    }
    engine::CloseDevice();
    _exit(0);
  }
  close(results[1]);
  double sum = 0;
  int failed = 0;
  for (int p = 0; p < processes; ++p) {
    int status = 0;
    wait(&status);
    failed += status != 0 ? 1 : 0;
  }
  for (double rate; read(results[0], &rate, sizeof(rate)) == sizeof(rate);) sum += rate;
  std::printf("share_%d_rate %.1f\n", processes, sum);
  return failed == 0 ? 0 : 1;
}

int Main(std::vector<std::string> arguments) {
  engine::DeviceOptions options;
  int64_t rows = 8192;
  double seconds = 2;
  if (!arguments.empty() && arguments[0] == "--fake") {
    options.fake_devices = 1;
    rows = 128;
    seconds = 0.2;
    arguments.erase(arguments.begin());
  }
  const bool fake = options.fake_devices > 0;
  if (!arguments.empty() && arguments[0] == "blas") {
    const bool products = engine::math::FindBlasFunction("sgemm_") != nullptr;
    const std::string name = engine::math::DescribeBlas();
    std::printf("%s\n", !products ? "none" : name.empty() ? "not an OpenBLAS" : name.c_str());
    return 0;
  }
  if (arguments.size() < 2) {
    std::fprintf(stderr, "gpu_measure [--fake] steps|hop|share ...: see the head of test/gpu/measure.cpp\n");
    return 2;
  }
  options.processes = arguments[0] == "share" ? std::atoi(arguments[1].c_str()) : 2;
  engine::SetDeviceOptions(options);
  if (arguments[0] == "hop") return Hop(static_cast<size_t>(std::atoll(arguments[1].c_str())) << 20);
  if (arguments[0] == "share") return Share(options.processes, fake ? 4 : 64, rows, seconds);
  if (arguments[0] != "steps" || arguments.size() < 3) return 2;
  const std::string path = arguments.size() > 3 ? arguments[3] : "auto";
  engine::SetDevicePath(path == "persistent" ? engine::device::Path::kPersistent
                        : path == "replay"   ? engine::device::Path::kReplay
                                             : engine::device::Path::kAuto);
  const double us =
      Steps(arguments[1], std::atoi(arguments[2].c_str()), arguments[1] == "lenet" ? rows / 4 : arguments[1] == "mobile" ? rows / 32 : rows, fake ? 1 : 7);
  std::printf("steps_%s_%s_%s_us %.2f\n", arguments[1].c_str(), arguments[2].c_str(), path.c_str(), us);
  engine::CloseDevice();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);  // a child that has failed is reported
  try {
    return Main(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const base::Error& error) {
    std::fprintf(stderr, "%s. %s\n", error.what(), error.detail().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}

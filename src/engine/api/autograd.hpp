// What the engine asks of a library with automatic differentiation: the trainer that knows every layer, and is the
// reference for the hand-written one. engine/torch implements it with LibTorch. Standard types only: nothing of the
// library is seen here.
//
// Errors: base::Error only (the library's are translated, without back trace).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/api/state.hpp"
#include "engine/math/draw_keys.hpp"

namespace engine {

/// A network as it is described, with what follows from that: checked, and resolved output by output. Models that
/// differ in nothing of it share it.
struct ResolvedNetwork {
  std::shared_ptr<const base::Graph> graph;
  base::DataSpec data;
  std::vector<base::LossConfig> losses;     // one an output
  std::vector<double> loss_weights;         // one an output
  std::vector<base::MetricConfig> metrics;  // output by output
  std::vector<int> metric_outputs;          // the output of each metric
  std::map<int, double> class_weight;       // class index of the only output -> weight; empty = none
  StateLayout layout;
  int device = -1;  // -1 the CPU; any other number a CUDA device, modulo the devices that there are
};

/// Trains and scores one model over its state. Used by one thread at a time, under math::FtzGuard.
class AutogradTrainer {
 public:
  virtual ~AutogradTrainer() = default;

  /// Weights of classes in the place of the network's, from the next mini-batch on.
  virtual void SetClassWeights(const std::map<int, double>& class_weight) = 0;
  /// Lays the model over a block of layout.bytes, which must stay valid until Detach.
  virtual void Attach(void* block) = 0;
  /// Lets go of the block. The weights of a model on a device are written back first.
  virtual void Detach() = 0;

  /// One mini-batch: rows[0 .. n) of a buffer, or, when rows is nullptr, rows first .. first + n - 1. False, with
  /// nothing changed, when the loss is NaN or infinite; else the sum over rows of the training loss (data term and
  /// regularisers) is added to *loss_sum.
  virtual bool Train(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, const math::DrawKeys& keys,
                     double* loss_sum) = 0;
  /// Adds to sums over the rows first .. first + n - 1 of a buffer: rows, loss, then each metric's sums.
  virtual void Score(const base::Buffer& buffer, int64_t first, int64_t n, double* sums) = 0;
  /// Appends to (*out)[i] the predictions of output i for the rows first .. first + n - 1 of a buffer, row-major.
  /// Targets are not read.
  virtual void Predict(const base::Buffer& buffer, int64_t first, int64_t n, std::vector<std::vector<float>>* out) = 0;
};

/// One in a process.
class AutogradLibrary {
 public:
  virtual ~AutogradLibrary() = default;

  /// Both must outlive the trainer. The optimizer's values may change from one mini-batch to the next, its slots may
  /// not. Throws kFeatureNotSupported for a layer or an argument that the library lacks and for a device that is not
  /// there, kInvalidParameter when columns and inputs do not fit.
  virtual std::unique_ptr<AutogradTrainer> MakeTrainer(const ResolvedNetwork& network, const base::OptimizerConfig& optimizer) const = 0;

  /// Sets the library's number of threads, and starts them: they inherit the caller's signal mask and floating-point
  /// modes.
  virtual void SetThreads(int threads) const = 0;
  /// CUDA devices that the library sees; 0 without CUDA.
  virtual int DeviceCount() const = 0;

  /// Name and version.
  virtual std::string Version() const = 0;
  /// The BLAS inside the library, or "" when it takes another's.
  virtual std::string OwnBlas() const = 0;
  /// The instruction set that the library's kernels chose.
  virtual std::string InstructionSet() const = 0;

  /// Called between the operations of a user's function; what it throws ends the function and passes.
  virtual void SetPoll(void (*poll)()) const = 0;
};

}  // namespace engine

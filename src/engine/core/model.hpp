// One model that can be trained buffer by buffer, evaluated and asked for predictions: an instance of a Program, which
// is shared, with a configuration, a block of memory and a position in the data of its own. No LibTorch type is seen
// here. Errors: base::Error only (LibTorch's are translated, without back trace).
//
// Threads: a Model is used by one thread at a time. Every call sets flush-to-zero and denormals-are-zero on entry and
// restores MXCSR on every way out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/core/program.hpp"
#include "engine/core/runtime.hpp"

namespace engine {

/// What becomes of rows at the end of a buffer that do not fill a mini-batch.
enum class BufferEnd {
  kEndsBatch,  // they make a smaller one
  kCarries,    // they train with rows of the visit's later buffers, and what is left of them when it ends
};

/// What a pass of training saw.
struct TrainResult {
  int64_t rows = 0;  // rows trained, epochs counted
  int64_t batches = 0;
  double loss_sum = 0;    // sum over rows of the training loss (data term and regularisers), in the order of the rows
  bool diverged = false;  // the loss became NaN or infinite: the visit stopped at counters.diverged_step
  double seconds = 0;     // of wall time that its steps took
  std::string error;      // of a member that its group has left out (engine/core/model_group.hpp)
};

/// What becomes of an error of one of several models that work side by side.
enum class OnError {
  kThrows,    // it ends the work of all
  kLeavesOut  // the model is left out from then on; its state is undefined
};
/// The text of the exception in flight where it is the engine's own, of a kernel, of LibTorch or of memory. Throws it again
/// where it is another one, such as a poll's. Call inside a catch block.
std::string TextOfEngineError();

class Model {
 public:
  /// An instance of a program. Throws kInvalidParameter for a batch size or epochs below 1. REQUIRES a configuration
  /// with the program's key.
  Model(std::shared_ptr<const Program> program, const base::TrainConfig& config);
  /// The same of a program that no other model uses: as Program's constructor.
  Model(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data, const Options& options);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const Program& program() const;
  /// Gives the model another configuration with the program's key. REQUIRES that the model is detached.
  void Configure(const base::TrainConfig& config);

  /// Trains by other weights of classes than the program's from the next mini-batch on: of rows of which the classes are
  /// shared otherwise. They stay until others are set, whatever Configure is given.
  void SetClassWeights(const std::map<int, double>& class_weight);

  /// Program::Initialise with the configuration's optimizer.
  void Initialise(void* block, uint64_t seed, uint64_t stream, uint32_t partitions) const;

  /// Bytes that a step with kernels works in besides the state: mini-batch, results, gradients. 0 without kernels.
  /// most_rows: no mini-batch has more, whatever the batch size.
  size_t workspace_bytes(int64_t most_rows) const;
  /// The same of scoring, where no buffer has more than most_rows rows.
  size_t scoring_bytes(int64_t most_rows) const;
  /// Input density, sampled from a buffer's first kSampleRows rows: the part of values other than zero, or 1 without
  /// the sparse product. Used for estimates only. Not to be called while the model trains.
  double InputDensity(const base::Buffer& buffer);
  static constexpr int64_t kSampleRows = 256;

  /// Lays the model's tensors over a block. The block must stay valid until Detach, another Attach or destruction.
  void Attach(void* block);
  /// Lets go of the block (a model on a device is written back first).
  void Detach();

  /// A visit is BeginVisit, Train for each buffer, EndVisit. BeginVisit sets the batch counter that keys random streams
  /// to zero; EndVisit trains the rows that were carried on, counts the visit and, after `partitions` of them, the
  /// iteration. Rows that are carried from a buffer are copied; the buffer may go.
  void BeginVisit(BufferEnd end = BufferEnd::kEndsBatch);
  TrainResult Train(const base::Buffer& buffer, const Poll& poll);
  TrainResult EndVisit(const Poll& poll = nullptr);

  /// Adds the buffer's rows to Program::sums_size() sums. Many states are better scored by a StateScorer.
  void Evaluate(const base::Buffer& buffer, double* sums, const Poll& poll);

  /// Forward pass in inference mode over the buffer's inputs (targets are not read). out[i] gets rows * elements
  /// values, row-major. A model trained with from_logits gives probabilities: softmax (categorical losses) or sigmoid
  /// (binary) is applied.
  void Predict(const base::Buffer& buffer, std::vector<std::vector<float>>* out, const Poll& poll);

 private:
  friend class ModelGroup;
  friend class StateScorer;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace engine
